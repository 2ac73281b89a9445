// `revokeOnReload`, from the change of a file to the end of a connection, with a broker and clients over TCP.

import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { createBroker, type EmbeddedBroker } from '../../src/exports/broker.ts';
import { type Client, connect } from '../../src/exports/client.ts';

/** "password". */
const ARGON2 = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
/** "corr:ect Ünicode". */
const OTHER =
  '$7$101$S3dO66xhtjm22oTZ$8iQmlE4YjCml8PgfHOdbpO3JfBRl5c1Uc4PEY4LFmmSuLM0g4lrBOqncZFq3fgJj+519A9tV9spc9LBhnJLaKA==';

const RULES = 'rules:\n  - {allow: all, topics: [a, b]}\n';

interface Stage {
  readonly broker: EmbeddedBroker;
  readonly lines: readonly string[];
  readonly write: (name: 'users' | 'rules', text: string) => void;
  readonly connect: (userName: string) => Promise<Watched>;
}

interface Watched {
  readonly client: Client;
  /** Settles when its connection has ended, with the reason code. */
  readonly ended: Promise<number | undefined>;
}

async function stage(context: TestContext, revokeOnReload: boolean): Promise<Stage> {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-revoke-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const write = (name: 'users' | 'rules', text: string): void => {
    const file = path.join(folder, name);
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  write('users', `anna:${ARGON2}\nbob:${ARGON2}\n`);
  write('rules', RULES);
  const lines: string[] = [];
  const say = (sentence: string): void => void lines.push(sentence);
  const broker = createBroker({
    passwordFile: path.join(folder, 'users'),
    rulesFile: path.join(folder, 'rules'),
    revokeOnReload,
    log: { debug: say, info: say, warn: say, error: say },
  });
  context.after(() => broker.close());
  const { url } = await broker.listen({ port: 0 });
  return {
    broker,
    lines,
    write,
    async connect(userName) {
      const client = await connect(url, { clientId: userName, userName, password: 'password', reconnect: false });
      context.after(() => client.disconnect());
      const ended = client.closed.then((end) => (end.kind === 'disconnected-by-broker' ? end.reasonCode : undefined));
      return { client, ended };
    },
  };
}

test('a user who is deleted, or whose password changes, is disconnected once the file was read; others stay', async (context) => {
  const { broker, lines, write, connect: enter } = await stage(context, true);
  const [anna, bob] = [await enter('anna'), await enter('bob')];
  write('users', `carl:${ARGON2}\nbob:${ARGON2}\n`);
  assert.deepEqual(
    broker.reload().map(({ what, result }) => [what, result]),
    [
      ['password file', 'changed'],
      ['file of rules', 'unchanged'],
    ],
  );
  assert.equal(await anna.ended, 0x87);
  assert.ok(lines.some((line) => line.endsWith('Its user "anna" is no longer in the password file.')));
  await bob.client.publish('a', 'still here', { qos: 1 });
  write('users', `carl:${ARGON2}\nbob:${OTHER}\n`);
  broker.reload();
  assert.equal(await bob.ended, 0x87);
  assert.ok(lines.some((line) => line.endsWith('The line of its user "bob" in the password file has changed.')));
});

test('threat 35: a subscription that the rules no longer allow ends its connection without anybody asking for it', async (context) => {
  const { lines, write, connect: enter } = await stage(context, true);
  const [anna, bob] = [await enter('anna'), await enter('bob')];
  await anna.client.subscribe('a');
  await bob.client.subscribe('b');
  write('rules', RULES.replace('[a, b]', '[b]')); // Nobody asks: the file is watched.
  assert.equal(await anna.ended, 0x87);
  assert.ok(lines.some((line) => /may not subscribe to "a" any more: no rule of .* allows it\.$/.test(line)));
  await bob.client.publish('b', 'still here', { qos: 1 });
});

test('without it who is connected stays so, and can do no more than the rules say', async (context) => {
  const { broker, write, connect: enter } = await stage(context, false);
  const anna = await enter('anna');
  write('users', `bob:${ARGON2}\n`);
  write('rules', RULES.replace('[a, b]', '[b]'));
  assert.deepEqual(
    broker.reload().map(({ result }) => result),
    ['changed', 'changed'],
  );
  await assert.rejects(anna.client.publish('a', 'x', { qos: 1 }), { reasonCode: 0x87 });
  await anna.client.publish('b', 'x', { qos: 1 });
});
