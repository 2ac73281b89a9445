// A subscriber of the harness: a persistent session with both halves of its state, of which the client's half survives every
// crash of the broker. So what it hands to the application is what an application would get: QoS 2 once, however often
// it is sent. It subscribes once and trusts the broker with the rest.
// It may be slow: then some deliveries always wait for its answer, and are in flight when the broker dies.

import type { Packet, PublishPacket } from '../../src/packet/packet.ts';
import { type PacketId, packetId } from '../../src/packet/packet-id.ts';
import { NO_UNSUBSCRIBE_PROPERTIES } from '../../src/packet/properties.ts';
import { Actor, type ActorChoice } from './actor.ts';
import type { Chronicle } from './chronicle.ts';
import { Inbox, type LiveSubscription } from './inbox.ts';
import { readLabel } from './label.ts';
import { matches } from './matches.ts';
import { answerPacket, subscribePacket } from './packets.ts';
import type { Wire } from './wire.ts';

/** Under this level everybody has a topic of its own, for the message that comes after all others. */
export const FENCE = 'fence';

/** One subscription that it is to have. */
export interface SubscriptionChoice {
  /** Without `$share/...`. */
  readonly filter: string;
  /** The name of a shared group; '': none. */
  readonly share: string;
  readonly qos: 1 | 2;
  readonly wantsRetained: boolean;
  /** MQTT 5 only. */
  readonly identifier: number | undefined;
}

/** Who a subscriber is. */
export interface SubscriberChoice extends Omit<ActorChoice, 'isPersistent'> {
  readonly subscriptions: readonly SubscriptionChoice[];
  /** What the members of its shared group get; `undefined`: it is in none. */
  readonly group: Inbox | undefined;
  /** So many answers it holds back until another one is due. */
  readonly slowness: number;
}

/** A subscription of its own. */
interface OwnSubscription extends LiveSubscription {
  readonly share: string;
  readonly identifier: number | undefined;
}

/** A subscriber and all that it remembers. */
export class Subscriber extends Actor {
  /** The number of the last message on its topic under FENCE. */
  fence: number;
  private readonly group: Inbox | undefined;
  private readonly slowness: number;
  private inbox: Inbox;
  /** Those of sessions that it ended. */
  private endedInboxes: Inbox[];
  private subscriptions: OwnSubscription[];
  /** QoS 2 identifiers that wait for PUBREL. */
  private readonly awaitingRelease: Set<PacketId>;
  /** SUBSCRIBE and UNSUBSCRIBE under way on this connection. */
  private readonly requests: Map<PacketId, OwnSubscription>;
  private lastRequest: number;
  private heldAnswers: (() => void)[];
  private isPrompt: boolean;
  /** It has asked for a clean start, and not been answered yet. */
  private isRenewing: boolean;

  constructor(choice: SubscriberChoice, chronicle: Chronicle) {
    super({ ...choice, isPersistent: true }, chronicle);
    this.fence = -1;
    this.group = choice.group;
    this.slowness = choice.slowness;
    this.inbox = new Inbox(choice.name, false);
    this.endedInboxes = [];
    this.subscriptions = [];
    this.awaitingRelease = new Set();
    this.requests = new Map();
    this.lastRequest = 0;
    this.heldAnswers = [];
    this.isPrompt = false;
    this.isRenewing = false;
    for (const each of choice.subscriptions) this.subscribe(each);
    this.subscribe({
      filter: `${FENCE}/${choice.name}`,
      share: '',
      qos: 2,
      wantsRetained: false,
      identifier: undefined,
    });
  }

  /** Whether all its requests are answered, and it is in the middle of no QoS 2 handshake. */
  get isAtRest(): boolean {
    return (
      this.awaitingRelease.size === 0 &&
      this.heldAnswers.length === 0 &&
      this.subscriptions.every((each) => each.grantedAt !== undefined && each.cancelRequestedAt === undefined)
    );
  }

  /** Whether it subscribes to the filter, as far as it has asked. */
  isSubscribed(filter: string): boolean {
    return this.subscriptions.some((each) => each.filter === filter && each.cancelRequestedAt === undefined);
  }

  override connect(port: number): void {
    super.connect(port, this.isRenewing);
  }

  /** Connects with a clean start: its session ends, and all that it subscribed to and was owed with it. Then it subscribes again. */
  renew(port: number): void {
    const at = this.chronicle.tick();
    this.inbox.endedAt = at;
    this.endedInboxes.push(this.inbox);
    this.inbox = new Inbox(`${this.name} anew`, false);
    this.awaitingRelease.clear();
    const wanted = this.subscriptions.filter(({ cancelRequestedAt }) => cancelRequestedAt === undefined);
    this.subscriptions = [];
    for (const each of wanted) this.subscribe(each);
    this.isRenewing = true;
    this.connect(port);
  }

  /** Subscribes, now or when it is connected. */
  subscribe({ filter, share, qos, wantsRetained, identifier }: SubscriptionChoice): void {
    const subscription: OwnSubscription = {
      filter,
      share,
      qos,
      wantsRetained,
      identifier,
      requestedAt: Number.POSITIVE_INFINITY,
      grantedAt: undefined,
      cancelRequestedAt: undefined,
      cancelledAt: undefined,
    };
    this.subscriptions.push(subscription);
    (share === '' ? this.inbox : this.group)?.subscribe(subscription);
    if (this.wire !== undefined) this.request(this.wire, subscription);
  }

