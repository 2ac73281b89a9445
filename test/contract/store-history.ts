// Changes to a store as data, and random histories that a broker could have made: no change names what is not there
// (the contract calls that a bug of the caller). What chance says is made to fit while the history is lived through,
// by a world that knows what is there.

import fc from 'fast-check';
import { unreachable } from '../../src/base/assert.ts';
import { millis } from '../../src/base/millis.ts';
import type { Message } from '../../src/packet/message.ts';
import { type PacketId, packetId } from '../../src/packet/packet-id.ts';
import type {
  Batch,
  GroupRecord,
  MessageId,
  Origin,
  Recipient,
  RecipientKey,
  SessionRecord,
  Store,
  SubscriptionRecord,
  WillRecord,
} from '../../src/store/contract.ts';
import type { ModelDelivery, StoreModel } from './store-model.ts';
import {
  fullMessage,
  fullWill,
  group as groupRecord,
  message,
  recipient,
  record,
  subscription,
} from './store-samples.ts';

/** One change to a store. */
export type Change =
  | { readonly kind: 'saveSession'; readonly record: SessionRecord }
  | { readonly kind: 'deleteSession'; readonly key: RecipientKey }
  | { readonly kind: 'saveSubscription'; readonly key: RecipientKey; readonly subscription: SubscriptionRecord }
  | { readonly kind: 'deleteSubscription'; readonly key: RecipientKey; readonly filter: string }
  | { readonly kind: 'saveGroup'; readonly record: GroupRecord }
  | { readonly kind: 'deleteGroup'; readonly key: RecipientKey }
  | {
      readonly kind: 'append';
      readonly messageId: MessageId;
      readonly message: Message;
      readonly recipients: readonly Recipient[];
      readonly origin: Origin | undefined;
    }
  | { readonly kind: 'settle'; readonly key: RecipientKey; readonly messageId: MessageId }
  | {
      readonly kind: 'recordSending';
      readonly key: RecipientKey;
      readonly messageId: MessageId;
      readonly id: PacketId;
    }
  | { readonly kind: 'recordReceived'; readonly key: RecipientKey; readonly messageId: MessageId }
  | { readonly kind: 'recordReleased'; readonly key: RecipientKey; readonly id: PacketId }
  | { readonly kind: 'saveRetained'; readonly message: Message }
  | { readonly kind: 'deleteRetained'; readonly topic: string }
  | { readonly kind: 'saveWill'; readonly key: RecipientKey; readonly will: WillRecord }
  | { readonly kind: 'deleteWill'; readonly key: RecipientKey };

/** Makes the change; returns its batch, or for `settle` whether the message was elided. */
export function makeChange(store: Store, change: Change): Batch | boolean {
  switch (change.kind) {
    case 'saveSession':
      return store.saveSession(change.record);
    case 'deleteSession':
      return store.deleteSession(change.key);
    case 'saveSubscription':
      return store.saveSubscription(change.key, change.subscription);
    case 'deleteSubscription':
      return store.deleteSubscription(change.key, change.filter);
    case 'saveGroup':
      return store.saveGroup(change.record);
    case 'deleteGroup':
      return store.deleteGroup(change.key);
    case 'append':
      return store.append(change.messageId, change.message, change.recipients, change.origin);
    case 'settle':
      return store.settle(change.key, change.messageId);
    case 'recordSending':
      return store.recordSending(change.key, change.messageId, change.id);
    case 'recordReceived':
      return store.recordReceived(change.key, change.messageId);
    case 'recordReleased':
      return store.recordReleased(change.key, change.id);
    case 'saveRetained':
      return store.saveRetained(change.message);
    case 'deleteRetained':
      return store.deleteRetained(change.topic);
    case 'saveWill':
      return store.saveWill(change.key, change.will);
    case 'deleteWill':
      return store.deleteWill(change.key);
    default:
      return unreachable(change);
  }
}

/** How often chance says what. */
const WEIGHTS = {
  'new session': 4,
  'session again': 2,
  'end session': 2,
  'new group': 2,
  'end group': 1,
  subscribe: 5,
  unsubscribe: 3,
  will: 3,
  'will of a connection': 2,
  'cancel will': 2,
  retain: 5,
  append: 20,
  'append many': 3,
  send: 15,
  'send many': 3,
  'receive or settle': 20,
  'settle many': 3,
  'settle queued': 3,
  'settle waiting': 3,
  release: 5,
  'take over': 5,
} as const;

