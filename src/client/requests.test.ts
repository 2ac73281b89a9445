import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OperationError } from '../base/errors.ts';
import type { SubackPacket, UnsubackPacket } from '../packet/packet.ts';
import { packetId } from '../packet/packet-id.ts';
import { NO_REASON_PROPERTIES } from '../packet/properties.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import { outgoingUnsubscribe } from './outgoing.ts';
import { type MakeRequest, Requests } from './requests.ts';
import { agreement } from './subscribing.arbitrary.ts';

/** Requests of a client, and what they send, as lines. */
class Script {
  readonly requests: Requests;
  readonly sent: string[];
  freeIds: number;
  private idLast: number;

  constructor() {
    this.sent = [];
    this.freeIds = 10;
    this.idLast = 0;
    this.requests = new Requests({
      lendId: () => (this.freeIds-- > 0 ? packetId(++this.idLast) : undefined),
      send: (packet) => {
        assert.ok(packet.kind === 'unsubscribe');
        this.sent.push(`${packet.id} ${packet.filters.join(' ')}`);
      },
    });
  }

  ask(filters: string, signal?: AbortSignal): Promise<readonly ReasonCode[]> {
    return this.requests.ask(unsubscribe(filters), signal);
  }
}

function unsubscribe(filters: string): MakeRequest {
  return (agreed) => outgoingUnsubscribe(filters.split(' '), agreed);
}

function answer(
  kind: 'suback' | 'unsuback',
  id: number,
  ...reasonCodes: readonly ReasonCode[]
): SubackPacket | UnsubackPacket {
  return { kind, id: packetId(id), reasonCodes, properties: NO_REASON_PROPERTIES };
}

test('requests wait for a connection, and leave in the order of the calls', async () => {
  const { requests, sent, ask } = bound(new Script());
  const first = ask('a');
  const second = ask('b c');
  assert.deepEqual(sent, []);
  requests.opened(agreement());
  const third = ask('d');
  assert.deepEqual(sent, ['1 a', '2 b c', '3 d']);
  requests.settle(answer('unsuback', 2, 0, 0x11));
  requests.settle(answer('unsuback', 1, 0));
  requests.settle(answer('unsuback', 3, 0x80));
  assert.deepEqual(await Promise.all([first, second, third]), [[0], [0, 0x11], [0x80]]);
  assert.equal(requests.pendingCount, 0);
});

test('what was not answered is sent again on the next connection, before what was asked later', async () => {
  const { requests, sent, ask } = bound(new Script());
  requests.opened(agreement());
  void ask('a');
  void ask('b');
  const third = ask('c');
  requests.settle(answer('unsuback', 2, 0));
  requests.connectionEnded();
  void ask('d');
  assert.equal(requests.pendingCount, 3);
  assert.throws(() => requests.settle(answer('unsuback', 3, 0)), { statement: 'MQTT-2.2.1-6' });
  requests.opened(agreement());
  assert.deepEqual(sent.slice(3), ['4 a', '5 c', '6 d']);
  requests.settle(answer('unsuback', 5, 0x11));
  assert.deepEqual(await third, [0x11]);
});

test('a packet is made for each connection, and one that cannot be made rejects its request alone', async () => {
  const { requests, sent, ask } = bound(new Script());
  const large = ask('a'.repeat(50));
  void ask('b');
  requests.opened(agreement({ maximumPacketSize: 100 }));
  requests.connectionEnded();
  requests.opened(agreement({ maximumPacketSize: 40 }));
  await assert.rejects(large, { name: 'OperationError', code: 'too-large' });
  assert.deepEqual(sent.slice(2), ['3 b']);
  assert.equal(requests.pendingCount, 1);
});

test('without a free identifier a request waits until one comes back', () => {
  const script = new Script();
  const { requests, sent, ask } = bound(script);
  script.freeIds = 1;
  requests.opened(agreement());
  void ask('a');
  void ask('b');
  void ask('c');
  assert.deepEqual(sent, ['1 a']);
  script.freeIds = 1;
  requests.settle(answer('unsuback', 1, 0));
  assert.deepEqual(sent, ['1 a', '2 b']);
  script.freeIds = 1;
  requests.sendWaiting();
  assert.deepEqual(sent, ['1 a', '2 b', '3 c']);
});

test('an aborted request that waits is not sent, and rejects with the reason', async () => {
  const { requests, sent, ask } = bound(new Script());
  const giveUp = new AbortController();
  const waiting = ask('a', giveUp.signal);
  const reason = new Error('enough');
  giveUp.abort(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(ask('b', giveUp.signal), reason);
  requests.opened(agreement());
  assert.deepEqual(sent, []);
  assert.equal(requests.pendingCount, 0);
});

test('the answer to an aborted request that was sent is taken, and no other connection sees it again', async () => {
  const { requests, sent, ask } = bound(new Script());
  const giveUp = new AbortController();
  requests.opened(agreement());
  const first = ask('a', giveUp.signal);
  const second = ask('b', giveUp.signal);
  giveUp.abort();
  await assert.rejects(first, { name: 'AbortError' });
  await assert.rejects(second, { name: 'AbortError' });
  requests.settle(answer('unsuback', 1, 0));
  requests.connectionEnded();
  requests.opened(agreement());
  assert.deepEqual(sent, ['1 a', '2 b']);
});

test('an answer to nothing, of the wrong kind or to less than was asked breaks a rule', () => {
  const { requests, ask } = bound(new Script());
  requests.opened(agreement());
  void ask('a b');
  for (const [packet, statement] of [
    [answer('unsuback', 9, 0, 0), 'MQTT-2.2.1-6'],
    [answer('suback', 1, 0, 0), 'MQTT-2.2.1-6'],
    [answer('unsuback', 1, 0), 'MQTT-3.11.3-1'],
  ] as const) {
    assert.throws(() => requests.settle(packet), { name: 'ProtocolError', statement });
  }
});

test('UNSUBACK of MQTT 3.1.1 says nothing but yes', async () => {
  const { requests, ask } = bound(new Script());
  requests.opened(agreement({}, 4));
  const asking = ask('a b');
  requests.settle(answer('unsuback', 1));
  assert.deepEqual(await asking, [0, 0]);
});

test('when the client is over, requests are rejected, later ones too', async () => {
  const { requests, sent, ask } = bound(new Script());
  requests.opened(agreement());
  const first = ask('a');
  requests.connectionEnded();
  const second = ask('b');
  const error = new OperationError('closed', 'Over.');
  requests.rejectAll(error);
  for (const asking of [first, second, ask('c')]) await assert.rejects(asking, error);
  assert.equal(requests.pendingCount, 0);
  assert.deepEqual(sent, ['1 a']);
});

/** The parts of a script, for short lines. Promises that a test does not look at may be rejected. */
function bound(script: Script): Pick<Script, 'requests' | 'sent' | 'ask'> {
  const { requests, sent } = script;
  return { requests, sent, ask: (filters, signal) => script.ask(filters, signal) };
}
