// Wills over a restart of the broker (section 3.1.2.5): who is back in time has none published, who is not has one, once.
// The store is the one in memory, or a late one: what is in it is what a crash leaves.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Authenticator } from '../../src/auth/contract.ts';
import { millis } from '../../src/base/millis.ts';
import { type BrokerOptions, type ConnectChoice, connectPacket, TestBroker, type TestClient } from './harness.ts';
import { JournalStore } from './journal-store.ts';
import { will } from './sample-will.ts';
import { lateStore, memoryStore } from './test-store.ts';

const VERSIONS = [3, 4, 5] as const;
const GRACE = 15;
/** Sees every Will, whenever it is published. */
const OBSERVER = { clientId: 'observer', clean: false, properties: { sessionExpiryInterval: 1_000_000 } } as const;

/** A client with a Will; an expiry of 0 ends its session with the connection. */
function mortal(expiry: number, delay: number, choice: ConnectChoice = {}): ConnectChoice {
  const properties = choice.version === undefined || choice.version === 5 ? { sessionExpiryInterval: expiry } : {};
  return { clientId: 'c', clean: expiry === 0, will: will({ delayInterval: delay }), properties, ...choice };
}

/** A broker that lives as long as its process, and the next one. */
class Lives {
  readonly store: ReturnType<typeof memoryStore>;
  private readonly options: BrokerOptions;
  broker: TestBroker;
  observer: TestClient;

  private constructor(store: ReturnType<typeof memoryStore>, options: BrokerOptions, broker: TestBroker) {
    this.store = store;
    this.options = options;
    this.broker = broker;
    this.observer = broker.connect(OBSERVER);
    this.observer.subscribe('will');
  }

  static async begin(options: BrokerOptions = {}): Promise<Lives> {
    const store = memoryStore();
    return new Lives(store, options, await TestBroker.open({ ...options, store }));
  }

  /** The broker is killed; the next one comes after so many seconds, in which the clock goes on. */
  async crash(downSeconds = 0): Promise<void> {
    const monotonic = this.broker.monotonicClock + downSeconds * 1000;
    this.broker = await TestBroker.open({ ...this.options, store: this.store, monotonic });
    this.observer = this.broker.connect(OBSERVER);
  }

  /** The broker is stopped in good order; the next one comes after so many seconds. */
  async stop(downSeconds = 0): Promise<void> {
    await this.broker.broker.close();
    await this.crash(downSeconds);
  }

  /** Claims that the Will comes after so many seconds, not sooner, and once. */
  expectWillAfter(seconds: number): void {
    if (seconds > 0) {
      this.broker.pass(seconds * 1000 - 1);
      assert.deepEqual(this.observer.acknowledgeAll(), []);
      this.broker.pass(1);
    }
    assert.equal(this.observer.acknowledgeAll().length, 1);
    this.broker.pass(900_000_000);
    assert.deepEqual(this.observer.acknowledgeAll(), []);
    assert.equal(this.store.statistics().wills, 0);
  }

  /** Claims that no Will comes. */
  expectNoWill(): void {
    this.broker.pass(900_000_000);
    assert.deepEqual(this.observer.acknowledgeAll(), []);
    assert.equal(this.store.statistics().wills, 0);
  }
}

