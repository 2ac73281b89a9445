// What a session does between two connections with what it has in flight: when the peer has lost the session (`renew`), and with what
// cannot be sent again (`withdraw`).

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from '../base/millis.ts';
import { packetId } from '../packet/packet-id.ts';
import { ACKNOWLEDGE_LATER } from './output.ts';
import { Flow, flow } from './session-flow.arbitrary.ts';

/** The connection ends, and the next one finds that the peer has lost the session. */
function renewed(self: Flow, terms: Parameters<Flow['open']>[0] = {}): Flow {
  self.close().session.renew();
  return self.open(terms);
}

test('after a renewal what was sent is sent as new, in the original order, under the same identifiers, with DUP 0', () => {
  const self = flow().publish('a', 2).publish('b', 1).publish('c', 2).receive('PUBREC 1');
  self.expect('> PUBLISH a QoS 2 id 1', '> PUBLISH b QoS 1 id 2', '> PUBLISH c QoS 2 id 3', '> PUBREL 1');
  renewed(self).expect('settle a 0x00', '> PUBLISH b QoS 1 id 2', '> PUBLISH c QoS 2 id 3');
});

test('a renewal settles what is past PUBREC, in the order of the PUBRECs, and frees its identifiers', () => {
  const self = flow().publish('a b c', 2).receive('PUBREC 3', 'PUBREC 1');
  self
    .close()
    .expect('> PUBLISH a QoS 2 id 1', '> PUBLISH b QoS 2 id 2', '> PUBLISH c QoS 2 id 3', '> PUBREL 3', '> PUBREL 1');
  self.session.renew();
  self.expect('settle c 0x00', 'settle a 0x00');
  assert.equal(self.session.inFlightCount, 1);
  self.open().expect('> PUBLISH b QoS 2 id 2').receive('PUBCOMP 1').expect();
});

test('what was sent as new is sent again with DUP when the next connection resumes', () => {
  const self = flow().publish('a', 1).publish('b', 2);
  renewed(self).reconnect();
  self.expect(
    '> PUBLISH a QoS 1 id 1',
    '> PUBLISH b QoS 2 id 2',
    '> PUBLISH a QoS 1 id 1',
    '> PUBLISH b QoS 2 id 2',
    '> PUBLISH a QoS 1 id 1 dup',
    '> PUBLISH b QoS 2 id 2 dup',
  );
});

test("what a renewal could not send for lack of room has DUP 0 on the next connection, too: it has not been sent to this peer's session", () => {
  const self = flow().publish('a b', 1).expect('> PUBLISH a QoS 1 id 1', '> PUBLISH b QoS 1 id 2');
  renewed(self, { sendMaximum: 1 }).expect('> PUBLISH a QoS 1 id 1');
  self.reconnect().expect('> PUBLISH a QoS 1 id 1 dup', '> PUBLISH b QoS 1 id 2');
});

test('a renewal respects a smaller Receive Maximum, and nothing new passes', () => {
  const self = flow().publish('a', 2).publish('b c', 1).receive('PUBREC 1');
  self.expect('> PUBLISH a QoS 2 id 1', '> PUBLISH b QoS 1 id 2', '> PUBLISH c QoS 1 id 3', '> PUBREL 1');
  renewed(self, { sendMaximum: 1 }).expect('settle a 0x00', '> PUBLISH b QoS 1 id 2');
  assert.equal(self.session.canPublish(), false);
  self.receive('PUBACK 2').expect('settle b 0x00', '> PUBLISH c QoS 1 id 3');
  self.receive('PUBACK 3').expect('settle c 0x00').publish('d', 1).expect('> PUBLISH d QoS 1 id 4');
});

test('two renewals in a row are as one', () => {
  const self = flow().publish('a', 2).publish('b', 1).receive('PUBREC 1').close();
  self.expect('> PUBLISH a QoS 2 id 1', '> PUBLISH b QoS 1 id 2', '> PUBREL 1');
  self.session.renew();
  self.session.renew();
  self.expect('settle a 0x00').open().expect('> PUBLISH b QoS 1 id 2');
});

