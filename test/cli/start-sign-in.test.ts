// `vouch start` with tokens and an HTTP server: files that are wrong, what the banner of the log says, and a file that changes.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { keySet, signer, token } from '../../src/auth/jwt/tokens.arbitrary.ts';
import { startVouch } from './vouch-process.ts';

function folder(context: TestContext): string {
  const place = mkdtempSync(path.join(tmpdir(), 'vouch-start-sign-in-'));
  context.after(() => rmSync(place, { recursive: true }));
  return place;
}

for (const check of [[], ['--check']] as const) {
  test(`files that are wrong end the start with exit code 2, each with its name${check.join('')}`, async (context) => {
    const place = folder(context);
    const secret = path.join(place, 'secret');
    writeFileSync(secret, 'canary');
    const args = [
      '--jwt-secret-file',
      secret,
      '--http-auth',
      'https://a.example/',
      '--http-auth-token-file',
      '/none/token',
    ];
    const { code, stdout, stderr } = await startVouch(context, ['start', '--store', 'memory', ...args, ...check]).ended;
    assert.deepEqual([code, stdout], [2, '']);
    const said = stderr.replaceAll(place, '').split('\n');
    assert.match(said[0] ?? '', /^vouch start: the secret of tokens \/secret cannot be used: the secret has 6 bytes/u);
    assert.equal(said[1], 'vouch start: the token for httpAuth /none/token cannot be read: there is no such file.');
    assert.ok(!stderr.includes('canary'));
  });
}

test('keys of tokens are read again when their file changes, and the log says who may come', {
  timeout: 60_000,
}, async (context) => {
  const [old, young] = [signer('ES256', 'old'), signer('ES256', 'young')];
  const keys = path.join(folder(context), 'keys.json');
  writeFileSync(keys, keySet(old));
  const broker = startVouch(context, [
    'start',
    '-p',
    '0',
    '--store',
    'memory',
    '--jwt-keys',
    keys,
    '--jwt-audience',
    'mqtt',
  ]);
  const line = await broker.line('Vouch is listening');
  const [, port = ''] = /mqtt:\/\/127\.0\.0\.1:(\d+) \(tokens, plain TCP, loopback only\)/u.exec(line) ?? [];
  writeFileSync(keys, keySet(young));
  await broker.line('The file of keys has changed and is in force');
  const pub = (by: typeof old) => {
    const password = token(by, { sub: 'anna', aud: 'mqtt', exp: Date.now() / 1000 + 600 });
    return startVouch(context, ['pub', '-p', port, '-u', 'anna', '-P', password, '-t', 'a', '-m', 'x', '-q', '1'])
      .ended;
  };
  assert.equal((await pub(young)).code, 0);
  const { code, stderr } = await pub(old);
  assert.notEqual(code, 0);
  assert.match(stderr, /bad user name or password/u);
});
