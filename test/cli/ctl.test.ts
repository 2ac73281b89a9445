// `vouch ctl`, and `vouch explain` of a broker that runs, as processes.

import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { SILENT_LOG } from '../../src/base/log.ts';
import type { Client } from '../../src/client/client.ts';
import { connect } from '../../src/client/connect.ts';
import type { ConnectOptions } from '../../src/client/options.ts';
import { askOne } from '../../src/control/control-client.ts';
import { nodeClientParts } from '../../src/server/client-parts.ts';
import { type Ended, portsOf, startVouch, type VouchProcess } from './vouch-process.ts';

const RULES = path.join(import.meta.dirname, 'ctl-rules.fixture.yaml');

/** A broker on a data directory of its own, how it is steered, and how clients come to it. */
interface Place {
  readonly broker: VouchProcess;
  readonly socket: string;
  readonly ctl: (...args: readonly string[]) => Promise<Ended>;
  readonly client: (clientId: string, options?: Partial<ConnectOptions>) => Promise<Client>;
}

async function start(context: TestContext, ...args: readonly string[]): Promise<Place> {
  const data = ['--data', 'data', '--store-reserve-bytes', '1 MiB'];
  const broker = startVouch(context, ['start', '-p', '0', ...data, ...args]);
  const [port = 0] = await portsOf(broker);
  const directory = path.join(broker.folder, 'data');
  return {
    broker,
    socket: path.join(directory, 'control.sock'),
    ctl: (...asked) => startVouch(context, ['ctl', ...asked, '--data', directory]).ended,
    client: async (clientId, options = {}) => {
      const client = await connect(
        { host: '127.0.0.1', port, clientId, reconnect: false, ...options },
        nodeClientParts(SILENT_LOG),
      );
      context.after(() => client.disconnect());
      return client;
    },
  };
}

