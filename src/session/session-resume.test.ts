// What a session does when its connection ends and another one begins (section 4.4).

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from '../base/millis.ts';
import { packetId } from '../packet/packet-id.ts';
import { Flow, flow } from './session-flow.arbitrary.ts';

// What we send again.

test('a resume sends PUBRELs in the order of the PUBRECs, then PUBLISHes in the order of sending with DUP', () => {
  flow()
    .publish('a', 2)
    .publish('b', 1)
    .publish('c d e', 2)
    .receive('PUBREC 4', 'PUBREC 1')
    .expect(
      '> PUBLISH a QoS 2 id 1',
      '> PUBLISH b QoS 1 id 2',
      '> PUBLISH c QoS 2 id 3',
      '> PUBLISH d QoS 2 id 4',
      '> PUBLISH e QoS 2 id 5',
      '> PUBREL 4',
      '> PUBREL 1',
    )
    .showRecords()
    .reconnect()
    .expect(
      '> PUBREL 4',
      '> PUBREL 1',
      '> PUBLISH b QoS 1 id 2 dup',
      '> PUBLISH c QoS 2 id 3 dup',
      '> PUBLISH e QoS 2 id 5 dup',
    );
});

test('nothing is sent again while the connection lasts', () => {
  flow({ keepAlive: millis(10_000), keepAliveDuty: 'ping' })
    .publish('a', 1)
    .expect('> PUBLISH a QoS 1 id 1')
    .tickAt(9_000)
    .expect('> PINGREQ')
    .receive('PINGRESP')
    .tickAt(18_000)
    .expect('> PINGREQ');
});

test('what is settled is not sent again', () => {
  flow()
    .publish('a', 1)
    .publish('b c', 2)
    .receive('PUBACK 1', 'PUBREC 2 0x97', 'PUBREC 3', 'PUBCOMP 3')
    .reconnect()
    .expect(
      '> PUBLISH a QoS 1 id 1',
      '> PUBLISH b QoS 2 id 2',
      '> PUBLISH c QoS 2 id 3',
      'settle a 0x00',
      'settle b 0x97',
      '> PUBREL 3',
      'settle c 0x00',
    );
});

test('a delivery that is sent again keeps its identifier, and a new one gets another', () => {
  flow()
    .publish('a b', 1)
    .receive('PUBACK 1')
    .reconnect()
    .publish('c', 1)
    .expect(
      '> PUBLISH a QoS 1 id 1',
      '> PUBLISH b QoS 1 id 2',
      'settle a 0x00',
      '> PUBLISH b QoS 1 id 2 dup',
      '> PUBLISH c QoS 1 id 3',
    );
});

test('a resume with a smaller Receive Maximum sends again piecemeal, and nothing new in between', () => {
  const self = flow().publish('a', 2).publish('b c d', 1).receive('PUBREC 1').reconnect({ sendMaximum: 2 });
  self.expect(
    '> PUBLISH a QoS 2 id 1',
    '> PUBLISH b QoS 1 id 2',
    '> PUBLISH c QoS 1 id 3',
    '> PUBLISH d QoS 1 id 4',
    '> PUBREL 1',
    '> PUBREL 1',
    '> PUBLISH b QoS 1 id 2 dup',
  );
  assert.equal(self.session.canPublish(), false);
  self.receive('PUBACK 2').expect('settle b 0x00', '> PUBLISH c QoS 1 id 3 dup');
  assert.equal(self.session.canPublish(), false);
  self.receive('PUBCOMP 1').expect('settle a 0x00', '> PUBLISH d QoS 1 id 4 dup');
  assert.equal(self.session.canPublish(), false);
  self.receive('PUBACK 3').expect('settle c 0x00');
  assert.equal(self.session.canPublish(), true);
});

test('what is past PUBREC may be more than a smaller Receive Maximum, and PUBLISH waits until it is not', () => {
  flow()
    .publish('a b c', 2)
    .receive('PUBREC 1', 'PUBREC 2')
    .expect('> PUBLISH a QoS 2 id 1', '> PUBLISH b QoS 2 id 2', '> PUBLISH c QoS 2 id 3', '> PUBREL 1', '> PUBREL 2')
    .reconnect({ sendMaximum: 1 })
    .expect('> PUBREL 1', '> PUBREL 2')
    .receive('PUBCOMP 1')
    .expect('settle a 0x00')
    .receive('PUBCOMP 2')
    .expect('settle b 0x00', '> PUBLISH c QoS 2 id 3 dup');
});