describe('the Will of a client that was connected at a crash', () => {
  for (const [expiry, delay, after] of [
    [0, 0, GRACE],
    // The session is over: its delay is, too.
    [0, 100, GRACE],
    [600, 0, GRACE],
    [600, 5, GRACE],
    [600, 100, 100],
    // The session ends first.
    [10, 0, 10],
    [50, 100, 50],
  ] as const) {
    test(`is published ${after} s after the restart, with a Session Expiry of ${expiry} s and a delay of ${delay} s`, async () => {
      const lives = await Lives.begin();
      lives.broker.connect(mortal(expiry, delay));
      await lives.crash(1_000);
      lives.expectWillAfter(after);
    });

    for (const clean of [true, false]) {
      test(`is cancelled by the client's return before that, with Clean Start ${clean}, ${expiry} s and ${delay} s`, async () => {
        const lives = await Lives.begin();
        lives.broker.connect(mortal(expiry, delay));
        await lives.crash(1_000);
        lives.broker.pass(after * 1000 - 1);
        const back = lives.broker.connect({ clientId: 'c', clean, properties: { sessionExpiryInterval: 600 } });
        assert.equal(back.connack?.sessionPresent, !clean && expiry > 0);
        back.cut();
        lives.expectNoWill();
      });
    }
  }

  test('is published for 3.x as for 5, whatever its Clean Session', async () => {
    for (const version of VERSIONS) {
      for (const clean of version === 3 ? [true] : [true, false]) {
        const lives = await Lives.begin();
        lives.broker.connect(mortal(600, 0, { version, clean }));
        await lives.crash();
        lives.expectWillAfter(GRACE);
      }
    }
  });

  test('is published after as long a grace as the broker is told to give, if any', async () => {
    for (const grace of [0, 1, 3600]) {
      const lives = await Lives.begin({ limits: { willRestartGrace: millis(grace * 1000) } });
      lives.broker.connect(mortal(0, 0));
      await lives.crash();
      lives.broker.pass(0);
      lives.expectWillAfter(grace);
    }
  });

  test('is put off again by a crash before that, and comes once', async () => {
    for (const expiry of [0, 600]) {
      const lives = await Lives.begin();
      lives.broker.connect(mortal(expiry, 0));
      for (let crash = 0; crash < 3; crash++) {
        await lives.crash();
        lives.broker.pass(GRACE * 1000 - 1);
      }
      await lives.crash();
      lives.expectWillAfter(GRACE);
    }
  });

  test('is replaced by that of the connection that the client came back with', async () => {
    for (const expiry of [0, 600]) {
      const lives = await Lives.begin();
      lives.broker.connect(mortal(expiry, 0));
      await lives.crash();
      lives.broker.connect(mortal(expiry, 0, { will: will({ payload: Buffer.from('second') }) })).cut();
      assert.deepEqual(lives.observer.messages(), ['will=second']);
      lives.broker.pass(1_000_000);
      assert.deepEqual(lives.observer.messages(), []);
    }
  });

  test('asks for the right to be published when it is', async () => {
    let isAllowed = true;
    const asked: (string | undefined)[] = [];
    const authenticator: Authenticator = {
      authenticate: ({ userName }) => ({ kind: 'accepted', principal: userName }),
    };
    const authorizer: BrokerOptions['authorizer'] = {
      allowsAll: false,
      allows: ({ principal }, action) => {
        if (action === 'will') asked.push(principal);
        return action !== 'will' || isAllowed;
      },
    };
    const lives = await Lives.begin({ authenticator, authorizer });
    lives.broker.connect(mortal(0, 0, { userName: 'alice' }));
    await lives.crash();
    isAllowed = false;
    lives.expectNoWill();
    assert.deepEqual(asked, ['alice', 'alice']);
    assert.match(lives.broker.warnings()[0] ?? '', /The Will of client "c" .* was not published: not authorized/);
  });
});

for (const end of ['stop', 'crash'] as const) {
  describe(`after a ${end}`, () => {
    test('a Will whose delay runs is published when that is over, reckoned from the end of its connection', async () => {
      const lives = await Lives.begin();
      lives.broker.connect(mortal(600, 100)).cut();
      lives.broker.pass(40_000);
      await lives[end](20);
      lives.expectWillAfter(40);
    });

    test('a Will whose delay runs is cancelled by its client, and by no other', async () => {
      for (const clientId of ['c', 'another']) {
        const lives = await Lives.begin();
        lives.broker.connect(mortal(600, 100));
        await lives[end]();
        lives.broker.pass(99_999);
        lives.broker.connect({ ...mortal(600, 0), clientId, will: undefined }).cut();
        if (clientId === 'c') lives.expectNoWill();
        else lives.expectWillAfter(0.001);
      }
    });

    test('a Will that was discarded by DISCONNECT 0x00 stays discarded', async () => {
      for (const expiry of [0, 600]) {
        const lives = await Lives.begin();
        lives.broker.connect(mortal(expiry, 0)).disconnect();
        await lives[end]();
        lives.expectNoWill();
      }
    });

    test('a Will that was published does not come again', async () => {
      for (const expiry of [0, 600]) {
        const lives = await Lives.begin();
        lives.broker.connect(mortal(expiry, 0)).cut();
        assert.equal(lives.observer.acknowledgeAll().length, 1);
        await lives[end]();
        lives.expectNoWill();
      }
    });
  });
}

