// What is read again, when, and what is said of it.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import type { Log } from '../base/log.ts';
import { FileWatch } from './file-watch.ts';
import { type ReloadOutcome, Reloads } from './reloads.ts';

const CHANGED: ReloadOutcome = { kind: 'changed', facts: { users: 2 }, warnings: [], objection: undefined };
const REFUSED: ReloadOutcome = { kind: 'refused', problems: ['a:1:1: it is wrong.'] };

interface Stage {
  readonly reloads: Reloads;
  readonly said: string[];
  /** Writes the file anew; the outcomes of the next readings, the last one for all that follow. */
  readonly change: (...outcomes: readonly ReloadOutcome[]) => void;
  /** Waits until it has been read so often. */
  readonly read: (times: number) => Promise<void>;
}

/** One file, looked at every few milliseconds, that is whatever the test says. */
function stage(context: TestContext): Stage {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-reloads-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'a');
  writeFileSync(file, '');
  const said: string[] = [];
  const say = (sentence: string): void => void said.push(sentence);
  const log: Log = { debug() {}, info: say, warn: say, error: say };
  const reloads = new Reloads(log);
  context.after(() => reloads.close());
  const alive = setInterval(() => {}, 60_000); // Looking at files keeps no process alive.
  context.after(() => clearInterval(alive));
  let [outcomes, readings, wake]: [ReloadOutcome[], number, () => void] = [[CHANGED], 0, () => undefined];
  const reload = (): ReloadOutcome => {
    readings++;
    wake();
    return (outcomes.length > 1 ? outcomes.shift() : outcomes[0]) ?? CHANGED;
  };
  reloads.add({ what: 'file', watch: new FileWatch([file], 5), reload });
  return {
    reloads,
    said,
    change(...next) {
      outcomes = [...next];
      writeFileSync(file, `${Math.random()}`.repeat(readings + 1));
    },
    async read(times) {
      while (readings < times) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

test('everything is read again when somebody asks, and each says what became of it', (context) => {
  const { reloads, said, change } = stage(context);
  const [report] = reloads.reload();
  assert.deepEqual([report?.what, report?.result, report?.remarks], ['file', 'changed', []]);
  change(REFUSED, { kind: 'unchanged' }, { ...CHANGED, warnings: ['Look after it.'] });
  assert.deepEqual(reloads.reload()[0]?.remarks, ['a:1:1: it is wrong.']);
  assert.equal(reloads.reload()[0]?.result, 'unchanged');
  assert.deepEqual(reloads.reload()[0]?.remarks, ['Look after it.']);
  assert.deepEqual(said, [
    'The file has changed and is in force',
    'a:1:1: it is wrong.',
    'The file cannot be used: what was in force stays so',
    'The file was read again: it says what it said before',
    'The file has changed and is in force',
    'Look after it.',
  ]);
});

test('threat 30: a file that is refused is read again until it is taken, and complained of once', async (context) => {
  const { said, change, read } = stage(context);
  change(REFUSED, REFUSED, REFUSED, CHANGED);
  await read(4);
  assert.deepEqual(said, [
    'a:1:1: it is wrong.',
    'The file cannot be used: what was in force stays so',
    'The file has changed and is in force',
  ]);
});

test('who listens is told of a change by which somebody may have lost something, and of no other', (context) => {
  const { reloads, change } = stage(context);
  const objection = () => 'It is gone.';
  const told: unknown[] = [];
  reloads.onChange((each) => void told.push(each));
  change(CHANGED, REFUSED, { kind: 'unchanged' }, { ...CHANGED, objection });
  for (let i = 0; i < 4; i++) reloads.reload();
  assert.deepEqual(told, [objection]);
});