test('clients and sessions are listed as tables and as JSON, and one is shown whole; nothing of a client reaches the terminal', async (context) => {
  const { ctl, client, socket } = await start(context);
  assert.equal(statSync(socket).mode & 0o777, 0o600);
  const meter = await client('meter-1', { clean: false, sessionExpirySeconds: 600 });
  await meter.subscribe('a/#', { qos: 1, onMessage: () => {} });
  await client('evil\u001b[2J\r\nx');
  const clients = await ctl('clients', '--sort', 'client');
  const lines = clients.stdout.split('\n');
  assert.match(lines[0] ?? '', /^CLIENT +USER +ADDRESS +PROTOCOL +CONNECTED +SILENT +SUBS/);
  assert.match(lines[1] ?? '', /^evil\\x1b\[2J\\x0d\\x0ax +- +127\.0\.0\.1:\d+ +5\.0 /);
  assert.match(lines[2] ?? '', /^meter-1 /);
  assert.deepEqual([clients.code, lines.length], [0, 4]);
  const [only, ...others] = (await ctl('clients', '--json', '-f', 'm*')).stdout.trim().split('\n');
  const row = JSON.parse(only ?? '') as { clientId: string; connection: { keepAliveSeconds: number } };
  assert.deepEqual([row.clientId, row.connection.keepAliveSeconds, others], ['meter-1', 60, []]);
  const shown = (await ctl('client', 'meter-1')).stdout;
  assert.match(shown, /^Session +ends 10 min after its connection$/m);
  assert.match(shown, /^a\/# +1/m);
  await meter.disconnect();
  assert.match((await ctl('sessions', '-n', '1', '--sort', 'subscriptions')).stdout, /^meter-1 +- +away +in /m);
});

test('a queue is shown, a client kicked, a session ended, retained messages cleared', async (context) => {
  const { ctl, client, broker } = await start(context);
  const meter = await client('meter', { clean: false, sessionExpirySeconds: 600 });
  await meter.subscribe('a', { qos: 1, onMessage: () => {} });
  await meter.disconnect();
  const writer = await client('writer');
  await writer.publish('a', 'hello', { qos: 1, retain: true });
  assert.match((await ctl('queue', 'meter', '--payload')).stdout, /^queued +a +1 +- +5 B +never +hello$/m);
  const refused = await ctl('end-session', 'meter');
  assert.deepEqual([refused.code, refused.stdout], [2, '']);
  assert.match(refused.stderr, /End the session of "meter", with 1 message that it is owed\? .* say --yes\./);
  assert.equal(
    (await ctl('end-session', 'meter', '--yes')).stdout,
    'The session of "meter" has ended, with 1 subscription and 1 message that it was owed.\n',
  );
  const kicked = await ctl('kick', 'writer', '--reason', 'Enough.');
  assert.match(kicked.stdout, /^"writer" at \S+ was disconnected\. Its session has ended with that\.\n$/);
  await writer.closed;
  await broker.line('was disconnected as the operator asked: Enough.');
  const again = await ctl('kick', 'writer');
  assert.deepEqual([again.code, again.stderr], [1, 'vouch ctl: Client "writer" is not connected.\n']);
  assert.match((await ctl('retained', 'list', '#', '--json')).stdout, /^\{"topic":"a","qos":1,"payloadBytes":5\}\n$/);
  assert.equal((await ctl('retained', 'clear', '#', '-y')).stdout, '1 retained message removed.\n');
  assert.match((await ctl('retained', 'list', 'a#')).stderr, /"a#" is no Topic Filter/);
});

test('shared subscriptions are listed with what waits for them, and that is shown', async (context) => {
  const { ctl, client } = await start(context);
  const worker = await client('worker', { clean: false, sessionExpirySeconds: 600 });
  await worker.subscribe('$share/workers/jobs/#', { qos: 1, onMessage: () => {} });
  await worker.disconnect();
  const writer = await client('writer');
  await writer.publish('jobs/1', 'one', { qos: 1 });
  await writer.publish('jobs/2', 'two', { qos: 1 });
  assert.match((await ctl('groups')).stdout, /^\$share\/workers\/jobs\/# +1 +- +2 +6 B +- +in the store$/m);
  const [json = ''] = (await ctl('groups', '--json', '--sort', 'queue', '-f', '*/jobs/*')).stdout.split('\n');
  assert.equal((JSON.parse(json) as { queuedMessages: number }).queuedMessages, 2);
  assert.match(
    (await ctl('queue', '$share/workers/jobs/#', '--payload')).stdout,
    /^queued +jobs\/1 +1 +- +3 B +never +one\n/m,
  );
  assert.equal((await ctl('queue', 'worker')).stdout, 'Nothing waits for it.\n');
  const unknown = await ctl('queue', '$share/workers/other');
  assert.deepEqual(
    [unknown.code, unknown.stderr],
    [1, 'vouch ctl: Nobody has the subscription "$share/workers/other".\n'],
  );
  assert.match(
    (await ctl('client', 'writer')).stdout,
    /^Received +2 messages, \d+ B in all\nSent +0 messages, \d+ B in all$/m,
  );
  assert.match((await ctl('clients', '--sort', 'messages-in')).stdout, / 2 \/ \d+ B +0 \/ \d+ B /);
});

test('a drain sends everybody away, says when nobody is left, and stops the broker', async (context) => {
  const { ctl, client, broker, socket } = await start(context);
  for (const clientId of ['a', 'b', 'c']) await client(clientId);
  const drained = await ctl('drain', '--rate', '100%', '--to', 'other.example', '--stop', '--yes');
  assert.equal(drained.code, 0, drained.stderr);
  assert.match(
    drained.stdout,
    /Nobody is connected any more: 3 clients sent away in \d+ s\.\nThe broker is stopping\.\n$/,
  );
  assert.equal((await broker.ended).code, 0);
  assert.equal(existsSync(socket), false);
  const nobody = await ctl('clients');
  assert.equal(nobody.code, 1);
  assert.match(
    nobody.stderr,
    /^vouch ctl: No broker listens at .*control\.sock: there is no such socket\. Is it running/,
  );
});

test('a broker says where its socket is not, and a chosen one must do', async (context) => {
  const memory = startVouch(context, ['start', '-p', '0', '--store', 'memory', '--control-socket', 'ctl.sock']);
  await portsOf(memory);
  const asked = await startVouch(context, ['ctl', 'clients', '--socket', path.join(memory.folder, 'ctl.sock')]).ended;
  assert.equal(asked.stdout, 'No such client is connected.\n');
  const none = await startVouch(context, ['ctl', 'clients'], { VOUCH_STORE: 'memory' }).ended;
  assert.deepEqual([none.code, none.stdout], [2, '']);
  assert.match(none.stderr, /By its configuration the broker has no control socket/);
  const long = 'x'.repeat(120);
  const wrong = await startVouch(context, ['start', '-p', '0', '--store', 'memory', '--control-socket', long]).ended;
  assert.deepEqual([wrong.code, wrong.stdout], [2, '']);
  assert.match(wrong.stderr, /has at most 103 bytes, and x+ has 120/);
  const deep = startVouch(context, ['start', '-p', '0', '--data', long, '--store-reserve-bytes', '1 MiB']);
  assert.match(await deep.line('There is no control socket'), /has at most 103 bytes/);
  await portsOf(deep);
});

test('a broker that was killed leaves a socket that the next one replaces', async (context) => {
  const { broker, socket } = await start(context);
  broker.signal('SIGKILL');
  await broker.ended;
  assert.ok(existsSync(socket));
  const data = ['--data', path.dirname(socket), '--store-reserve-bytes', '1 MiB'];
  await portsOf(startVouch(context, ['start', '-p', '0', ...data]));
  assert.equal((await askOne(socket, 'broker', {}))?.sessions, 0);
});

test('explain asks the broker that runs, about its client as it is connected, and says whom it has asked', async (context) => {
  const { broker, client, socket } = await start(context, '--rules-file', RULES);
  await client('c');
  const explain = (...args: readonly string[]) =>
    startVouch(context, ['explain', 'publish', 'a/alice', ...args, '--data', path.dirname(socket)]).ended;
  const connected = await explain('--client', 'c');
  assert.deepEqual([connected.code, connected.stdout], [1, `refused: no rule of ${RULES} allows it\n`]);
  assert.match(
    connected.stderr,
    /asked the broker at \S+control\.sock, about client "c" as it is connected: anonymous, from 127\.0\.0\.1/,
  );
  const named = await explain('--client', 'c', '--user', 'alice');
  assert.deepEqual([named.code, named.stdout.startsWith('allowed: the rule at ')], [0, true]);
  broker.signal('SIGTERM');
  await broker.ended;
  const gone = await explain('--client', 'c');
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /No broker listens at/);
});

test('who is banned is out until somebody says otherwise; files are read again and told of one by one', async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-ctl-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const rules = path.join(folder, 'rules.yaml');
  copyFileSync(RULES, rules);
  const { ctl, client } = await start(context, '--rules-file', rules);
  const meter = await client('meter');
  const banned = await ctl('ban', 'client', 'meter', '--for', '1h', '--reason', 'Too loud.');
  assert.match(banned.stdout, /^The client "meter" is banned until \S+Z\.\n$/);
  await meter.closed;
  await assert.rejects(client('meter'), { code: 'connection-refused' });
  assert.match((await ctl('bans')).stdout, /^client +meter +operator +\S+Z +Too loud\.$/m);
  assert.equal((await ctl('unban', 'client', 'meter')).stdout, 'The client "meter" is not banned any more.\n');
  await client('meter');
  writeFileSync(rules, 'rules:\n  - {alow: all, topics: a}\n');
  const reloaded = await ctl('reload');
  assert.equal(reloaded.code, 1);
  assert.match(
    reloaded.stdout,
    /^The file of rules \(\S+rules\.yaml\) is wrong: what was in force stays so\.\n.* {2}\S+rules\.yaml:2:6: "alow" is not known/s,
  );
});
