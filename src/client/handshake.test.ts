import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OperationError } from '../base/errors.ts';
import { NO_CONNECT_PROPERTIES, NO_MESSAGE_PROPERTIES } from '../packet/properties.ts';
import type { ProtocolVersion } from '../packet/protocol-version.ts';
import { connect } from './connect.ts';
import type { ConnectOptions } from './options.ts';
import { answer, connack, connected, publish, refusal, ScriptedBroker, turn } from './scripted-broker.arbitrary.ts';

test('CONNECT says what the options say', async () => {
  const { broker } = await connected({
    url: 'mqtt://somebody:secret@example.test:1884',
    clientId: 'me',
    clean: false,
    keepAliveSeconds: 7,
    sessionExpirySeconds: 100,
    receiveMaximum: 5,
    topicAliasMaximum: 3,
    maximumPacketSize: 2_000,
    userProperties: [['a', 'b']],
    will: { topic: 'gone', payload: 'bye', qos: 1, retain: true, delaySeconds: 9 },
  });
  assert.deepEqual(
    broker.targets.map(({ host, port }) => ({ host, port })),
    [{ host: 'example.test', port: 1884 }],
  );
  assert.deepEqual(broker.connect, {
    kind: 'connect',
    version: 5,
    bridge: false,
    clientId: 'me',
    clean: false,
    keepAlive: 7,
    userName: 'somebody',
    password: new TextEncoder().encode('secret'),
    will: {
      topic: 'gone',
      payload: new TextEncoder().encode('bye'),
      qos: 1,
      retain: true,
      delayInterval: 9,
      properties: NO_MESSAGE_PROPERTIES,
    },
    properties: {
      ...NO_CONNECT_PROPERTIES,
      sessionExpiryInterval: 100,
      receiveMaximum: 5,
      maximumPacketSize: 2_000,
      topicAliasMaximum: 3,
      userProperties: [['a', 'b']],
    },
  });
});

test('without options it is MQTT 5.0 at localhost, a new session, a name from the broker', async () => {
  const { client, broker } = await connected({}, { assignedClientIdentifier: 'auto-1' });
  assert.equal(broker.targets[0]?.host, 'localhost');
  assert.equal(broker.targets[0]?.port, 1883);
  assert.equal(broker.connect?.version, 5);
  assert.equal(broker.connect?.clean, true);
  assert.equal(broker.connect?.keepAlive, 60);
  assert.equal(client.clientId, 'auto-1');
  assert.equal(client.connection?.sessionPresent, false);
});

test('MQTT 3.1, which needs a client identifier, gets a random one', async () => {
  const { client } = await connected({ version: 3 });
  assert.match(client.clientId, /^vouch-[0-9a-f]{16}$/);
});

test('a session that the broker has kept is told, and its messages may come at once', async () => {
  const topics: string[] = [];
  const broker = new ScriptedBroker();
  const connecting = connect(
    { clean: false, clientId: 'me', onMessage: ({ topic }) => void topics.push(topic) },
    broker.parts,
  );
  await turn();
  broker.send(connack({}, true), publish('a', 1, 1));
  const client = await connecting;
  assert.equal(client.connection?.sessionPresent, true);
  assert.deepEqual(topics, ['a']);
  broker.expect('PUBACK 1');
});

test("a refusal has the broker's reason and words, whatever the version", async () => {
  const cases: readonly (readonly [ProtocolVersion, number, number])[] = [
    [5, 0x87, 0x87],
    [4, 1, 0x84],
    [4, 2, 0x85],
    [4, 3, 0x88],
    [4, 4, 0x86],
    [3, 5, 0x87],
  ];
  for (const [version, sent, reasonCode] of cases) {
    const broker = new ScriptedBroker(version);
    const connecting = connect({ version }, broker.parts);
    await turn();
    broker.send(refusal(sent, { reasonString: 'not you', serverReference: 'elsewhere:1' }));
    await assert.rejects(connecting, (error: Error) => {
      assert.ok(error instanceof OperationError);
      assert.deepEqual([error.code, error.reasonCode], ['connection-refused', reasonCode]);
      if (version === 5) assert.match(error.message, /not authorized \(0x87\)\. It says: "not you"\. .*"elsewhere:1"/);
      return true;
    });
    assert.equal(broker.alarmCount, 0);
  }
});

test('a broker that does not answer in time is given up', async () => {
  const broker = new ScriptedBroker();
  const connecting = connect({ connectTimeoutMillis: 2_000 }, broker.parts);
  await turn();
  broker.pass(2_000);
  await assert.rejects(connecting, { code: 'timed-out' });
  assert.equal(broker.closedWith, 'destroy');
});

test('a network that does not answer in time is given up, too', async () => {
  const broker = new ScriptedBroker();
  const parts = {
    ...broker.parts,
    dial: ({ signal }: { readonly signal: AbortSignal }) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      }),
  };
  const connecting = connect({ connectTimeoutMillis: 2_000 }, parts);
  await turn();
  broker.pass(2_000);
  await assert.rejects(connecting, { code: 'timed-out' });
});

