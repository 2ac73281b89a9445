// A password file in front of the real broker: what clients of each version hear, and that it costs nobody else anything.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { createBroker, type EmbeddedBroker } from '../../src/exports/broker.ts';
import { type ClientOptions, connect, OperationError, scramSha256 } from '../../src/exports/client.ts';

/** "pencil" for SCRAM (RFC 7677 section 3). */
const SCRAM =
  'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=';
/** "password". */
const ARGON2 = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';

interface Stage {
  readonly broker: EmbeddedBroker;
  /** Connects and leaves; gives 0 or the reason code. */
  readonly code: (options: ClientOptions) => Promise<number | undefined>;
  readonly lines: readonly string[];
}

async function stage(context: TestContext, allowAnonymous = false): Promise<Stage> {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-password-file-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const passwordFile = path.join(folder, 'users.passwd');
  writeFileSync(passwordFile, `anna:${ARGON2}\nmeter:${SCRAM}\n`, { mode: 0o600 });
  const lines: string[] = [];
  const say = (sentence: string): void => void lines.push(sentence);
  const broker = createBroker({
    passwordFile,
    allowAnonymous,
    log: { debug: say, info: say, warn: say, error: say },
  });
  context.after(() => broker.close());
  const { url } = await broker.listen({ port: 0 });
  return {
    broker,
    lines,
    async code(options) {
      try {
        const client = await connect(url, { reconnect: false, ...options });
        await client.disconnect();
        return 0;
      } catch (error) {
        assert.ok(error instanceof OperationError, String(error));
        return error.reasonCode;
      }
    },
  };
}

for (const version of [3, 4, 5] as const) {
  test(`users are let in by name and password, others hear why not, in version ${version}`, async (context) => {
    const { code } = await stage(context);
    const said = [
      await code({ version, userName: 'anna', password: 'password' }),
      await code({ version, userName: 'meter', password: 'pencil' }),
      await code({ version, userName: 'anna', password: 'pencil' }),
      await code({ version, userName: 'bob', password: 'password' }),
      await code({ version }),
    ];
    // 0x86 and 0x87 are 4 and 5 in MQTT 3, which the client tells in the words of MQTT 5.
    assert.deepEqual(said, [0, 0, 0x86, 0x86, 0x87]);
  });
}

test('with allowAnonymous, who says nothing is let in, and who says something must be right', async (context) => {
  const { code } = await stage(context, true);
  assert.deepEqual(
    [
      await code({}),
      await code({ userName: 'anna', password: 'x' }),
      await code({ userName: 'anna' }),
      await code({ password: 'password' }),
    ],
    [0, 0x86, 0x86, 0x87],
  );
});

test('a client proves by SCRAM-SHA-256 who it is, again on the open connection, and a wrong one is refused', async (context) => {
  const { broker, code, lines } = await stage(context);
  const { url } = await broker.listen({ port: 0 });
  const client = await connect(url, { authentication: scramSha256('meter', 'pencil') });
  await client.reauthenticate();
  await client.publish('a', 'still here', { qos: 1 });
  await client.disconnect();
  assert.deepEqual(
    [
      await code({ authentication: scramSha256('meter', 'pen') }),
      await code({ authentication: scramSha256('anna', 'password') }),
      await code({ authentication: { method: 'SCRAM-SHA-1', begin: () => scramSha256('meter', 'pencil').begin() } }),
    ],
    [0x86, 0x86, 0x8c],
  );
  assert.ok(lines.some((line) => line.includes('"anna" has no keys for SCRAM-SHA-256')));
  assert.ok(!lines.some((line) => line.includes('pencil')));
});

// Threat 37: a session belongs to the user it was made by.
test("threat 37: a user cannot go on with another user's session", async (context) => {
  const { code } = await stage(context);
  const session = { clientId: 'c', clean: false } as const;
  assert.deepEqual(
    [
      await code({ ...session, userName: 'anna', password: 'password' }),
      await code({ ...session, userName: 'meter', password: 'pencil' }),
      await code({ ...session, authentication: scramSha256('meter', 'pencil') }),
    ],
    [0, 0x85, 0x85],
  );
});

test('many clients with one password are one check, and all are let in', async (context) => {
  const { code } = await stage(context);
  const codes = await Promise.all(Array.from({ length: 50 }, () => code({ userName: 'anna', password: 'password' })));
  assert.deepEqual(new Set(codes), new Set([0]));
});

test('an embedder gives a password file that can be used', () => {
  assert.throws(() => createBroker({ passwordFile: '' }), { code: 'invalid-option', message: /passwordFile takes/ });
  assert.throws(() => createBroker({ passwordFile: '/none/users.passwd' }), {
    code: 'invalid-option',
    message: /^\/none\/users\.passwd:1:1: the file cannot be read: there is no such file\.$/,
  });
});
