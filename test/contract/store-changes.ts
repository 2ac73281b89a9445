// Changes to a store: samples with everything in them, and random histories that a broker could have made, in
// which no change names what is not there (the contract calls that a bug of the caller).

import fc from 'fast-check';
import { millis } from '../../src/base/millis.ts';
import type { Message } from '../../src/packet/message.ts';
import type { Will } from '../../src/packet/packet.ts';
import { packetId } from '../../src/packet/packet-id.ts';
import { type MessageProperties, NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import type { Recipient, SessionRecord, Store, SubscriptionRecord } from '../../src/store/contract.ts';

/** A session's record. */
export function record(key: number): SessionRecord {
  return {
    key,
    clientId: `client ${key}`,
    principal: undefined,
    expiryInterval: millis(60_000),
    disconnectedAt: undefined,
  };
}

/** A subscription without anything special. */
export function subscription(filter: string): SubscriptionRecord {
  return { filter, options: { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }, identifier: 0 };
}

/** A message without properties. */
export function message(topic: string, payload: string): Message {
  return {
    topic,
    payload: bytes(payload),
    qos: 1,
    retain: false,
    properties: NO_MESSAGE_PROPERTIES,
    expiresAt: undefined,
  };
}

const FULL: MessageProperties = {
  payloadFormatIndicator: 1,
  messageExpiryInterval: undefined,
  contentType: 'text/µ',
  responseTopic: 'answers/漢',
  correlationData: Uint8Array.of(0, 255, 128),
  userProperties: [
    ['b', '1'],
    ['__proto__', ''],
    ['b', '2'],
    ['', '🐦'],
  ],
};

/** A message with every property, and a payload of all bytes. When it expires is the broker's affair. */
export function fullMessage(topic: string): Message {
  const payload = Uint8Array.from({ length: 256 }, (_, n) => n);
  return { topic, payload, qos: 2, retain: true, properties: FULL, expiresAt: undefined };
}

/** A Will with every property. */
export function fullWill(topic: string): Will {
  const properties = { ...FULL, messageExpiryInterval: 4_294_967_295 };
  return { topic, payload: Uint8Array.of(0, 1, 255), qos: 2, retain: true, delayInterval: 4_294_967_295, properties };
}

/** A session that is owed a message, without anything special. */
export function recipient(session: number, qos: 1 | 2): Recipient {
  return { session, qos, retain: false, subscriptionIdentifiers: [], sharedFilter: '' };
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** One change to a store. */
export type Change = (store: Store) => void;

/** What chance says of one change; `changeOf` makes something of it that fits. */
type Seed = readonly [kind: number, session: number, detail: number];

/** Histories, in parts between which the store is closed and opened again. */
export const anyHistory: fc.Arbitrary<readonly (readonly Change[])[]> = fc
  .array(fc.array(fc.tuple(fc.nat(99), fc.nat(3), fc.nat(20)), { maxLength: 40, size: 'max' }), {
    minLength: 1,
    maxLength: 3,
  })
  .map((parts) => {
    const world = new World();
    return parts.map((part) => part.flatMap((seed) => changeOf(world, seed)));
  });

/** How far a delivery has come. */
interface Progress {
  readonly qos: 1 | 2;
  state: 'queued' | 'sent' | 'received';
}

/** What a broker would remember, to name only what is there. */
class World {
  readonly sessions: Map<
    number,
    { readonly owed: Map<number, Progress>; readonly ids: Set<number>; readonly inbound: Set<number> }
  >;
  readonly retained: Set<string>;
  messageId: number;
  sessionKey: number;

  constructor() {
    this.sessions = new Map();
    this.retained = new Set();
    this.messageId = 0;
    this.sessionKey = 0;
  }
}

/** The change that a seed means in this world; none if it means nothing there. */
function changeOf(world: World, [kind, place, detail]: Seed): readonly Change[] {
  const keys = Array.from(world.sessions.keys());
  const key = keys[place % Math.max(1, keys.length)];
  if (key === undefined || kind < 5) return newSession(world);
  const session = world.sessions.get(key);
  if (session === undefined) return [];
  if (kind < 8) return [(store) => store.saveSession({ ...record(key), disconnectedAt: millis(detail) })];
  if (kind < 11) {
    world.sessions.delete(key);
    return [(store) => store.deleteSession(key)];
  }
  if (kind < 18)
    return [(store) => store.saveSubscription(key, { ...subscription(`f/${detail % 5}`), identifier: detail })];
  if (kind < 22) {
    // Only what is there is deleted: saved first, in case it is not.
    const filter = `f/${detail % 5}`;
    return [
      (store) => store.saveSubscription(key, subscription(filter)),
      (store) => store.deleteSubscription(key, filter),
    ];
  }
  if (kind < 25) return [(store) => store.saveWill(key, { ...fullWill('w'), delayInterval: detail })];
  if (kind < 27) return [(store) => store.deleteWill(key)];
  if (kind < 32) return changeRetained(world, detail);
  if (kind < 55) return appendTo(world, keys, key, detail);
  return advance(session, key, kind, detail);
}

function newSession(world: World): readonly Change[] {
  const key = ++world.sessionKey;
  world.sessions.set(key, { owed: new Map(), ids: new Set(), inbound: new Set() });
  return [(store) => store.saveSession(record(key))];
}

function changeRetained(world: World, detail: number): readonly Change[] {
  const topic = `r/${detail % 4}`;
  if (world.retained.delete(topic)) return [(store) => store.deleteRetained(topic)];
  world.retained.add(topic);
  return [(store) => store.saveRetained({ ...fullMessage(topic), retain: true })];
}

function appendTo(world: World, keys: readonly number[], key: number, detail: number): readonly Change[] {
  const id = ++world.messageId;
  const recipients = keys.filter((_, n) => (detail >> n) & 1).map((each) => recipient(each, detail % 2 === 0 ? 1 : 2));
  for (const each of recipients) world.sessions.get(each.session)?.owed.set(id, { qos: each.qos, state: 'queued' });
  const inbound = world.sessions.get(key)?.inbound;
  const origin = detail > 10 && inbound?.has(detail) === false ? { session: key, id: packetId(detail) } : undefined;
  if (origin !== undefined) inbound?.add(detail);
  if (recipients.length === 0 && origin === undefined) return [];
  return [(store) => store.append(id, message('t', `${id}`), recipients, origin)];
}

/** Moves a delivery on, or a QoS 2 message of the client. */
function advance(
  session: { readonly owed: Map<number, Progress>; readonly ids: Set<number>; readonly inbound: Set<number> },
  key: number,
  kind: number,
  detail: number,
): readonly Change[] {
  const [inbound] = session.inbound;
  if (kind > 94 && inbound !== undefined) {
    session.inbound.delete(inbound);
    return [(store) => store.recordReleased(key, packetId(inbound))];
  }
  const owed = Array.from(session.owed);
  const [id, progress] = owed[detail % Math.max(1, owed.length)] ?? [];
  if (id === undefined || progress === undefined) return [];
  if (progress.state === 'queued' && kind < 85) {
    progress.state = 'sent';
    return [(store) => store.recordSending(key, id, packetId(id))];
  }
  if (progress.state === 'sent' && progress.qos === 2 && kind < 90) {
    progress.state = 'received';
    return [(store) => store.recordReceived(key, id)];
  }
  session.owed.delete(id);
  return [(store) => store.settle(key, id)];
}
