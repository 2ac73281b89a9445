// Every limit that refuses or ends somebody counts how often, under its name; and whoever has one hold again and again does not fill the log.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Authenticator } from '../../src/auth/contract.ts';
import type { LimitName } from '../../src/broker/counters.ts';
import { DEFAULT_LIMITS } from '../../src/broker/limits.ts';
import { NO_CONNECT_PROPERTIES } from '../../src/packet/properties.ts';
import { LIMIT_ROWS } from '../../src/config/limit-rows.ts';
import { type BrokerOptions, TestBroker } from './harness.ts';
import { will } from './sample-will.ts';

const USER_PROPERTIES = [
  ['a', '1'],
  ['b', '2'],
] as const;

/** What makes each limit hold once. */
const CASES: readonly (readonly [name: LimitName, options: BrokerOptions, act: (broker: TestBroker) => void])[] = [
  [
    'connectPacketBytesMax',
    { limits: { connectPacketBytesMax: 128 } },
    (broker) => void broker.knock({ clientId: 'x'.repeat(200) }),
  ],
  [
    'packetBytesMax',
    { limits: { packetBytesMax: 128 } },
    (broker) => void broker.connect().publish('a', 'x'.repeat(200)),
  ],
  [
    'connectTimeout',
    {},
    (broker) => {
      broker.dial();
      broker.pass(DEFAULT_LIMITS.connectTimeout);
    },
  ],
  ['topicLevelsMax', { limits: { topicLevelsMax: 2 } }, (broker) => void broker.connect().publish('a/b/c', 'x')],
  ['topicLevelsMax', { limits: { topicLevelsMax: 2 } }, (broker) => void broker.connect().subscribe('a/b/c')],
  [
    'topicLevelsMax',
    { limits: { topicLevelsMax: 2 } },
    (broker) => void broker.knock({ clientId: 'c', will: will({ topic: 'a/b/c' }) }),
  ],
  [
    'userPropertiesMax',
    { limits: { userPropertiesMax: 1 } },
    (broker) => void broker.connect().publish('a', 'x', { properties: { userProperties: USER_PROPERTIES } }),
  ],
  [
    'userPropertiesMax',
    { limits: { userPropertiesMax: 1 } },
    (broker) =>
      void broker.knock({ clientId: 'c', properties: { ...NO_CONNECT_PROPERTIES, userProperties: USER_PROPERTIES } }),
  ],
  [
    'clientIdBytesMax',
    { limits: { clientIdBytesMax: 23 } },
    (broker) => void broker.knock({ clientId: 'x'.repeat(24) }),
  ],
  [
    'clientIdBytesMax31',
    { limits: { clientIdBytesMax31: 23 } },
    (broker) => void broker.knock({ version: 3, clientId: 'x'.repeat(24) }),
  ],
  ['handshakesMax', {}, ({ broker }) => broker.noteTurnedAway()],
];

for (const [index, [name, options, act]] of CASES.entries()) {
  test(`${name} counts each time that it holds (${index + 1})`, async () => {
    const broker = await TestBroker.open(options);
    const { limitsReached } = broker.broker.counters;
    const before = { ...limitsReached };
    act(broker);
    assert.deepEqual(limitsReached, { ...before, [name]: 1 });
  });
}

test('a limit of the Authenticator is counted where a client is refused for it', async () => {
  for (const limit of ['authFailuresMax', 'passwordChecksWaitingMax', 'httpAuthWaitingMax'] as const) {
    const authenticator: Authenticator = {
      authenticate: () => ({ kind: 'refused', reasonCode: 0x9f, detail: 'no', limit }),
    };
    const broker = await TestBroker.open({ authenticator });
    broker.knock({ userName: 'u' });
    assert.equal(broker.broker.counters.limitsReached[limit], 1);
  }
});

test('what is counted as a limit is an option, but for bans and the files of the system', async () => {
  const { broker } = await TestBroker.open();
  const others = ['bans', 'openFiles', 'authFailuresMax', 'passwordChecksWaitingMax', 'httpAuthWaitingMax'];
  const unknown = Object.keys(broker.counters.limitsReached).filter((name) => !Object.hasOwn(LIMIT_ROWS, name));
  assert.deepEqual(unknown.toSorted(), others.toSorted());
});

test('wrong passwords and broken rules are told thirty times a minute for one address, and counted beyond that', async () => {
  const authenticator: Authenticator = {
    authenticate: () => ({ kind: 'refused', reasonCode: 0x86, detail: 'Wrong.' }),
  };
  const broker = await TestBroker.open({ authenticator });
  for (let n = 0; n < 100; n++) broker.knock({ clientId: `c${n}`, userName: 'u', address: '192.0.2.1' });
  assert.equal(broker.warnings().length, 30);
  broker.knock({ clientId: 'other', userName: 'u', address: '192.0.2.2' });
  assert.match(
    broker.warnings()[30] ?? '',
    /"other" at 192\.0\.2\.2.* Wrong\. 70 more like it since the last such line\.$/,
  );
  for (let n = 0; n < 100; n++) broker.dial(5, undefined, '192.0.2.1').sendBytes('30 00');
  assert.equal(broker.warnings().length, 61);
  broker.pass(60_000);
  broker.knock({ clientId: 'again', userName: 'u', address: '192.0.2.1' });
  assert.match(broker.warnings()[61] ?? '', /"again"/);
  assert.equal(broker.broker.counters.connectionsRefused, 102);
});