test('what is answered before its turn to be sent again is not sent again', () => {
  flow()
    .publish('a b', 1)
    .publish('c d', 2)
    .publish('e', 1)
    .reconnect({ sendMaximum: 1 })
    .expect(
      '> PUBLISH a QoS 1 id 1',
      '> PUBLISH b QoS 1 id 2',
      '> PUBLISH c QoS 2 id 3',
      '> PUBLISH d QoS 2 id 4',
      '> PUBLISH e QoS 1 id 5',
      '> PUBLISH a QoS 1 id 1 dup',
    )
    // The first to wait is answered, one further back, and one refused.
    .receive('PUBACK 2', 'PUBREC 4', 'PUBREC 3 0x97')
    .expect('settle b 0x00', '> PUBREL 4', 'settle c 0x97')
    .receive('PUBACK 1')
    .expect('settle a 0x00')
    .receive('PUBCOMP 4')
    .expect('settle d 0x00', '> PUBLISH e QoS 1 id 5 dup');
});

test('a second resume in the middle of the first begins from the start', () => {
  flow()
    .publish('a b', 1)
    .reconnect({ sendMaximum: 1 })
    .reconnect({ sendMaximum: 1 })
    .expect(
      '> PUBLISH a QoS 1 id 1',
      '> PUBLISH b QoS 1 id 2',
      '> PUBLISH a QoS 1 id 1 dup',
      '> PUBLISH a QoS 1 id 1 dup',
    )
    .receive('PUBACK 1')
    .expect('settle a 0x00', '> PUBLISH b QoS 1 id 2 dup');
});

test('a session that was cleared sends nothing again and knows no identifier', () => {
  const self = flow().publish('a', 1).publish('b', 2).receive('PUBREC 2', 'PUBLISH c QoS 2 id 9').close();
  assert.deepEqual([self.session.inFlightCount, self.session.exactlyOnceCount], [2, 1]);
  self.session.clear();
  assert.deepEqual([self.session.inFlightCount, self.session.exactlyOnceCount], [0, 0]);
  self.expect('> PUBLISH a QoS 1 id 1', '> PUBLISH b QoS 2 id 2', '> PUBREL 2', 'deliver c', '> PUBREC 9');
  self
    .open()
    .receive('PUBLISH c QoS 2 id 9')
    .publish('d', 1)
    .expect('deliver c', '> PUBREC 9', '> PUBLISH d QoS 1 id 1');
});

// What a store remembered.

test('restored deliveries are sent again in their order and state, and new identifiers go round them', () => {
  new Flow()
    .restore(3, 'a', 'awaiting-pubcomp')
    .restore(40, 'b', 'awaiting-puback')
    .restore(1, 'c', 'awaiting-pubrec')
    .open()
    .publish('d e', 1)
    .expect(
      '> PUBREL 3',
      '> PUBLISH b QoS 1 id 40 dup',
      '> PUBLISH c QoS 2 id 1 dup',
      '> PUBLISH d QoS 1 id 2',
      '> PUBLISH e QoS 1 id 4',
    );
});

test('what is abandoned before the connection opens is not sent on it, and its identifier is free', () => {
  const self = new Flow().restore(1, 'a', 'awaiting-puback').restore(2, 'b', 'awaiting-pubrec');
  self.session.abandon(packetId(1), 0x95, millis(0));
  self.expect('settle a 0x95').open({ sendMaximum: 2 }).publish('c', 1);
  self.expect('> PUBLISH b QoS 2 id 2 dup', '> PUBLISH c QoS 1 id 1');
  assert.equal(self.session.canPublish(), false);
});

test('only what waits for PUBACK or PUBREC can be abandoned', () => {
  const self = flow().publish('a', 2).receive('PUBREC 1');
  assert.throws(() => self.session.abandon(packetId(1), 0x95, millis(0)), { name: 'AssertionError' });
  assert.throws(() => self.session.abandon(packetId(2), 0x95, millis(0)), { name: 'AssertionError' });
});

test('a restored QoS 2 identifier is a duplicate until its PUBREL, and does not count as unacknowledged', () => {
  const self = new Flow();
  self.session.restoreInbound(packetId(7));
  self.session.restoreInbound(packetId(8));
  self
    .open({ receiveMaximum: 1 })
    .receive('PUBREL 8', 'PUBLISH a QoS 2 id 7 dup', 'PUBREL 7', 'PUBLISH a QoS 2 id 7')
    .expect('> PUBCOMP 8', '> PUBREC 7', '> PUBCOMP 7', 'deliver a', '> PUBREC 7');
  self.expectBreach((peer) => peer.receive('PUBLISH b QoS 1 id 1'), 'receive-maximum-exceeded', 'MQTT-3.3.4-7');
});

test('what is in flight and what is received can be visited, in order', () => {
  const self = flow()
    .publish('a', 1)
    .publish('b c', 2)
    .receive('PUBREC 3', 'PUBLISH d QoS 2 id 6', 'PUBLISH e QoS 2 id 5');
  const deliveries: string[] = [];
  self.session.forEachInFlight(({ message }, state) => deliveries.push(`${message.topic} ${state}`));
  assert.deepEqual(deliveries, ['c released', 'a sent', 'b sent']);
  const ids: number[] = [];
  self.session.forEachExactlyOnce((id) => ids.push(id));
  assert.deepEqual(ids, [6, 5]);
});

