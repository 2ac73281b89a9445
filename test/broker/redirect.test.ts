// Server redirection (section 4.11) on configured rules, and Response Information (section 3.2.2.3.15).

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ANONYMOUS } from '../../src/auth/allow-all.ts';
import type { ClientRedirect } from '../../src/broker/parts.ts';
import { TestBroker } from './harness.ts';

const RULES: readonly ClientRedirect[] = [
  { clients: 'exact', to: 'one.example:1884', permanent: false },
  { clients: 'exact*', to: 'two.example', permanent: true },
  { clients: 'star*', to: '[::1]:1885 three.example', permanent: true },
];

test('the first rule that fits says where a client goes: 0x9C for now, 0x9D for good; the others are let in', async () => {
  const broker = await TestBroker.open({ redirects: RULES });
  const cases: readonly (readonly [clientId: string, reasonCode: number, reference: string | undefined])[] = [
    ['exact', 0x9c, 'one.example:1884'],
    ['exactly', 0x9d, 'two.example'],
    ['star', 0x9d, '[::1]:1885 three.example'],
    ['star-7', 0x9d, '[::1]:1885 three.example'],
    ['sta', 0, undefined],
    ['Star', 0, undefined],
    ['an exact', 0, undefined],
    ['', 0, undefined],
  ];
  for (const [clientId, reasonCode, reference] of cases) {
    const client = broker.knock({ clientId });
    const connack = client.expect('connack');
    assert.deepEqual([connack.reasonCode, connack.properties.serverReference], [reasonCode, reference], clientId);
    assert.equal(client.ended, reasonCode === 0 ? 'not yet' : 'end');
  }
  assert.equal(broker.broker.counters.connectionsRefused, 4);
  assert.deepEqual(broker.warnings(), [], 'it is what was asked for');
  assert.equal(broker.broker.sizes.sessions, 4);
});

test('a star alone sends everybody away, also who has no identifier, without asking who it is', async () => {
  const broker = await TestBroker.open({
    redirects: [{ clients: '*', to: 'other.example', permanent: false }],
    authenticator: { authenticate: () => assert.fail('nobody is asked'), methods: ANONYMOUS.methods ?? new Map() },
  });
  for (const clientId of ['', 'a', '*']) {
    assert.deepEqual(broker.knock({ clientId, properties: { authenticationMethod: 'm' } }).said(), ['CONNACK 0x9c']);
  }
});

test('to 3.x a redirect is return code 3, and no reference', async () => {
  const broker = await TestBroker.open({ redirects: RULES });
  for (const version of [3, 4] as const) {
    const client = broker.knock({ version, clientId: 'exact' });
    assert.equal(client.receivedHex, '20020003');
    assert.equal(client.ended, 'end');
  }
});

// [MQTT-3.1.2-24]
test('the reference is left out where it would make CONNACK too large for the client', async () => {
  const broker = await TestBroker.open({ redirects: RULES });
  // 20 16 00 9c 13 1c 00 10 one.example:1884
  for (const [maximumPacketSize, reference] of [
    [24, 'one.example:1884'],
    [23, undefined],
    [5, undefined],
  ] as const) {
    const client = broker.knock({ clientId: 'exact', properties: { maximumPacketSize } });
    const connack = client.expect('connack');
    assert.deepEqual([connack.reasonCode, connack.properties.serverReference], [0x9c, reference]);
  }
});

test('a client that asks for Response Information gets a root of its own', async () => {
  const broker = await TestBroker.open({ responseInformation: 'replies' });
  const asked = { requestResponseInformation: true };
  const rootOf = (clientId: string): string | undefined =>
    broker.connect({ clientId, properties: asked }).connack?.properties.responseInformation;
  assert.equal(rootOf('c'), 'replies/c');
  assert.equal(rootOf('a/+#%'), 'replies/a%2F%2B%23%25');
  const assigned = broker.connect({ properties: asked }).connack?.properties;
  assert.equal(assigned?.responseInformation, `replies/${assigned?.assignedClientIdentifier}`);
  const slash = await TestBroker.open({ responseInformation: 'replies/' });
  assert.equal(
    slash.connect({ clientId: 'c', properties: asked }).connack?.properties.responseInformation,
    'replies/c',
  );
});

// [MQTT-3.1.2-28]
test('who has not asked, or asks a broker that has none, gets no Response Information', async () => {
  const broker = await TestBroker.open({ responseInformation: 'replies' });
  for (const properties of [{}, { requestResponseInformation: false }]) {
    assert.equal(broker.connect({ clientId: 'c', properties }).connack?.properties.responseInformation, undefined);
  }
  const without = await TestBroker.open();
  const { connack } = without.connect({ clientId: 'c', properties: { requestResponseInformation: true } });
  assert.equal(connack?.properties.responseInformation, undefined);
  assert.equal(broker.connect({ version: 4, clientId: 'old' }).receivedHex, '20020000');
});

test('a client that takes only small packets, and an identifier that is too long, go without Response Information', async () => {
  const broker = await TestBroker.open({ responseInformation: 'replies'.repeat(10) });
  const asked = { requestResponseInformation: true, maximumPacketSize: 60 };
  assert.equal(broker.connect({ clientId: 'c', properties: asked }).connack?.properties.responseInformation, undefined);
  const long = await TestBroker.open({
    responseInformation: 'r',
    limits: { connectPacketBytesMax: 100_000, clientIdBytesMax: 65_535 },
  });
  const { connack } = long.connect({ clientId: '/'.repeat(30_000), properties: { requestResponseInformation: true } });
  assert.equal(connack?.properties.responseInformation, undefined);
});
