import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from '../base/millis.ts';
import { flow } from './session-flow.arbitrary.ts';

const TEN = { keepAlive: millis(10_000) };
const WATCH = { ...TEN, keepAliveDuty: 'watch' } as const;
const PING = { ...TEN, keepAliveDuty: 'ping' } as const;

test('a Keep Alive of 0 has no deadline, for either duty', () => {
  flow({ keepAliveDuty: 'watch' }).tickAt(undefined).at(1e9).tickAt(undefined).expect();
  flow({ keepAliveDuty: 'ping' }).tickAt(undefined).at(1e9).tickAt(undefined).expect();
});

test('a server cuts off a client that is silent for one and a half times Keep Alive', () => {
  flow(WATCH).expectBreach((peer) => peer.tickAt(15_000), 'keep-alive-timeout', 'MQTT-3.1.2-22');
});

test('whatever the client sends puts the deadline off; what the server sends does not', () => {
  const self = flow(WATCH).at(9_000).receive('PUBLISH a QoS 0').at(12_000).publish('b', 0);
  assert.equal(self.session.nextDeadline(), 24_000);
  self.at(20_000);
  self.session.noteReceived(millis(20_000));
  self.expectBreach((peer) => peer.tickAt(35_000), 'keep-alive-timeout', 'MQTT-3.1.2-22');
});

test('a tick before the deadline does nothing', () => {
  const self = flow(WATCH).at(14_999);
  self.session.tick(millis(14_999));
  self.expect();
});

test('a client pings before Keep Alive passes in silence, once, and again an interval after the answer', () => {
  flow(PING)
    .tickAt(9_000)
    .expect('> PINGREQ')
    .at(9_100)
    .receive('PINGRESP')
    .tickAt(18_000)
    .expect('> PINGREQ')
    .at(18_100)
    .receive('PINGRESP')
    .tickAt(27_000)
    .expect('> PINGREQ');
});

test('a client that only sends pings, too, or it would not notice that nobody is there', () => {
  flow(PING).at(8_000).publish('a', 0).expect('> PUBLISH a QoS 0').tickAt(9_000).expect('> PINGREQ');
});

test('a client that only receives pings, too, or the server would cut it off', () => {
  flow(PING).at(8_000).receive('PUBLISH a QoS 0').expect('deliver a').tickAt(9_000).expect('> PINGREQ');
});

test('a client that sends and receives does not ping', () => {
  flow(PING)
    .at(8_000)
    .publish('a', 1)
    .receive('PUBACK 1')
    .expect('> PUBLISH a QoS 1 id 1', 'settle a 0x00')
    .tickAt(17_000)
    .expect('> PINGREQ');
});

test('a client gives up when nothing comes within as long again after its PINGREQ', () => {
  flow(PING)
    .tickAt(9_000)
    .expect('> PINGREQ')
    .at(12_000)
    .publish('a', 0)
    .expectBreach((peer) => peer.tickAt(18_000), 'keep-alive-timeout', '');
});

test('anything that comes after a PINGREQ shows that the server is there', () => {
  flow(PING)
    .tickAt(9_000)
    .at(17_999)
    .receive('PUBLISH a QoS 0')
    .expect('> PINGREQ', 'deliver a')
    .tickAt(18_000)
    .expect('> PINGREQ');
});

test('between connections there is no deadline', () => {
  flow(WATCH).close().tickAt(undefined);
});
