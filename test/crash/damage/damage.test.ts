// Copies of stores, damaged in one place each: what comes of it is found, or harmless as docs/durability.md says.
// `npm run crash -- --damage` does it to as many places as one likes.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { dataDirectory } from '../../../src/store/sqlite/data-directory.ts';
import { lockDirectory } from '../../../src/store/sqlite/directory-lock.ts';
import { Engine } from '../../../src/store/sqlite/engine.ts';
import { DatabaseSync } from '../../../src/store/sqlite/node-sqlite.ts';
import type { openDirectory } from '../../../src/store/sqlite/open-directory.ts';
import { takeReserve } from '../../../src/store/sqlite/reserve.ts';
import { namedCrc } from '../../../src/store/sqlite/row-crc.ts';
import { temporaryDirectory } from '../data-directory.ts';
import { endProcesses } from '../killable.ts';
import { type DamageRunChoice, runDamage } from './damage-run.ts';
import { look } from './look.ts';
import { makeSubject } from './subject.ts';
import { judge } from './verdict.ts';

const PLACES = 100;
const FAULTS_SHOWN = 5;
const SEED = Date.now() % 1_000_000;

after(endProcesses);

const CHOICE: Omit<DamageRunChoice, 'directory'> = {
  seed: SEED,
  places: PLACES,
  placesPerStore: PLACES / 2,
  placesPerProcess: PLACES / 4,
  onProgress: () => {},
};

test('threat 71: damage to the database or its log is found, or harmless, in a hundred places', async (context) => {
  const { faults, ...figures } = await runDamage({ ...CHOICE, directory: temporaryDirectory(context) });
  context.diagnostic(`seed ${SEED}: ${JSON.stringify(figures)}`);
  assert.deepEqual(faults.slice(0, FAULTS_SHOWN), [], `seed ${SEED}`);
  assert.ok(figures.verdicts.found > 0 && figures.verdicts.harmless > 0);
});

test('a start that does not look at the log is found out', async (context) => {
  const blind: typeof openDirectory = ({ path: root, engine }) => {
    const directory = dataDirectory(root);
    const lock = lockDirectory(directory);
    const opened = Engine.open({ file: directory.database, ...engine });
    return { directory, engine: opened, reserve: takeReserve(directory, 0), release: () => lock.release() };
  };
  const choice = { ...CHOICE, places: 60, placesPerStore: 60, placesPerProcess: 1000 };
  const directory = temporaryDirectory(context);
  const { faults } = await runDamage({ ...choice, seed: 1, directory, look: (copy) => look(copy, blind) });
  assert.ok(
    faults.some((each) => each.includes('commits were lost without a word')),
    faults.join('\n'),
  );
});

test('a row that is not what was written, and whose checksum says that it is, is found out', (context) => {
  const root = temporaryDirectory(context);
  const subject = makeSubject(path.join(root, 'making'), 1);
  const copy = path.join(root, 'copy');
  mkdirSync(copy);
  for (const [name, bytes] of subject.files) writeFileSync(path.join(copy, name), bytes);
  const database = new DatabaseSync(path.join(copy, 'vouch.db'));
  const row = database.prepare('SELECT topic, record FROM retained LIMIT 1').get();
  const [topic, record] = [row?.['topic'], row?.['record']];
  assert.ok(typeof topic === 'string' && record instanceof Uint8Array);
  const forged = record.with(record.length - 1, (record.at(-1) ?? 0) ^ 1);
  database
    .prepare('UPDATE retained SET record = ?, crc = ? WHERE topic = ?')
    .run(forged, namedCrc(topic, forged), topic);
  database.close();
  const damage = { file: 'vouch.db', kind: 'flip', from: 5000, to: 5001, seed: 0 } as const;
  assert.deepEqual(judge(subject, damage, look(copy)), {
    kind: 'fault',
    sentence: 'it was opened, and what it holds is not what was written',
  });
});