  /** Unsubscribes, now or when it is connected. */
  unsubscribe(filter: string): void {
    const subscription = this.subscriptions.find((each) => each.filter === filter);
    if (subscription === undefined) return;
    subscription.cancelRequestedAt ??= this.chronicle.tick();
    if (this.wire !== undefined) this.request(this.wire, subscription);
  }

  /** Answers at once from now on, or as slowly as it is. */
  hurry(isPrompt: boolean): void {
    this.isPrompt = isPrompt;
    this.sendAnswers();
  }

  /** What it subscribed to and got since they were emptied, session by session; not what its group did. */
  get inboxes(): readonly Inbox[] {
    return [...this.endedInboxes, this.inbox];
  }

  /** Begins anew: all that it got was checked. */
  empty(): void {
    this.endedInboxes = [];
    this.inbox.empty();
  }

  protected override begin(wire: Wire, sessionPresent: boolean): void {
    this.isRenewing = false;
    if (!sessionPresent) this.awaitingRelease.clear();
    for (const each of this.subscriptions) {
      const isSettled = each.grantedAt !== undefined && each.cancelRequestedAt === undefined;
      // A broker that lost the session is found out; the run goes on, to see what else it lost.
      if (!isSettled || !sessionPresent) this.request(wire, each);
    }
  }

  protected override end(): void {
    this.requests.clear();
    this.heldAnswers = [];
  }

  protected override receive(wire: Wire, packet: Packet): void {
    switch (packet.kind) {
      case 'publish':
        this.receivePublish(wire, packet);
        return;
      case 'pubrel':
        this.awaitingRelease.delete(packet.id);
        this.answer(() => wire.send(answerPacket('pubcomp', packet.id)));
        return;
      case 'suback':
      case 'unsuback':
        this.receiveAnswer(packet.id, packet.kind, packet.reasonCodes[0] ?? 0);
        return;
      default:
        this.chronicle.complain(`${this.name} got ${packet.kind}, but only subscribes`);
    }
  }

  private receivePublish(wire: Wire, packet: PublishPacket): void {
    const { id, qos } = packet;
    if (id === undefined || qos === 0) {
      this.chronicle.complain(`${this.name} got a message of ${packet.topic} with QoS 0`);
      return;
    }
    // The application has it before the answer leaves.
    if (qos === 1 || !this.awaitingRelease.has(id)) this.deliver(packet, qos);
    if (qos === 2) this.awaitingRelease.add(id);
    this.answer(() => wire.send(answerPacket(qos === 1 ? 'puback' : 'pubrec', id)));
  }

  private deliver({ topic, payload, dup, retain }: PublishPacket, qos: 1 | 2): void {
    if (payload.length === 0) return;
    const label = readLabel(payload);
    if (label === undefined) {
      this.chronicle.complain(`${this.name} got a message of ${topic} that nobody sent so`);
      return;
    }
    if (topic === `${FENCE}/${this.name}`) {
      this.fence = label.number;
      return;
    }
    const isShared = this.subscriptions.some((each) => each.share !== '' && matches(each.filter, topic));
    const inbox = isShared ? this.group : this.inbox;
    inbox?.add({ ...label, topic, qos, dup, retain, at: this.chronicle.tick() });
  }

  private receiveAnswer(id: PacketId, kind: 'suback' | 'unsuback', reasonCode: number): void {
    const subscription = this.requests.get(id);
    this.requests.delete(id);
    if (subscription === undefined || reasonCode >= 0x80 || (kind === 'suback' && reasonCode !== subscription.qos)) {
      this.chronicle.complain(`${this.name} got ${kind} ${id} with 0x${reasonCode.toString(16)}`);
      return;
    }
    if (kind === 'suback') {
      subscription.grantedAt ??= this.chronicle.tick();
    } else {
      subscription.cancelledAt = this.chronicle.tick();
      this.subscriptions = this.subscriptions.filter((each) => each !== subscription);
    }
  }

  private request(wire: Wire, subscription: OwnSubscription): void {
    const { share, identifier, cancelRequestedAt, qos, wantsRetained } = subscription;
    const filter = share === '' ? subscription.filter : `$share/${share}/${subscription.filter}`;
    this.lastRequest = (this.lastRequest % 1000) + 1;
    const id = packetId(this.lastRequest);
    this.requests.set(id, subscription);
    if (cancelRequestedAt !== undefined) {
      wire.send({ kind: 'unsubscribe', id, filters: [filter], properties: NO_UNSUBSCRIBE_PROPERTIES });
      return;
    }
    subscription.requestedAt = Math.min(subscription.requestedAt, this.chronicle.tick());
    wire.send(subscribePacket(id, filter, { qos, wantsRetained, identifier }));
  }

  private answer(send: () => void): void {
    this.heldAnswers.push(send);
    this.sendAnswers();
  }

  private sendAnswers(): void {
    const kept = this.isPrompt ? 0 : this.slowness;
    while (this.heldAnswers.length > kept) this.heldAnswers.shift()?.();
  }
}
