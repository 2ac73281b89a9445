import assert from 'node:assert/strict';
import { test } from 'node:test';

import { packetId } from '../../src/packet/packet-id.ts';
import { PINGRESP } from '../../src/packet/packet.ts';
import type { History } from '../history.ts';
import { ack, connack, sentencesOf, Story, suback } from './sample-history.ts';
import { ackOrder, wireGrammar } from './wire-grammar.ts';

function said(history: History): readonly string[] {
  return sentencesOf(wireGrammar, history);
}

function ordered(history: History): readonly string[] {
  return sentencesOf(ackOrder, history);
}

function story(version: 4 | 5 = 5): Story {
  return new Story().connects('p', { version });
}

/** p publishes, and nothing more. */
function publishes(told: Story, ...qos: readonly (0 | 1 | 2)[]): Story {
  for (const each of qos) {
    const label = told.says('p', 'a', each);
    told.passes('client', 'p', told.packetOf(label), label);
  }
  return told;
}

test('a connection on which all goes well', () => {
  const told = story().publishes('p', 'a', 1).publishes('p', 'a', 2).subscribes('p', 'a', 1).unsubscribes('p', 'a');
  assert.deepEqual(said(told.leaves('p').ends()), []);
  assert.deepEqual(ordered(told.ends()), []);
});

test('CONNACK comes first, and once; nothing comes behind DISCONNECT', () => {
  const early = new Story().connects('p', { isUnanswered: true }).passes('broker', 'p', ack('puback', 1));
  assert.equal(said(early.ends())[0], 'The broker sent PUBACK first (connection 1, p).');
  assert.deepEqual(said(story().passes('broker', 'p', connack(false)).ends()), [
    'The broker sent CONNACK twice (connection 1, p).',
  ]);
  const left = story();
  left.passes('client', 'p', { kind: 'disconnect', reasonCode: 0, properties: { ...DISCONNECT } });
  assert.deepEqual(said(publishes(left, 0).ends()), ['p sent PUBLISH after its DISCONNECT (connection 1, p).']);
});

const DISCONNECT = {
  sessionExpiryInterval: undefined,
  reasonString: undefined,
  serverReference: undefined,
  userProperties: [],
};

test('an answer is for what came on this connection, once', () => {
  const once = publishes(story(), 1).passes('broker', 'p', ack('puback', 1));
  assert.deepEqual(said(once.passes('broker', 'p', ack('puback', 1)).ends()), [
    'The broker sent PUBACK 1, which answers nothing that came on this connection (connection 1, p).',
  ]);
  const held = publishes(story(), 1).cut('p').connects('p', { present: true }).passes('broker', 'p', ack('puback', 1));
  assert.deepEqual(said(held.ends()), [
    'The broker sent PUBACK 1, which answers nothing that came on this connection (connection 2, p).',
  ]);
  assert.equal(said(story().passes('broker', 'p', suback(3, 0)).ends()).length, 1);
  assert.deepEqual(said(story().passes('broker', 'p', PINGRESP).ends()), [
    'The broker sent PINGRESP, though no PINGREQ had come (connection 1, p).',
  ]);
});

test('SUBACK has a reason code for each filter', () => {
  const told = story()
    .asks('p', 'a', 1)
    .passes('broker', 'p', suback(1, 1, 1));
  assert.deepEqual(said(told.ends()), [
    'The broker sent SUBACK 1 with 2 reason codes for 1 topic filters (connection 1, p).',
  ]);
});

test('PUBREL follows PUBREC, or a resume', () => {
  const early = publishes(story(), 2).passes('client', 'p', ack('pubrel', 1));
  assert.equal(said(early.ends())[0], 'p sent PUBREL 1 in a new session, though no PUBREC had come (connection 1, p).');
  const resumed = publishes(story(), 2)
    .passes('broker', 'p', ack('pubrec', 1))
    .cut('p')
    .connects('p', { present: true });
  resumed.passes('client', 'p', ack('pubrel', 1)).passes('broker', 'p', ack('pubcomp', 1));
  assert.deepEqual(said(resumed.ends()), []);
  const twice = resumed.passes('client', 'p', ack('pubrel', 2)).passes('client', 'p', ack('pubrel', 2));
  assert.equal(said(twice.ends())[0], 'p sent PUBREL 2 twice (connection 2, p).');
});

test('a topic alias is given on the connection on which it is used, and is allowed', () => {
  const alias = (maximum: number, first: string): Story => {
    const told = new Story().connects('s', { topicAliasMaximum: maximum }).connects('p').publishes('p', 'a', 0);
    const packet = told.packetOf('p#1', { topicAlias: 1 });
    told.passes('broker', 's', { ...packet, topic: first }, 'p#1');
    return told.passes('broker', 's', { ...packet, topic: '' }, 'p#1');
  };
  assert.deepEqual(said(alias(1, 'a').ends()), []);
  assert.equal(
    said(alias(1, '').ends())[0],
    'The broker used the topic alias 1, which it had not given on this connection (connection 1, s).',
  );
  assert.equal(
    said(alias(0, 'a').ends())[0],
    'The broker used the topic alias 1; 0 is the highest allowed (connection 1, s).',
  );
});

test('who stays until the end has every answer', () => {
  assert.deepEqual(said(publishes(story(), 1).ends()), ['The broker never sent PUBACK 1 (connection 1, p).']);
  assert.deepEqual(said(publishes(story(), 1).cut('p').ends()), []);
  const unreleased = publishes(story(), 2).passes('broker', 'p', ack('pubrec', 1));
  assert.deepEqual(said(unreleased.ends()), ['p never sent PUBREL 1 (connection 1, p).']);
});

test('acknowledgements leave in the order of their causes', () => {
  const swapped = publishes(story(), 1, 2)
    .passes('broker', 'p', ack('pubrec', 2))
    .passes('broker', 'p', ack('puback', 1));
  assert.deepEqual(ordered(swapped.ends()), [
    'The broker sent PUBREC 2 out of turn: PUBACK 1 was due (connection 1, p).',
  ]);
  const released = publishes(story(), 2, 2)
    .passes('broker', 'p', ack('pubrec', 1))
    .passes('broker', 'p', ack('pubrec', 2));
  released.passes('client', 'p', ack('pubrel', 2)).passes('client', 'p', ack('pubrel', 1));
  assert.equal(ordered(released.ends()).length, 1);
});

test('on 3.1.1 a refusal is silence: what was passed over must never be answered', () => {
  const passedOver = (): Story => publishes(story(4), 1, 1).passes('broker', 'p', ack('puback', 2));
  assert.deepEqual(ordered(passedOver().ends()), []);
  assert.equal(ordered(passedOver().passes('broker', 'p', ack('puback', 1)).ends()).length, 1);
  assert.equal(ordered(publishes(story(5), 1, 1).passes('broker', 'p', ack('puback', 2)).ends()).length, 1);
});

test('a client may answer PUBREL before the messages that its application has in hand', () => {
  const told = new Story().connects('s').connects('p').publishes('p', 'a', 2).publishes('p', 'a', 1);
  told.passes('broker', 's', told.packetOf('p#1', { id: packetId(1) }), 'p#1').passes('client', 's', ack('pubrec', 1));
  told.passes('broker', 's', told.packetOf('p#2', { id: packetId(2) }), 'p#2').passes('broker', 's', ack('pubrel', 1));
  told.passes('client', 's', ack('pubcomp', 1)).passes('client', 's', ack('puback', 2));
  assert.deepEqual(ordered(told.ends()), []);
});