test("a signal gives the attempt up with the signal's reason, at any moment", async () => {
  const reason = new Error('changed my mind');
  const early = new ScriptedBroker();
  await assert.rejects(connect({ signal: AbortSignal.abort(reason) }, early.parts), reason);
  assert.equal(early.targets.length, 0);

  const broker = new ScriptedBroker();
  const controller = new AbortController();
  const connecting = connect({ signal: controller.signal }, broker.parts);
  await turn();
  controller.abort(reason);
  await assert.rejects(connecting, reason);
  assert.equal(broker.closedWith, 'destroy');
  assert.equal(broker.alarmCount, 0);
});

test('a connection that ends before CONNACK fails with a hint at the version', async () => {
  const broker = new ScriptedBroker();
  const connecting = connect({}, broker.parts);
  await turn();
  broker.cut(new Error('reset'));
  await assert.rejects(connecting, { code: 'connection-lost', message: /MQTT 3\.1\.1 only.* mqtts:\/\/ is meant\.$/ });
});

test('a broker of 3.1.1 that answers a CONNECT of 5.0 in its own form is told apart', async () => {
  const broker = new ScriptedBroker();
  const connecting = connect({}, broker.parts);
  await turn();
  // CONNACK, 2 bytes, no session, return code 1: unacceptable protocol version.
  broker.sendBytes(Uint8Array.of(0x20, 0x02, 0x00, 0x01));
  await assert.rejects(connecting, { code: 'protocol-error', message: /MQTT 3\.1\.1 only/ });
  assert.equal(broker.closedWith, 'destroy');
});

test('what is no CONNACK, or does not fit the question, is a protocol error', async () => {
  for (const packet of [publish('a', 0), answer('puback', 1), connack({}, true)]) {
    const broker = new ScriptedBroker();
    const connecting = connect({ clean: true }, broker.parts);
    await turn();
    broker.send(packet);
    await assert.rejects(connecting, { code: 'protocol-error' });
  }
});

test('options that MQTT has no place for are refused before anything is dialled', async () => {
  const cases: readonly (readonly [ConnectOptions, RegExp])[] = [
    [{ url: 'localhost:1883' }, /only mqtt:\/\//],
    [{ url: 'http://localhost' }, /only mqtt:\/\//],
    [{ url: 'unix://host/path' }, /unix:\/\/\/path/],
    [{ url: 'mqtt://localhost', tls: {} }, /nothing is encrypted/],
    [{ tls: { cert: 'a.pem' } }, /tls.cert and tls.key need each other/],
    [{ url: 'mqtt://a%b@c' }, /write % as %25/],
    [{ url: 'nonsense' }, /mqtt:\/\/host:port/],
    [{ port: 0 }, /port takes a whole number from 1 to 65535; got 0/],
    [{ keepAliveSeconds: 65_536 }, /keepAliveSeconds/],
    [{ receiveMaximum: 0 }, /receiveMaximum/],
    [{ clientId: 'a\0b' }, /clientId/],
    [{ userName: '\ud800' }, /userName/],
    [{ password: 'x'.repeat(70_000) }, /password has 70000 bytes/],
    [{ will: { topic: 'a/#' } }, /a\/#/],
    [{ will: { topic: 'a', properties: { responseTopic: '+' } } }, /"\+"/],
    [{ version: 4, sessionExpirySeconds: 1 }, /sessionExpirySeconds is of MQTT 5\.0/],
    [{ version: 4, will: { topic: 'a', delaySeconds: 1 } }, /will\.delaySeconds is of MQTT 5\.0/],
    [{ version: 4, will: { topic: 'a', properties: { contentType: 'x' } } }, /has no properties/],
    [{ version: 4, password: 'x' }, /only with a user name/],
    [{ version: 4, clean: false }, /needs a clientId/],
  ];
  for (const [options, message] of cases) {
    const broker = new ScriptedBroker();
    await assert.rejects(connect(options, broker.parts), { name: 'UsageError', message });
    assert.equal(broker.targets.length, 0);
  }
});

test('an IPv6 address stands in brackets in a URL and without them in a socket', async () => {
  const { broker } = await connected({ url: 'mqtt://[::1]:1885' });
  assert.equal(broker.targets[0]?.host, '::1');
});

test('what the options say counts more than the URL', async () => {
  const { broker } = await connected({ url: 'mqtt://u:p@one:1', host: 'two', port: 2, userName: 'v', password: 'q' });
  assert.deepEqual([broker.targets[0]?.host, broker.targets[0]?.port], ['two', 2]);
  assert.deepEqual([broker.connect?.userName, broker.connect?.password], ['v', new TextEncoder().encode('q')]);
});

test('a server that speaks something else than MQTT is told by what it begins with', async () => {
  for (const [answered, told] of [
    [
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      /^example\.test, port 1883, did not answer CONNECT as a broker does\. It speaks HTTP: /,
    ],
    ['\x15\x03\x03\x00\x02\x02\x46', /It speaks TLS: is it another port, or mqtts:\/\/ that is meant\?$/],
    ['SSH-2.0-OpenSSH', /does\. .*It may know MQTT 3\.1\.1 only/],
  ] as const) {
    const broker = new ScriptedBroker();
    const attempt = connect({ host: 'example.test', reconnect: false }, broker.parts);
    await turn();
    broker.sendBytes(Buffer.from(answered, 'latin1'));
    await assert.rejects(attempt, { code: 'protocol-error', message: told });
  }
});
