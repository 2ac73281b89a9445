import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from '../base/millis.ts';
import { packetId } from '../packet/packet-id.ts';
import { Flow, flow } from './session-flow.arbitrary.ts';

// Sending.

test('a QoS 0 message leaves without identifier and DUP, and is not remembered', () => {
  const self = flow().showRecords().publish('a', 0).expect('> PUBLISH a QoS 0');
  assert.equal(self.session.inFlightCount, 0);
});

test('a QoS 1 message is recorded before it leaves, and settled by PUBACK', () => {
  flow()
    .showRecords()
    .publish('a', 1)
    .expect('record sending a 1', '> PUBLISH a QoS 1 id 1')
    .receive('PUBACK 1')
    .expect('settle a 0x00');
});

test('a QoS 2 message goes through PUBREC, PUBREL and PUBCOMP, each recorded before it is answered', () => {
  flow()
    .showRecords()
    .publish('a', 2)
    .expect('record sending a 1', '> PUBLISH a QoS 2 id 1')
    .receive('PUBREC 1')
    .expect('record received a 1', '> PUBREL 1')
    .receive('PUBCOMP 1')
    .expect('settle a 0x00');
});

test('PUBRELs leave in the order of the PUBRECs, not of the PUBLISHes', () => {
  flow()
    .publish('a b', 2)
    .expect('> PUBLISH a QoS 2 id 1', '> PUBLISH b QoS 2 id 2')
    .receive('PUBREC 2', 'PUBREC 1')
    .expect('> PUBREL 2', '> PUBREL 1');
});

test("the window is the peer's Receive Maximum, for QoS 1 until PUBACK and for QoS 2 until PUBCOMP", () => {
  const self = flow({ sendMaximum: 2 }).publish('a', 1).publish('b', 2);
  assert.equal(self.session.canPublish(), false);
  self.receive('PUBREC 2');
  assert.equal(self.session.canPublish(), false);
  self.receive('PUBCOMP 2');
  assert.equal(self.session.canPublish(), true);
  self.publish('c', 1);
  assert.equal(self.session.canPublish(), false);
  self.receive('PUBACK 1');
  assert.equal(self.session.canPublish(), true);
});

test('with fewer identifiers than places in the window, it is identifiers that there must be enough of', () => {
  const { session } = new Flow(3).open({ sendMaximum: 10 }).publish('a b', 1);
  assert.equal(session.canPublish(), true);
  assert.equal(session.canPublish(2), false);
});

test('a PUBREC of 0x80 and above frees its place in the window and its identifier', () => {
  const self = flow({ sendMaximum: 1 }).publish('a', 2).receive('PUBREC 1 0x97');
  self.expect('> PUBLISH a QoS 2 id 1', 'settle a 0x97');
  assert.equal(self.session.canPublish(), true);
  assert.equal(self.session.inFlightCount, 0);
});

test('QoS 0 and answers do not wait for the window', () => {
  flow({ sendMaximum: 1 })
    .publish('a', 1)
    .publish('b', 0)
    .receive('PUBLISH c QoS 1 id 1', 'PINGREQ')
    .expect('> PUBLISH a QoS 1 id 1', '> PUBLISH b QoS 0', 'deliver c', '> PUBACK 1', '> PINGRESP');
});

test('publishing into a full window is a bug of the owner', () => {
  const self = flow({ sendMaximum: 1 }).publish('a', 1);
  assert.throws(() => self.publish('b', 1), { name: 'AssertionError' });
  assert.throws(() => self.close().publish('b', 0), { name: 'AssertionError' });
});

test('the owner may publish from inside settle and deliver', () => {
  flow({ sendMaximum: 1 })
    .echo('a', 'after')
    .echo('in', 'out')
    .publish('a', 1)
    .receive('PUBACK 1')
    .expect('> PUBLISH a QoS 1 id 1', 'settle a 0x00', '> PUBLISH after QoS 1 id 2')
    .receive('PUBACK 2', 'PUBLISH in QoS 2 id 9')
    .expect('settle after 0x00', 'deliver in', '> PUBLISH out QoS 1 id 3', '> PUBREC 9');
});

test('a delivery that cannot be sent after all is abandoned: settled, and its place is free', () => {
  const self = flow({ sendMaximum: 1 }).publish('a', 2).reconnect({ sendMaximum: 1 });
  self.expect('> PUBLISH a QoS 2 id 1', '> PUBLISH a QoS 2 id 1 dup');
  self.session.abandon(packetId(1), 0x95, millis(0));
  self.expect('settle a 0x95');
  assert.equal(self.session.canPublish(), true);
});

// Receiving.