/** What chance says of one change, or of some; `World.live` makes something of it that fits. */
export interface Seed {
  readonly kind: keyof typeof WEIGHTS;
  readonly place: number;
  readonly detail: number;
}

/** What happens to a session. */
type SessionKind = Exclude<
  Seed['kind'],
  | 'new session'
  | 'new group'
  | 'will of a connection'
  | 'retain'
  | 'cancel will'
  | 'append'
  | 'append many'
  | 'end group'
  | 'settle waiting'
>;

const anySeed: fc.Arbitrary<Seed> = fc.record({
  kind: fc.oneof(
    ...Object.entries(WEIGHTS).map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind as Seed['kind']) })),
  ),
  place: fc.nat(7),
  detail: fc.nat(20),
});

/** Histories: parts, between which the store is closed or crashes, of turns of the event loop. */
export const anyHistory: fc.Arbitrary<readonly (readonly (readonly Seed[])[])[]> = fc.array(
  fc.array(fc.array(anySeed, { minLength: 1, maxLength: 6 }), { maxLength: 15, size: 'max' }),
  { minLength: 1, maxLength: 3 },
);

/** Some identifiers, so that they come again. */
const PACKET_IDS = Array.from({ length: 700 }, (_, n) => packetId(n < 350 ? n + 1 : 65_535 - n));

/** What a broker would remember, to name only what is there. */
export class World {
  /** What is there. */
  readonly model: StoreModel;
  private messageId: MessageId;
  private recipientKey: RecipientKey;

  /** @param before  The world that this one goes on from, with less than that had; its numbers are not given again. */
  constructor(model: StoreModel, before?: World) {
    this.model = model;
    this.messageId = before?.messageId ?? 0;
    this.recipientKey = before?.recipientKey ?? 0;
  }

  /** What a seed means here, if anything. Each change is done in the model when it is handed out. */
  *live(seed: Seed): Generator<Change> {
    for (const change of this.changesOf(seed)) {
      this.model.apply(change);
      yield change;
    }
  }

  private changesOf({ kind, place, detail }: Seed): readonly Change[] {
    const { model } = this;
    const session = pick(Array.from(model.sessions.keys()), place);
    const group = pick(Array.from(model.groups.keys()), place);
    switch (kind) {
      case 'new session':
        return [{ kind: 'saveSession', record: record(++this.recipientKey) }];
      case 'new group':
        return [{ kind: 'saveGroup', record: groupRecord(++this.recipientKey) }];
      case 'will of a connection':
        return [{ kind: 'saveWill', key: ++this.recipientKey, will: fullWill(`will ${detail}`) }];
      case 'retain':
        return [this.retain(`r/${detail % 5}`, detail)];
      case 'cancel will':
        return Array.from(model.wills.keys())
          .slice(0, 1)
          .map((key) => ({ kind: 'deleteWill', key }));
      case 'append':
        return this.append(place, detail, 1);
      case 'append many':
        return this.append(place, detail, detail * 40);
      case 'end group':
      case 'settle waiting':
        return group === undefined ? [] : this.changesOfGroup(kind, group, detail);
      default:
        return session === undefined ? [] : this.changesOfSession(kind, session, group, place, detail);
    }
  }

  private changesOfGroup(kind: 'end group' | 'settle waiting', key: RecipientKey, detail: number): readonly Change[] {
    return kind === 'end group' ? [{ kind: 'deleteGroup', key }] : settle(pick(this.queueOf(key), detail));
  }

  private changesOfSession(
    kind: SessionKind,
    key: RecipientKey,
    groupKey: RecipientKey | undefined,
    place: number,
    detail: number,
  ): readonly Change[] {
    const { subscriptions, exactlyOnceIds } = this.model.session(key);
    switch (kind) {
      case 'session again':
        return [{ kind: 'saveSession', record: { ...record(key), disconnectedAt: millis(detail) } }];
      case 'end session':
        return [{ kind: 'deleteSession', key }];
      case 'subscribe': {
        const subscribed = { ...subscription(`f/${detail % 5}`), identifier: detail };
        return [{ kind: 'saveSubscription', key, subscription: subscribed }];
      }
      case 'unsubscribe': {
        const filter = pick(Array.from(subscriptions.keys()), detail);
        return filter === undefined ? [] : [{ kind: 'deleteSubscription', key, filter }];
      }
      case 'will':
        return [{ kind: 'saveWill', key, will: fullWill(`will ${detail}`) }];
      case 'send':
        return this.send(key, this.queueOf(key).slice(detail % 3, (detail % 3) + 1));
      case 'send many':
        return this.send(key, this.queueOf(key).slice(0, detail * 10));
      case 'receive or settle':
        return receiveOrSettle(pick(this.sentOf(key), detail), place);
      case 'settle queued':
        return settle(pick(this.queueOf(key), detail));
      case 'settle many':
        return this.sentOf(key).flatMap(settle);
      case 'release': {
        const id = pick(Array.from(exactlyOnceIds), detail);
        return id === undefined ? [] : [{ kind: 'recordReleased', key, id }];
      }
      case 'take over':
        return groupKey === undefined ? [] : this.takeOver(key, groupKey);
      default:
        return unreachable(kind);
    }
  }

