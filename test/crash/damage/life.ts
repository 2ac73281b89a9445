// The history of a store that is to be damaged, made up batch by batch, each a consequence of those before: no change names what is
// not there. It has something of everything: messages with several recipients and one group, in flight and queued, origins, Wills,
// retained messages, subscriptions that come and go.

import { millis } from '../../../src/base/millis.ts';
import { packetId } from '../../../src/packet/packet-id.ts';
import { NO_MESSAGE_PROPERTIES } from '../../../src/packet/properties.ts';
import { ChangeWriter } from '../../../src/store/sqlite/change-writer.ts';
import { ENGINE_TUNING, type EngineTuning } from '../../../src/store/sqlite/engine.ts';
import type { SeededRandom } from '../seeded-random.ts';

/** Sessions so many, each with a key from 1 on. */
const SESSIONS = 12;
const GROUP = SESSIONS + 1;

/** Every key that a recipient may have. */
export const KEYS: readonly number[] = Array.from({ length: GROUP }, (_, index) => index + 1);

/** Small numbers, so that a small store has something of everything. */
export const SUBJECT_TUNING: EngineTuning = {
  ...ENGINE_TUNING,
  pageEntriesMax: 8,
  pageBytesMax: 200,
  indexEveryMessages: 20,
  indexEveryEntries: 80,
  indexEveryBytes: 20_000,
  sliceRows: 8,
};

/** Makes batches up, each a consequence of those before. */
export class Life {
  private readonly random: SeededRandom;
  private readonly writer: ChangeWriter;
  /** What each recipient is owed and was not sent, oldest first, and what it was sent. */
  private readonly owed: Map<number, number[]>;
  private readonly sent: Map<number, { readonly id: number; readonly message: number; isReceived: boolean }[]>;
  private lastMessage: number;
  private isBegun: boolean;

  constructor(random: SeededRandom) {
    this.random = random;
    this.writer = new ChangeWriter(false);
    this.owed = new Map();
    this.sent = new Map();
    this.lastMessage = 0;
    this.isBegun = false;
  }

  /** The next one. */
  batch(): Uint8Array<ArrayBuffer> {
    const { random } = this;
    if (!this.isBegun) this.begin();
    for (let changes = random.between(1, 6); changes > 0; changes--) {
      const change = random.pick([
        'append',
        'append',
        'append',
        'send',
        'send',
        'settle',
        'settle',
        'retain',
        'subscribe',
        'will',
      ]);
      this.change(change);
    }
    return this.writer.seal(new Uint8Array(256));
  }

  private begin(): void {
    this.isBegun = true;
    this.writer.clockMark({ storeTime: millis(5), wall: millis(6), boot: { id: 'boot', time: millis(7) } });
    for (let key = 1; key <= SESSIONS; key++) {
      const record = { principal: 'somebody', expiryInterval: millis(60_000), disconnectedAt: undefined };
      this.writer.saveSession({ key, clientId: `client-${key}`, ...record });
      this.owed.set(key, []);
      this.sent.set(key, []);
    }
    this.writer.saveGroup({ key: GROUP, filter: '$share/g/a/#' });
    this.owed.set(GROUP, []);
  }

  private change(kind: 'append' | 'send' | 'settle' | 'retain' | 'subscribe' | 'will'): void {
    const { random, writer } = this;
    const key = random.between(1, SESSIONS);
    const text = `${random.between(0, 9)}`;
    switch (kind) {
      case 'append':
        return this.append();
      case 'send': {
        const message = this.owed.get(key)?.shift();
        const sent = this.sent.get(key);
        if (message === undefined || sent === undefined) return;
        const id = message;
        sent.push({ id, message, isReceived: false });
        return writer.recordSending(key, message, packetId(id));
      }
      case 'settle':
        return this.settle(key);
      case 'retain':
        if (random.chance(0.2)) return writer.deleteRetained(`retained/${text}`);
        return writer.saveRetained({ ...this.message(), topic: `retained/${text}` });
      case 'subscribe':
        if (random.chance(0.3)) return writer.deleteSubscription(key, `a/${text}/#`);
        return writer.saveSubscription(key, {
          filter: `a/${text}/#`,
          options: { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 },
          identifier: random.between(0, 9),
        });
      default: {
        if (random.chance(0.3)) return writer.deleteWill(key);
        const { topic, payload, properties } = this.message();
        const will = { topic, payload, properties, qos: 1, retain: false, delayInterval: 0 } as const;
        return writer.saveWill(key, { clientId: `client-${key}`, principal: undefined, will });
      }
    }
  }

  private append(): void {
    const { random, writer } = this;
    const keys = [...this.owed.keys()].filter(() => random.chance(0.3));
    const message = ++this.lastMessage;
    const recipients = keys.map((key) => ({
      key,
      qos: random.pick([1, 2]),
      retain: false,
      subscriptionIdentifiers: [],
      sharedFilter: '',
    }));
    const origin = random.chance(0.3) ? { session: random.between(1, SESSIONS), id: packetId(message) } : undefined;
    if (recipients.length === 0 && origin === undefined) {
      this.lastMessage--;
      return;
    }
    writer.append(message, this.message(), recipients, origin);
    for (const key of keys) this.owed.get(key)?.push(message);
  }

  private settle(key: number): void {
    const { writer, random } = this;
    const sent = this.sent.get(key);
    const first = sent?.[0];
    if (sent === undefined || first === undefined) return;
    if (!first.isReceived && random.chance(0.3)) {
      first.isReceived = true;
      return writer.recordReceived(key, first.message);
    }
    sent.shift();
    writer.settle(key, first.message);
  }

  private message() {
    const { random } = this;
    const size = random.chance(0.05) ? random.between(4000, 12_000) : random.between(1, 300);
    const payload = new Uint8Array(size).map(() => random.between(0, 255));
    return {
      topic: 'a/b',
      payload,
      qos: 2,
      retain: false,
      properties: NO_MESSAGE_PROPERTIES,
      expiresAt: undefined,
    } as const;
  }
}
