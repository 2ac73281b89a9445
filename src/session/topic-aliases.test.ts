import { test } from 'node:test';

import { flow } from './session-flow.arbitrary.ts';

test('the first topics sent get an alias; from then on it stands for the topic', () => {
  flow({ sendAliasMaximum: 2 })
    .publish('a a b c a c', 0)
    .expect(
      '> PUBLISH a QoS 0 alias 1',
      '> PUBLISH - QoS 0 alias 1',
      '> PUBLISH b QoS 0 alias 2',
      '> PUBLISH c QoS 0',
      '> PUBLISH - QoS 0 alias 1',
      '> PUBLISH c QoS 0',
    );
});

test('a peer that allows no alias gets none', () => {
  flow({ sendAliasMaximum: 0 }).publish('a a', 0).expect('> PUBLISH a QoS 0', '> PUBLISH a QoS 0');
});

test('a new connection knows none of our aliases: what is sent again names its topic', () => {
  flow({ sendAliasMaximum: 2 })
    .publish('a b b', 1)
    .expect('> PUBLISH a QoS 1 id 1 alias 1', '> PUBLISH b QoS 1 id 2 alias 2', '> PUBLISH - QoS 1 id 3 alias 2')
    .reconnect({ sendAliasMaximum: 1 })
    .expect('> PUBLISH a QoS 1 id 1 dup alias 1', '> PUBLISH b QoS 1 id 2 dup', '> PUBLISH b QoS 1 id 3 dup');
});

test('a QoS 2 message, which its owner may hold back, neither teaches nor uses an alias', () => {
  flow({ sendAliasMaximum: 1 })
    .publish('a', 2)
    .publish('a a', 0)
    .publish('a', 2)
    .expect(
      '> PUBLISH a QoS 2 id 1',
      '> PUBLISH a QoS 0 alias 1',
      '> PUBLISH - QoS 0 alias 1',
      '> PUBLISH a QoS 2 id 2',
    );
});

test("the peer's alias stands for the topic it was last given", () => {
  flow({ receiveAliasMaximum: 2 })
    .receive(
      'PUBLISH a QoS 0 alias 2',
      'PUBLISH - QoS 1 id 1 alias 2',
      'PUBLISH b QoS 0 alias 2',
      'PUBLISH - QoS 0 alias 2',
    )
    .expect('deliver a', 'deliver a', '> PUBACK 1', 'deliver b', 'deliver b');
});

test('an alias that was given no topic breaks the protocol', () => {
  flow({ receiveAliasMaximum: 2 })
    .receive('PUBLISH a QoS 0 alias 2')
    .expectBreach((peer) => peer.receive('PUBLISH - QoS 0 alias 1'), 'protocol-error', '');
});

test('an alias above our maximum is 0x94, whoever sends it', () => {
  flow({ receiveAliasMaximum: 2 }).expectBreach(
    (peer) => peer.receive('PUBLISH a QoS 0 alias 3'),
    'topic-alias-invalid',
    'MQTT-3.3.2-9',
  );
  flow({ receiveAliasMaximum: 0, keepAliveDuty: 'ping' }).expectBreach(
    (peer) => peer.receive('PUBLISH a QoS 0 alias 1'),
    'topic-alias-invalid',
    'MQTT-3.3.2-11',
  );
});

test("the peer's aliases end with the connection", () => {
  flow({ receiveAliasMaximum: 1 })
    .receive('PUBLISH a QoS 0 alias 1')
    .reconnect({ receiveAliasMaximum: 1 })
    .expectBreach((peer) => peer.receive('PUBLISH - QoS 0 alias 1'), 'protocol-error', '');
});

test('a QoS 2 message that came with its topic and comes again with an alias alone is the same message', () => {
  flow({ receiveAliasMaximum: 1 })
    .receive('PUBLISH a QoS 2 id 1 alias 1', 'PUBLISH - QoS 2 id 1 dup alias 1')
    .expect('deliver a', '> PUBREC 1', '> PUBREC 1');
});