// What the peer sends again.

test('a QoS 2 message that is sent again after a resume is not delivered again', () => {
  flow()
    .receive('PUBLISH a QoS 2 id 1')
    .reconnect()
    .receive('PUBLISH a QoS 2 id 1 dup')
    .expect('deliver a', '> PUBREC 1', '> PUBREC 1')
    .reconnect()
    .receive('PUBREL 1')
    .expect('> PUBCOMP 1');
});

test('a PUBREL that answers an earlier connection makes no room on this one', () => {
  const self = flow().receive('PUBLISH a QoS 2 id 1').reconnect({ receiveMaximum: 1 });
  self.receive('PUBLISH b QoS 2 id 2', 'PUBREL 1');
  self.expectBreach((peer) => peer.receive('PUBLISH c QoS 2 id 3'), 'receive-maximum-exceeded', 'MQTT-3.3.4-7');
});

test('the same holds when its PUBCOMP is held back', () => {
  const self = flow().receive('PUBLISH a QoS 2 id 1').reconnect({ receiveMaximum: 1 });
  self.receive('PUBLISH b QoS 2 id 2').hold(true).receive('PUBREL 1').session.answerLeft();
  self.expectBreach((peer) => peer.receive('PUBLISH c QoS 2 id 3'), 'receive-maximum-exceeded', 'MQTT-3.3.4-7');
});

test('a QoS 1 receipt of an earlier connection is void', () => {
  flow()
    .postpone('a')
    .receive('PUBLISH a QoS 1 id 1')
    .reconnect()
    .acknowledge('a')
    .expect('deliver a')
    .receive('PUBLISH a QoS 1 id 1 dup')
    .acknowledge('a')
    .expect('deliver a', '> PUBACK 1');
});

test('a QoS 2 receipt of an earlier connection counts: the copies that came meanwhile are answered with it', () => {
  flow()
    .postpone('a')
    .receive('PUBLISH a QoS 2 id 1')
    .reconnect({ receiveMaximum: 2 })
    .receive('PUBLISH a QoS 2 id 1 dup', 'PUBLISH b QoS 1 id 2')
    .expect('deliver a', 'deliver b')
    .acknowledge('a')
    .expect('> PUBREC 1', '> PUBACK 2')
    .receive('PUBREL 1')
    .expect('> PUBCOMP 1');
});

test('a QoS 2 message that was acknowledged between connections is a duplicate when it comes again', () => {
  flow()
    .postpone('a')
    .receive('PUBLISH a QoS 2 id 1')
    .close()
    .acknowledge('a')
    .open()
    .receive('PUBLISH a QoS 2 id 1 dup')
    .expect('deliver a', '> PUBREC 1');
});

test('a QoS 2 message that was refused between connections is new when it comes again', () => {
  flow()
    .postpone('a')
    .receive('PUBLISH a QoS 2 id 1')
    .close()
    .acknowledge('a', 0x97)
    .open()
    .receive('PUBLISH a QoS 2 id 1 dup')
    .expect('deliver a', 'deliver a');
});

test('a refusal from an earlier connection makes room when it leaves', () => {
  flow()
    .postpone('a')
    .receive('PUBLISH a QoS 2 id 1')
    .reconnect({ receiveMaximum: 1 })
    .receive('PUBLISH a QoS 2 id 1 dup')
    .acknowledge('a', 0x97)
    .receive('PUBLISH b QoS 1 id 1')
    .expect('deliver a', '> PUBREC 1 0x97', 'deliver b', '> PUBACK 1');
});

test('a receipt from before the session was cleared is void', () => {
  const self = flow().postpone('a').receive('PUBLISH a QoS 2 id 1').close();
  const old = self.receiptOf('a');
  self.session.clear();
  self.open().receive('PUBLISH a QoS 2 id 1').expect('deliver a', 'deliver a');
  self.session.acknowledge(old, 0x00);
  self.expect().acknowledge('a').expect('> PUBREC 1');
});

test('answers that were owed to an earlier connection do not hold up this one', () => {
  flow()
    .postpone('a')
    .receive('PUBLISH a QoS 1 id 1', 'PUBLISH b QoS 1 id 2')
    .reconnect()
    .receive('PUBLISH c QoS 1 id 3')
    .expect('deliver a', 'deliver b', 'deliver c', '> PUBACK 3');
});

test('a session has one connection at a time', () => {
  assert.throws(() => flow().open(), { name: 'AssertionError' });
  assert.throws(() => flow().session.clear(), { name: 'AssertionError' });
  assert.equal(flow().close().session.isConnected, false);
});
