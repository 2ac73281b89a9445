import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import type { Authentication } from '../auth/contract.ts';
import { DEFAULT_AUTH_LIMITS } from '../auth/limits.ts';
import { DEFAULT_AUTH_SOURCES } from '../auth/sources.ts';
import type { Log } from '../base/log.ts';
import { type Gate, openGate } from './gate.ts';
import { Reloads } from './reloads.ts';

/** What mosquitto_passwd made of "corr:ect Ünicode". */
const HASH =
  '$7$101$S3dO66xhtjm22oTZ$8iQmlE4YjCml8PgfHOdbpO3JfBRl5c1Uc4PEY4LFmmSuLM0g4lrBOqncZFq3fgJj+519A9tV9spc9LBhnJLaKA==';
const PASSWORD = 'corr:ect Ünicode';

const NOBODY_ASKED = {
  passwordFile: '',
  allowAnonymous: false,
  authLimits: DEFAULT_AUTH_LIMITS,
  authSources: DEFAULT_AUTH_SOURCES,
} as const;

interface Stage {
  readonly gate: Gate;
  readonly file: string;
  /** Waits for the next line of the log that has this text. */
  readonly said: (text: string) => Promise<string>;
  /** 0, or the reason code of the refusal. */
  readonly code: (userName: string | undefined, password: string | undefined) => Promise<number>;
}

function stage(context: TestContext, text: string, allowAnonymous = false): Stage {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-gate-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'users.passwd');
  writeFileSync(file, text, { mode: 0o600 });
  const lines: string[] = [];
  let wake = (): void => undefined;
  const say = (sentence: string): void => {
    lines.push(sentence);
    wake();
  };
  const log: Log = { debug: say, info: say, warn: say, error: say };
  const choices = { ...NOBODY_ASKED, passwordFile: file, allowAnonymous };
  const gate = openGate(choices, log, 20);
  const reloads = new Reloads(log);
  for (const reloadable of gate.reloadables) reloads.add(reloadable);
  context.after(() => reloads.close());
  return {
    gate,
    file,
    async said(wanted) {
      for (;;) {
        const line = lines.shift();
        if (line?.includes(wanted) === true) return line;
        if (line !== undefined) continue;
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        wake = resolve;
        const patience = setTimeout(() => reject(new Error(`Nobody said: ${wanted}`)), 20_000); // Looking at files keeps no process alive.
        await promise.finally(() => clearTimeout(patience));
      }
    },
    async code(userName, password) {
      const answer: Authentication = await gate.authenticator.authenticate({
        clientId: 'c',
        userName,
        password: password === undefined ? undefined : Buffer.from(password),
        remote: '127.0.0.1:1',
      });
      return answer.kind === 'accepted' ? 0 : answer.reasonCode;
    },
  };
}

test('without a file everybody is let in; with one only its users, and strangers only where that is said', async (context) => {
  const open = openGate(NOBODY_ASKED, { debug() {}, info() {}, warn() {}, error() {} });
  const stranger = { clientId: 'c', userName: undefined, password: undefined, remote: '127.0.0.1:1' };
  assert.deepEqual(await open.authenticator.authenticate(stranger), { kind: 'accepted', principal: undefined });
  const closed = stage(context, `anna:${HASH}\n`);
  assert.deepEqual([await closed.code(undefined, undefined), await closed.code('anna', PASSWORD)], [0x87, 0]);
  const both = stage(context, `anna:${HASH}\n`, true);
  assert.deepEqual(
    [
      await both.code(undefined, undefined),
      await both.code('anna', PASSWORD),
      await both.code('anna', 'x'),
      await both.code('nobody', PASSWORD),
      await both.code(undefined, PASSWORD),
    ],
    [0, 0, 0x86, 0x86, 0x87],
  );
});

test('a file that is replaced is in force soon after', async (context) => {
  const { file, said, code } = stage(context, `anna:${HASH}\n`);
  assert.deepEqual([await code('anna', PASSWORD), await code('bob', PASSWORD)], [0, 0x86]);
  writeFileSync(`${file}.new`, `bob:${HASH}\n`);
  renameSync(`${file}.new`, file);
  await said('The password file has changed and is in force');
  assert.deepEqual([await code('anna', PASSWORD), await code('bob', PASSWORD)], [0x86, 0]);
});

// Threat 30: whatever goes wrong with a reload, the users stay as they were.
test('threat 30: a file that becomes wrong, empty or vanishes changes nothing, and each is told with its place', async (context) => {
  const { file, said, code } = stage(context, `anna:${HASH}\n`);
  const isAsItWas = async (): Promise<void> =>
    assert.deepEqual(
      [await code('anna', PASSWORD), await code('bob', PASSWORD), await code(undefined, undefined)],
      [0, 0x86, 0x87],
    );
  writeFileSync(file, `bob:${HASH}\nanna:hunter2\n`);
  assert.match(await said('users.passwd:2:6'), /users\.passwd:2:6: this is no hash /);
  await isAsItWas();
  writeFileSync(file, '');
  assert.match(await said('there is no user'), /users\.passwd:1:1: /);
  await said('The password file cannot be used: what was in force stays so');
  await isAsItWas();
  rmSync(file);
  await said('there is no such file');
  await isAsItWas();
  writeFileSync(file, `bob:${HASH}\n`);
  await said('The password file has changed and is in force');
  assert.equal(await code('bob', PASSWORD), 0);
});
