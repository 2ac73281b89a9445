import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';

import { flow } from './session-flow.arbitrary.ts';
import { InboundAliases, OutboundAliases } from './topic-aliases.ts';

/** Sends topics as a session does; returns what each went out as: the alias alone, `topic=alias` or the topic. */
function sendAll(aliases: OutboundAliases, topics: Iterable<string>): string[] {
  return Array.from(topics, (topic) => {
    const known = aliases.find(topic);
    if (known > 0) return String(known);
    const alias = aliases.assign(topic);
    return alias > 0 ? `${topic}=${alias}` : topic;
  });
}

test('the first topics sent get an alias, which from then on stands for the topic', () => {
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

test('a topic that comes oftener than one that has an alias takes it over, and the peer is told', () => {
  flow({ sendAliasMaximum: 1 })
    .publish('a b b b a a a', 0)
    .expect(
      '> PUBLISH a QoS 0 alias 1',
      '> PUBLISH b QoS 0',
      '> PUBLISH b QoS 0 alias 1',
      '> PUBLISH - QoS 0 alias 1',
      '> PUBLISH a QoS 0',
      '> PUBLISH a QoS 0',
      '> PUBLISH a QoS 0',
    );
});

test('who takes an alias over is compared with one topic at a time, in turn', () => {
  const aliases = new OutboundAliases(2);
  assert.deepEqual(sendAll(aliases, 'aaabbccc'), ['a=1', '1', '1', 'b=2', '2', 'c', 'c', 'c=2']);
});

test('topics that come in turn do not trade aliases', () => {
  const aliases = new OutboundAliases(2);
  assert.deepEqual(sendAll(aliases, 'abcabcabcabc').slice(3).join(' '), '1 2 c 1 2 c 1 2 c');
});

test('topics that come once take no alias, however many they are, and what is hot once does not stay so for ever', () => {
  const aliases = new OutboundAliases(2);
  sendAll(aliases, 'abababab');
  const once = Array.from({ length: 1000 }, (_, n) => `once/${n}`);
  assert.deepEqual(sendAll(aliases, once), once);
  assert.deepEqual(sendAll(aliases, 'abcccdd'), ['1', '2', 'c', 'c=1', '1', 'd', 'd=2']);
});

test('what a peer makes of the aliases is the topics that were sent', () => {
  const anyTopic = fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(...'defghijklmnopqrstuvwxyz'.split('')));
  fc.assert(
    fc.property(fc.nat({ max: 4 }), fc.array(anyTopic, { maxLength: 300, size: 'max' }), (maximum, topics) => {
      const sender = new OutboundAliases(maximum);
      const receiver = new InboundAliases(maximum, 'ping');
      for (const topic of topics) {
        const known = sender.find(topic);
        const alias = known === 0 ? sender.assign(topic) : known;
        if (alias > 0) assert.equal(receiver.resolve(alias, known === 0 ? topic : ''), topic);
      }
    }),
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
    .expect('> PUBLISH a QoS 1 id 1 dup alias 1', '> PUBLISH b QoS 1 id 2 dup', '> PUBLISH b QoS 1 id 3 dup alias 1');
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
