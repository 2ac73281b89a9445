// Clients that the operator has something against: who is asked about, what each version hears, and what becomes of the Will.
// What is read from files, and when, is in test/reload/.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Action, Authorizer, Identity } from '../../src/auth/contract.ts';
import { lostRights, type Objection } from '../../src/broker/revoking.ts';
import { TestBroker } from './harness.ts';
import { will } from './sample-will.ts';
import { lateStore } from './test-store.ts';

/** An Authorizer that refuses to everybody what a test says. */
class TestAuthorizer implements Authorizer {
  readonly allowsAll = false;
  refused: readonly string[] = [];
  asked = 0;

  allows(_identity: Identity, action: Action, topic: string): boolean {
    this.asked++;
    return !this.refused.includes(`${action} ${topic}`);
  }
}

/** An objection to one client. */
function to(clientId: string): Objection {
  return ({ identity }) => (identity?.clientId === clientId ? 'It was taken back.' : undefined);
}

/** A whole sweep; gives how many connections it ended. */
function sweep({ broker }: TestBroker, objection: Objection): number {
  const pass = broker.revoke(objection);
  while (pass.step());
  return pass.ended;
}

for (const version of [3, 4, 5] as const) {
  test(`a client of version ${version} is disconnected (0x87, or without a word) with the reason in the log, and others are not`, async () => {
    const broker = await TestBroker.open();
    const gone = broker.connect({ version, clientId: 'gone' });
    const other = broker.connect({ version, clientId: 'other' });
    assert.equal(sweep(broker, to('gone')), 1);
    gone.expectEnd(0x87);
    assert.equal(other.ended, 'not yet');
    assert.match(broker.warnings().at(-1) ?? '', /^Client "gone" at .* was disconnected: .* It was taken back\.$/);
    assert.equal(broker.broker.counters.connectionsRevoked, 1);
  });
}

test('the session goes on, and so does the Will, as after any other end', async () => {
  const broker = await TestBroker.open();
  const observer = broker.connect({ clientId: 'observer' });
  observer.subscribe('will');
  const kept = { clientId: 'gone', clean: false, properties: { sessionExpiryInterval: 1000 } };
  broker.connect({ ...kept, will: will({ qos: 0 }) });
  sweep(broker, to('gone'));
  assert.deepEqual(observer.messages(), ['will=w']);
  assert.equal(broker.connect(kept).connack?.sessionPresent, true);
});

test('threat 35: a subscription that was allowed ends the connection when it no longer is, also a shared one; it is not counted as asked', async () => {
  for (const filter of ['a/#', '$share/g/a/#']) {
    const authorizer = new TestAuthorizer();
    const broker = await TestBroker.open({ authorizer });
    const reader = broker.connect({ clientId: 'reader' });
    const writer = broker.connect({ clientId: 'writer' });
    reader.subscribe('b');
    reader.subscribe(filter);
    assert.equal(sweep(broker, lostRights(authorizer)), 0);
    authorizer.refused = [`subscribe ${filter}`];
    assert.equal(sweep(broker, lostRights(authorizer)), 1);
    reader.expectEnd(0x87);
    assert.equal(writer.ended, 'not yet');
    assert.ok(broker.warnings().at(-1)?.includes(`may not subscribe to "${filter}" any more.`));
  }
});

test('a Will that is no longer allowed ends the connection, and is not published', async () => {
  const authorizer = new TestAuthorizer();
  const broker = await TestBroker.open({ authorizer });
  const observer = broker.connect({ clientId: 'observer' });
  observer.subscribe('will');
  const client = broker.connect({ clientId: 'c', will: will({ qos: 0 }) });
  authorizer.refused = ['will will'];
  assert.equal(sweep(broker, lostRights(authorizer)), 1);
  client.expectEnd(0x87);
  assert.deepEqual(observer.messages(), []);
});

test('who has not sent CONNECT yet, or waits for CONNACK, is asked about, too; its Will is not published', async () => {
  const { store, commit } = lateStore();
  const broker = await TestBroker.open({ store });
  const observer = broker.connect({ clientId: 'observer' });
  observer.subscribe('will');
  const silent = broker.dial();
  const properties = { sessionExpiryInterval: 1000 };
  const waiting = broker.knock({ clientId: 'waiting', clean: false, properties, will: will({ qos: 0 }) });
  const states: boolean[] = [];
  assert.equal(
    sweep(broker, ({ identity }) => {
      states.push(identity === undefined);
      return identity?.clientId === 'observer' ? undefined : 'It was taken back.';
    }),
    2,
  );
  assert.deepEqual(states, [false, true, false]);
  commit();
  for (const client of [silent, waiting]) assert.deepEqual([client.said(), client.ended], [[], 'end']);
  assert.deepEqual(observer.messages(), []);
});

test('a sweep lets the loop go on after each slice of 2 ms, and passes over who has gone meanwhile', async () => {
  const broker = await TestBroker.open();
  const clients = Array.from({ length: 10 }, (_, index) => broker.connect({ clientId: `c${index}` }));
  const asked: (string | undefined)[] = [];
  const pass = broker.broker.revoke(({ identity }) => {
    asked.push(identity?.clientId);
    broker.passUnnoticed(1);
    return 'It was taken back.';
  });
  assert.equal(pass.step(), true);
  assert.deepEqual(asked, ['c0', 'c1']);
  clients[2]?.disconnect();
  while (pass.step());
  assert.deepEqual([asked.length, asked.includes('c2'), pass.ended], [9, false, 9]);
});