  private retain(topic: string, detail: number): Change {
    if (detail > 10 && this.model.retained.has(topic)) return { kind: 'deleteRetained', topic };
    const expiresAt = detail < 5 ? undefined : millis(detail);
    return { kind: 'saveRetained', message: { ...fullMessage(topic), expiresAt } };
  }

  /** Publishes so many messages, of any size, for anybody who is there. */
  private append(place: number, detail: number, count: number): readonly Change[] {
    const { model } = this;
    const session = pick(Array.from(model.sessions.keys()), place);
    const qos = detail % 3 === 0 ? 2 : 1;
    const recipients = [...model.sessions.keys(), ...model.groups.keys()]
      .filter((_, n) => ((detail + place) >> (n % 4)) & 1)
      .map((key) => (detail % 7 === 0 ? addressed(key, qos) : recipient(key, qos)));
    const id = packetId(detail + 1);
    const isNew = session !== undefined && !model.session(session).exactlyOnceIds.has(id);
    const origin = qos === 2 && isNew ? { session, id } : undefined;
    if (recipients.length === 0 && (origin === undefined || count > 1)) return [];
    const plain: Message = { ...message('t', 'x'.repeat(detail % 5 === 0 ? detail * 10 : 2)), qos };
    return Array.from({ length: count }, (_, n) => ({
      kind: 'append',
      messageId: ++this.messageId,
      message: n % 50 === 49 || detail === 15 ? fullMessage('full') : plain,
      recipients,
      origin: n === 0 ? origin : undefined,
    }));
  }

  private send(key: RecipientKey, deliveries: readonly ModelDelivery[]): readonly Change[] {
    const used = new Set(this.sentOf(key).map(({ id }) => id));
    const free = PACKET_IDS.filter((id) => !used.has(id));
    return deliveries.flatMap(({ messageId }, n): readonly Change[] => {
      const id = free[n];
      return id === undefined ? [] : [{ kind: 'recordSending', key, messageId, id }];
    });
  }

  /** A member takes the oldest message of a group. */
  private takeOver(member: RecipientKey, key: RecipientKey): readonly Change[] {
    const [oldest] = this.queueOf(key);
    if (oldest === undefined) return [];
    const recipients = [{ ...oldest.recipient, key: member, sharedFilter: groupRecord(key).filter }];
    const messageId = ++this.messageId;
    return [{ kind: 'append', messageId, message: oldest.message, recipients, origin: undefined }, ...settle(oldest)];
  }

  private queueOf(key: RecipientKey): readonly ModelDelivery[] {
    return this.model.deliveries.filter((each) => each.recipient.key === key && each.state === 'queued');
  }

  private sentOf(key: RecipientKey): readonly ModelDelivery[] {
    return this.model.deliveries.filter((each) => each.recipient.key === key && each.state !== 'queued');
  }
}

function addressed(key: RecipientKey, qos: 1 | 2): Recipient {
  return { key, qos, retain: true, subscriptionIdentifiers: [3, 268_435_455], sharedFilter: '$share/g/µ' };
}

function settle(delivery: ModelDelivery | undefined): readonly Change[] {
  if (delivery === undefined) return [];
  return [{ kind: 'settle', key: delivery.recipient.key, messageId: delivery.messageId }];
}

function receiveOrSettle(delivery: ModelDelivery | undefined, place: number): readonly Change[] {
  if (delivery?.state !== 'awaiting-pubrec' || place === 0) return settle(delivery);
  return [{ kind: 'recordReceived', key: delivery.recipient.key, messageId: delivery.messageId }];
}

function pick<T>(list: readonly T[], place: number): T | undefined {
  return list[place % Math.max(1, list.length)];
}
