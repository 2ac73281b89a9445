import assert from 'node:assert/strict';
import { test } from 'node:test';

import { packetId } from '../../src/packet/packet-id.ts';
import { plainClient } from '../generate/plain-parts.ts';
import { inFlight } from './in-flight.ts';
import { ack, sentencesOf, Story } from './sample-history.ts';

/** The broker sends s so many messages, and no answer comes. */
function sending(told: Story, qos: 0 | 1 | 2, count: number): Story {
  for (let id = 1; id <= count; id++) {
    const packet = told.packetOf('p#1', { qos, id: qos === 0 ? undefined : packetId(id) });
    told.passes('broker', 's', packet, 'p#1');
  }
  return told;
}

function story(receiveMaximum: number | undefined, inFlightMax = 1_000): Story {
  const told = new Story([plainClient('p', { inFlightMax: 2 })], { limits: { inFlightMax } });
  const how = receiveMaximum === undefined ? {} : { receiveMaximum };
  return told.connects('s', how).connects('p').publishes('p', 'a', 1);
}

const TOO_MANY = 'The broker has 3 messages in flight on connection 1; 2 are allowed.';

test('the broker sends no more than Receive Maximum ahead', () => {
  assert.deepEqual(sentencesOf(inFlight, sending(story(2), 1, 2).ends()), []);
  assert.deepEqual(sentencesOf(inFlight, sending(story(2), 2, 3).ends()), [TOO_MANY]);
  assert.deepEqual(sentencesOf(inFlight, sending(story(2), 0, 9).ends()), []);
});

test('nor more than it was told to', () => {
  assert.deepEqual(sentencesOf(inFlight, sending(story(undefined, 2), 1, 3).ends()), [TOO_MANY]);
});

test('a place is free with PUBACK, PUBCOMP, or a PUBREC that refuses; not with PUBREC', () => {
  for (const [qos, answer, count] of [
    [1, ack('puback', 1), 0],
    [2, ack('pubcomp', 1), 0],
    [2, ack('pubrec', 1, 0x80), 0],
    [2, ack('pubrec', 1), 1],
  ] as const) {
    const told = sending(story(2), qos, 2).passes('client', 's', answer);
    told.passes('broker', 's', told.packetOf('p#1', { qos, id: packetId(3) }), 'p#1');
    assert.equal(inFlight(told.ends()).length, count);
  }
});

test('each connection begins anew', () => {
  const told = sending(story(2), 1, 2).cut('s').connects('s', { receiveMaximum: 2, present: true });
  assert.deepEqual(sentencesOf(inFlight, sending(told, 1, 2).ends()), []);
});

test('a client sends no more than it was told to', () => {
  const told = story(2);
  for (let i = 0; i < 3; i++) {
    const label = told.says('p', 'a', 1);
    told.sends('client', 'p', told.packetOf(label), label);
  }
  assert.deepEqual(sentencesOf(inFlight, told.ends()), ['p has 3 messages in flight on connection 2; 2 are allowed.']);
});