test('a QoS 0 message is delivered and not answered', () => {
  flow().answer('a', 0x87).receive('PUBLISH a QoS 0').expect('deliver a');
});

test("PUBACK carries the owner's reason", () => {
  flow().answer('a', 0x10).receive('PUBLISH a QoS 1 id 7').expect('deliver a', '> PUBACK 7 0x10');
});

test('a QoS 2 message that came twice is delivered once, until PUBREL ends its identifier', () => {
  flow()
    .showRecords()
    .receive('PUBLISH a QoS 2 id 7', 'PUBLISH a QoS 2 id 7 dup')
    .expect('deliver a', '> PUBREC 7', '> PUBREC 7')
    .receive('PUBREL 7')
    .expect('record released 7', '> PUBCOMP 7')
    .receive('PUBLISH b QoS 2 id 7')
    .expect('deliver b', '> PUBREC 7');
});

test('acknowledgements that the owner gives in any order leave in the order of arrival', () => {
  flow()
    .postpone('a', 'b', 'c')
    .receive('PUBLISH a QoS 1 id 1', 'PUBLISH b QoS 2 id 2', 'PUBLISH c QoS 1 id 3', 'PUBLISH d QoS 1 id 4')
    .expect('deliver a', 'deliver b', 'deliver c', 'deliver d')
    .acknowledge('c', 0x10)
    .acknowledge('b', 0x97)
    .expect()
    .acknowledge('a')
    .expect('> PUBACK 1', '> PUBREC 2 0x97', '> PUBACK 3 0x10', '> PUBACK 4');
});

test('PUBCOMP does not wait for acknowledgements that are owed', () => {
  flow()
    .postpone('late')
    .receive('PUBLISH a QoS 2 id 1', 'PUBLISH late QoS 1 id 2', 'PUBREL 1')
    .expect('deliver a', '> PUBREC 1', 'deliver late', '> PUBCOMP 1');
});

test('copies of a QoS 2 message whose answer is owed are all answered with it, in their turn', () => {
  flow()
    .postpone('late')
    .receive('PUBLISH late QoS 2 id 1', 'PUBLISH a QoS 1 id 2', 'PUBLISH late QoS 2 id 1 dup')
    .expect('deliver late', 'deliver a')
    .acknowledge('late')
    .expect('> PUBREC 1', '> PUBACK 2', '> PUBREC 1')
    .receive('PUBREL 1')
    .expect('> PUBCOMP 1');
});

test('two QoS 1 messages under one identifier are two messages with two receipts', () => {
  const self = flow().postpone('a').receive('PUBLISH a QoS 1 id 1');
  const first = self.receiptOf('a');
  self.receive('PUBLISH a QoS 1 id 1 dup').expect('deliver a', 'deliver a');
  self.acknowledge('a').expect();
  self.session.acknowledge(first, 0x00);
  self.expect('> PUBACK 1', '> PUBACK 1');
});

test('a receipt counts once, even when its identifier is in use again', () => {
  const self = flow().postpone('a').receive('PUBLISH a QoS 1 id 1').acknowledge('a').expect('deliver a', '> PUBACK 1');
  const used = self.receiptOf('a');
  self.receive('PUBLISH a QoS 1 id 1').expect('deliver a');
  self.session.acknowledge(used, 0x00);
  self.expect().acknowledge('a').expect('> PUBACK 1');
});

test('the same holds for QoS 2', () => {
  const self = flow().postpone('a').receive('PUBLISH a QoS 2 id 1').acknowledge('a', 0x97);
  const used = self.expect('deliver a', '> PUBREC 1 0x97').receiptOf('a');
  self.receive('PUBLISH a QoS 2 id 1').expect('deliver a');
  self.session.acknowledge(used, 0x00);
  self.expect().expectBreach((peer) => peer.receive('PUBREL 1'), 'protocol-error', 'MQTT-4.3.3-4');
});

test('a QoS 2 message that the owner refused later is new when it comes again', () => {
  flow()
    .postpone('a')
    .receive('PUBLISH a QoS 2 id 1')
    .acknowledge('a', 0x97)
    .expect('deliver a', '> PUBREC 1 0x97')
    .receive('PUBLISH a QoS 2 id 1')
    .expect('deliver a');
});

test('an owner that throws in deliver has not taken the message: it is new when it comes again', () => {
  flow()
    .forbid('a', true)
    .expectBreach((peer) => peer.receive('PUBLISH a QoS 2 id 1'), 'protocol-error', '')
    .forbid('a', false)
    .reconnect()
    .receive('PUBLISH a QoS 2 id 1 dup')
    .expect('deliver a', '> PUBREC 1');
});