// In whatever order the store gives the sessions back.
test('a Will that is due at the restart itself reaches every persistent subscriber, and is retained if it says so', async () => {
  const store = memoryStore();
  const first = await TestBroker.open({ store });
  const lasting = { clean: false, properties: { sessionExpiryInterval: 600 } };
  const connect = (choice: ConnectChoice): void => {
    first.connect({ ...lasting, ...choice }).subscribe('will', { qos: 1 });
  };
  connect({ clientId: 'before' });
  connect({ clientId: 'c', will: will({ retain: true }) });
  connect({ clientId: 'behind' });
  const { monotonicClock: monotonic } = first;
  const second = await TestBroker.open({ store, monotonic, limits: { willRestartGrace: millis(0) } });
  for (const clientId of ['before', 'c', 'behind']) {
    assert.deepEqual(second.connect({ ...lasting, clientId }).messages(), ['will=w'], clientId);
  }
  assert.equal(second.broker.sizes.retained, 1);
});

test("another user who has the client's identifier does not cancel its Will", async () => {
  const authenticator: Authenticator = { authenticate: ({ userName }) => ({ kind: 'accepted', principal: userName }) };
  const lives = await Lives.begin({ authenticator });
  lives.broker.connect(mortal(0, 0, { userName: 'alice' }));
  await lives.crash();
  lives.broker.connect({ clientId: 'c', userName: 'bob' }).cut();
  lives.expectWillAfter(GRACE);
});

test('a Will whose delay ran out while the broker was down is given the grace, one whose delay goes on beyond it is not', async () => {
  for (const [down, after] of [
    [200, GRACE],
    [90, GRACE],
    [20, 80],
  ] as const) {
    const lives = await Lives.begin();
    lives.broker.connect(mortal(600, 100)).cut();
    await lives.crash(down);
    lives.expectWillAfter(after);
  }
});

test('a Will is out of the store once it is published or cancelled, whatever session it had', async () => {
  for (const expiry of [0, 600]) {
    for (const end of ['cut', 'disconnect', 'takeover'] as const) {
      const lives = await Lives.begin();
      const client = lives.broker.connect(mortal(expiry, 0));
      assert.equal(lives.store.statistics().wills, 1);
      if (end === 'cut') client.cut();
      if (end === 'disconnect') client.disconnect();
      if (end === 'takeover') lives.broker.connect({ clientId: 'c', clean: false });
      assert.equal(lives.store.statistics().wills, 0, `${end} ${expiry}`);
      await lives.crash();
      assert.equal(lives.observer.acknowledgeAll().length, end === 'disconnect' ? 0 : 1);
      lives.expectNoWill();
    }
  }
});

test('CONNACK waits until the Will is stored, whatever session it has; without a Will there is nothing to wait for', async () => {
  const { store, commit } = lateStore();
  const broker = await TestBroker.open({ store });
  for (const expiry of [0, 600]) {
    const client = broker.knock({ ...mortal(expiry, 0), clientId: `${expiry}` });
    assert.deepEqual(client.said(), []);
    commit();
    assert.deepEqual(client.said(), ['CONNACK']);
  }
  assert.deepEqual(broker.knock({ clientId: 'none' }).said(), ['CONNACK']);
});

test("CONNACK of a client that is back waits until its old connection's Will is deleted", async () => {
  const { store, commit } = lateStore();
  const first = await TestBroker.open({ store });
  first.knock(mortal(0, 0));
  commit();
  const second = await TestBroker.open({ store });
  const back = second.knock({ clientId: 'c' });
  assert.deepEqual(back.said(), []);
  commit();
  assert.deepEqual(back.said(), ['CONNACK']);
});

test('a Will is published and deleted in one turn: a crash falls before both or behind both', async () => {
  for (const expiry of [0, 600]) {
    for (const turns of [0, 1]) {
      const store = new JournalStore(false);
      const first = await TestBroker.open({ store });
      const observer = first.dial();
      observer.send(connectPacket(OBSERVER));
      store.commit(store.late);
      observer.requestSubscription(['will']);
      const client = first.knock(mortal(expiry, 0));
      store.commit(store.late);
      client.cut();
      observer.cut();
      store.commit(turns);
      const left = store.crash();
      const second = await TestBroker.open({ store: left });
      assert.equal(left.statistics().wills, turns === 0 ? 1 : 0);
      second.pass(GRACE * 1000);
      left.commit(left.late);
      const back = second.knock(OBSERVER);
      left.commit(left.late);
      back.expect('connack');
      assert.deepEqual(back.messages(), ['will=w']);
    }
  }
});