test('what is abandoned between a renewal and the next connection is not sent, and its identifier is free', () => {
  const self = flow().publish('a b', 2).close().expect('> PUBLISH a QoS 2 id 1', '> PUBLISH b QoS 2 id 2');
  self.session.renew();
  self.session.abandon(packetId(1), 0x80, millis(0));
  self.expect('settle a 0x80').open({ sendMaximum: 1 }).expect('> PUBLISH b QoS 2 id 2');
  assert.equal(self.session.canPublish(), false);
  self.receive('PUBREC 2', 'PUBCOMP 2').expect('> PUBREL 2', 'settle b 0x00');
  assert.equal(self.session.canPublish(), true);
});

test('a renewal forgets what the peer had sent: its identifiers may carry new messages, and that is recorded', () => {
  const self = flow().showRecords().receive('PUBLISH a QoS 2 id 5', 'PUBLISH b QoS 2 id 6');
  self.expect('deliver a', '> PUBREC 5', 'deliver b', '> PUBREC 6');
  renewed(self).expect('record released 5', 'record released 6');
  assert.equal(self.session.exactlyOnceCount, 0);
  self.receive('PUBLISH c QoS 2 id 5').expect('deliver c', '> PUBREC 5');
  self.receive('PUBREL 6').expect('> PUBCOMP 6 0x92');
});

test('a receipt from before a renewal is void, also where the identifier has come again', () => {
  const self = flow().postpone('a', 'b').receive('PUBLISH a QoS 2 id 5').expect('deliver a');
  renewed(self).receive('PUBLISH b QoS 2 id 5').expect('deliver b');
  self.acknowledge('a').expect().acknowledge('b').expect('> PUBREC 5');
});

test('a receipt of the connection after a renewal counts on the one after that', () => {
  const self = renewed(flow()).answer('a', ACKNOWLEDGE_LATER).receive('PUBLISH a QoS 2 id 5').expect('deliver a');
  self.close().acknowledge('a').open();
  self.receive('PUBLISH a QoS 2 id 5 dup').expect('> PUBREC 5');
});

test('what a store remembered can be renewed: past PUBREC is settled, the rest is sent as new', () => {
  const self = new Flow()
    .restore(7, 'released', 'awaiting-pubcomp')
    .restore(3, 'a', 'awaiting-pubrec')
    .restore(9, 'b', 'awaiting-puback');
  self.session.restoreInbound(packetId(4));
  self.showRecords().session.renew();
  self.expect('record released 4', 'settle released 0x00').open();
  self.expect('> PUBLISH a QoS 2 id 3', '> PUBLISH b QoS 1 id 9').publish('c', 1);
  self.expect('record sending c 1', '> PUBLISH c QoS 1 id 1');
});

test('a session is renewed between connections only', () => {
  const self = flow();
  assert.throws(() => self.session.renew(), /between connections/);
});

test('what is withdrawn is not sent again: PUBREL goes in its place, last of all, and its identifier is free with PUBCOMP', () => {
  const self = flow().showRecords().publish('a b c', 2).receive('PUBREC 3').close();
  self.expect(
    'record sending a 1',
    '> PUBLISH a QoS 2 id 1',
    'record sending b 2',
    '> PUBLISH b QoS 2 id 2',
    'record sending c 3',
    '> PUBLISH c QoS 2 id 3',
    'record received c 3',
    '> PUBREL 3',
  );
  self.session.withdraw(packetId(1));
  self.expect('record received a 1').open({ sendMaximum: 3 });
  self.expect('> PUBREL 3', '> PUBREL 1', '> PUBLISH b QoS 2 id 2 dup');
  assert.equal(self.session.canPublish(), false);
  self.receive('PUBCOMP 1 0x92').expect('settle a 0x00');
  assert.equal(self.session.canPublish(), true);
});

test('a late PUBREC for what was withdrawn is answered as for anything past PUBREC', () => {
  const self = flow().publish('a', 2).close().expect('> PUBLISH a QoS 2 id 1');
  self.session.withdraw(packetId(1));
  self.open().expect('> PUBREL 1').receive('PUBREC 1').expect('> PUBREL 1');
  self.receive('PUBCOMP 1').expect('settle a 0x00');
});

test('only a QoS 2 delivery without PUBREC is withdrawn, and only between connections', () => {
  const self = flow().publish('a', 1).publish('b', 2).receive('PUBREC 2');
  assert.throws(() => self.session.withdraw(packetId(1)), /between connections/);
  self.close();
  for (const id of [1, 2, 3]) assert.throws(() => self.session.withdraw(packetId(id)), /waits for PUBREC/);
});