// Our Receive Maximum.

const THREE = ['PUBLISH a QoS 1 id 1', 'PUBLISH b QoS 2 id 2', 'PUBLISH a QoS 1 id 3'] as const;

test('a peer that exceeds our Receive Maximum is cut off with 0x93', () => {
  for (const [duty, statement] of [
    ['watch', 'MQTT-3.3.4-7'],
    ['ping', 'MQTT-3.3.4-9'],
  ] as const) {
    flow({ receiveMaximum: 2, keepAliveDuty: duty })
      .postpone('a', 'b')
      .receive(THREE[0], THREE[1])
      .expectBreach((peer) => peer.receive(THREE[2]), 'receive-maximum-exceeded', statement);
  }
});

test('a 3.x peer cannot know our Receive Maximum and is not held to it', () => {
  flow({ receiveMaximum: 2, receiveMaximumEnforced: false, version: 4 })
    .postpone('a', 'b')
    .receive(...THREE)
    .expect('deliver a', 'deliver b', 'deliver a');
});

test('PUBACK, PUBREC of 0x80 and above, and PUBCOMP make room; PUBREC does not', () => {
  const self = flow({ receiveMaximum: 1 }).answer('no', 0x87);
  self.receive('PUBLISH a QoS 1 id 1', 'PUBLISH a QoS 1 id 1', 'PUBLISH no QoS 2 id 2', 'PUBLISH a QoS 2 id 3');
  self.receive('PUBREL 3', 'PUBLISH a QoS 2 id 3');
  self.expectBreach((peer) => peer.receive('PUBLISH a QoS 1 id 4'), 'receive-maximum-exceeded', 'MQTT-3.3.4-7');
});

test('an answer that the owner holds back makes room when it has left', () => {
  const self = flow({ receiveMaximum: 1 }).hold(true).receive('PUBLISH a QoS 1 id 1');
  self.expect('deliver a', '> PUBACK 1 held').session.answerLeft();
  self.receive('PUBLISH b QoS 2 id 2').hold(false).receive('PUBREL 2').hold(true).receive('PUBLISH c QoS 1 id 3');
  self.expectBreach((peer) => peer.receive('PUBLISH d QoS 1 id 4'), 'receive-maximum-exceeded', 'MQTT-3.3.4-7');
});

test('a QoS 2 message that comes again counts once', () => {
  const again = 'PUBLISH a QoS 2 id 1 dup';
  const self = flow({ receiveMaximum: 2 }).receive('PUBLISH a QoS 2 id 1', again, again, again, 'PUBREL 1');
  self.receive('PUBLISH a QoS 2 id 1', 'PUBLISH a QoS 2 id 2');
  self.expectBreach((peer) => peer.receive('PUBLISH a QoS 2 id 3'), 'receive-maximum-exceeded', 'MQTT-3.3.4-7');
});

test('copies that are refused together make room for one', () => {
  const self = flow({ receiveMaximum: 1 }).postpone('a');
  self.receive('PUBLISH a QoS 2 id 1', 'PUBLISH a QoS 2 id 1 dup').acknowledge('a', 0x97);
  self.expect('deliver a', '> PUBREC 1 0x97', '> PUBREC 1 0x97').receive('PUBLISH b QoS 2 id 1');
  self.expectBreach((peer) => peer.receive('PUBLISH b QoS 2 id 2'), 'receive-maximum-exceeded', 'MQTT-3.3.4-7');
});

// Identifiers lent to SUBSCRIBE and UNSUBSCRIBE.

test('an identifier that is lent is in no flow, and free again once returned', () => {
  const self = flow();
  assert.equal(self.session.lendId(), 1);
  self.publish('a', 1).expect('> PUBLISH a QoS 1 id 2');
  assert.equal(self.session.returnId(packetId(1)), true);
  assert.equal(self.session.returnId(packetId(1)), false);
  assert.equal(self.session.returnId(packetId(2)), false);
  assert.equal(self.session.returnId(packetId(999)), false);
});

test('what was lent comes back with the end of the connection: no SUBACK will', () => {
  const self = flow().publish('a', 1).expect('> PUBLISH a QoS 1 id 1');
  for (let id = 2; id <= 65_535; id++) assert.equal(self.session.lendId(), id);
  assert.equal(self.session.lendId(), undefined);
  assert.equal(self.session.canPublish(), false);
  self.reconnect();
  assert.equal(self.session.canPublish(), true);
  assert.notEqual(self.session.lendId(), undefined);
});

test('a lent identifier does not count against the window', () => {
  const self = flow({ sendMaximum: 1 });
  self.session.lendId();
  assert.equal(self.session.canPublish(), true);
});
