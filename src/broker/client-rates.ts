// How fast one client may send, and be sent to. Whoever sends faster is not read from until it may again, which loses nothing; what
// comes for it too fast waits in its queue, in order, as for a reader that is slow. A client that sends, within what was read
// already, more than it may within a long time, is ended: it would stand still for longer than anybody waits.
// There is one of these per connection, and none where no rate is limited. What a client has used up it has used up also when it comes back under
// the same identifier: its buckets are kept until they are full again, or would be.

import { ExpiringMap } from '../base/expiring-map.ts';
import { type Millis, millis } from '../base/millis.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import type { Packet } from '../packet/packet.ts';
import { Reason } from '../packet/reason-codes.ts';
import type { BrokerState } from './broker-state.ts';
import type { Connection } from './connection.ts';
import type { Ending } from './ending.ts';
import type { BrokerLimits } from './limits.ts';

/** The limits that are rates. */
export type RateName = 'messageRateIn' | 'byteRateIn' | 'messageRateOut' | 'byteRateOut';

/** What a client may save up of each of its rates. */
const SAVED_SECONDS = 1;

/** Clients whose buckets are kept while they are away. */
const KEPT_MAX = 100_000;
/** Who was ended for a debt comes back with less of it, or the next packet would end it again. */
const DEBT_SHARE_KEPT = 1 / 2;

/** What one client may do; `undefined`: as much as it likes. */
interface RateBuckets {
  readonly messagesIn: TokenBucket | undefined;
  readonly bytesIn: TokenBucket | undefined;
  readonly messagesOut: TokenBucket | undefined;
  readonly bytesOut: TokenBucket | undefined;
}

/** The buckets of clients that have gone, by client identifier. */
export type KeptRates = ExpiringMap<RateBuckets>;

/** Keeps nothing yet. */
export function newKeptRates({ rateDebtMax }: BrokerLimits): KeptRates {
  return new ExpiringMap(KEPT_MAX, millis(rateDebtMax * DEBT_SHARE_KEPT + SAVED_SECONDS * 1000));
}

/** The rates of one connection. */
export class ClientRates {
  private readonly broker: BrokerState;
  private readonly connection: Connection;
  private readonly messagesIn: TokenBucket | undefined;
  private readonly bytesIn: TokenBucket | undefined;
  private readonly messagesOut: TokenBucket | undefined;
  private readonly bytesOut: TokenBucket | undefined;

  private constructor(broker: BrokerState, connection: Connection, buckets: RateBuckets) {
    this.broker = broker;
    this.connection = connection;
    this.messagesIn = buckets.messagesIn;
    this.bytesIn = buckets.bytesIn;
    this.messagesOut = buckets.messagesOut;
    this.bytesOut = buckets.bytesOut;
  }

  /** Makes the rates of a connection; `undefined`: none is limited. */
  static of(broker: BrokerState, connection: Connection, now: Millis): ClientRates | undefined {
    const { messageRateIn, byteRateIn, messageRateOut, byteRateOut } = broker.limits;
    const areLimited = messageRateIn + byteRateIn + messageRateOut + byteRateOut > 0;
    if (!areLimited) return undefined;
    const clientId = connection.session?.clientId ?? '';
    const kept = broker.keptRates.get(clientId, now);
    broker.keptRates.delete(clientId);
    const buckets = kept ?? {
      messagesIn: bucketOf(messageRateIn, now),
      bytesIn: bucketOf(byteRateIn, now),
      messagesOut: bucketOf(messageRateOut, now),
      bytesOut: bucketOf(byteRateOut, now),
    };
    return new ClientRates(broker, connection, buckets);
  }

  /** The connection is over: keeps what is not full. */
  leave(now: Millis): void {
    const { broker, messagesIn, bytesIn, messagesOut, bytesOut } = this;
    const { clientId } = this.connection.session ?? {};
    const buckets = { messagesIn, bytesIn, messagesOut, bytesOut };
    const isUsed = Object.values(buckets).some((bucket) => bucket?.isFull(now) === false);
    if (clientId === undefined || !isUsed) return;
    const debtMax = millis(broker.limits.rateDebtMax * DEBT_SHARE_KEPT);
    for (const bucket of Object.values(buckets)) bucket?.forgive(debtMax, now);
    broker.keptRates.set(clientId, buckets, now);
  }

  /** A packet came. hot: */
  takePacketIn(packet: Packet, now: Millis): void {
    this.messagesIn?.take(workOf(packet), now);
  }

  /** hot: */
  takeBytesIn(count: number, now: Millis): void {
    this.bytesIn?.take(count, now);
  }

  /** A message is sent. hot: */
  takeOut(bytes: number, now: Millis): void {
    const wasPassed = this.passedOut(now) !== undefined;
    this.messagesOut?.take(1, now);
    this.bytesOut?.take(bytes, now);
    const limit = wasPassed ? undefined : this.passedOut(now);
    if (limit === undefined) return;
    const { connection } = this;
    this.broker.limitNews.tell(
      limit,
      `${connection.describe()} is sent no faster than it may be (${limit}).`,
      connection.facts(undefined),
    );
    connection.watch();
  }

  /** After a chunk: the client may have sent more than it may. Then it is not read from for a while; or it is ended, if that would be too long. */
  heedIn(now: Millis): Ending | undefined {
    const limit = this.passedIn(now);
    if (limit === undefined) return undefined;
    const { broker, connection } = this;
    const debt = Math.max(debtOf(this.messagesIn, now), debtOf(this.bytesIn, now));
    if (debt > broker.limits.rateDebtMax) {
      broker.limitNews.count('rateDebtMax');
      const reasonCode = limit === 'messageRateIn' ? Reason.messageRateTooHigh : Reason.quotaExceeded;
      const detail = `It has sent at once what it may send within ${Math.ceil(debt / 1000)} s (${limit}, rateDebtMax).`;
      return { reasonCode, detail };
    }
    broker.limitNews.tell(
      limit,
      `${connection.describe()} sends too fast, and is read from more slowly (${limit}).`,
      connection.facts(undefined),
    );
    connection.watch();
    return undefined;
  }

  /** The limit for which the client is not read from; `undefined`: it is. hot: */
  passedIn(now: Millis): RateName | undefined {
    if (debtOf(this.messagesIn, now) > 0) return 'messageRateIn';
    return debtOf(this.bytesIn, now) > 0 ? 'byteRateIn' : undefined;
  }

  /** The limit for which it is sent nothing. hot: */
  passedOut(now: Millis): RateName | undefined {
    if (debtOf(this.messagesOut, now) > 0) return 'messageRateOut';
    return debtOf(this.bytesOut, now) > 0 ? 'byteRateOut' : undefined;
  }

  /** When something changes by itself: it is read from again, or sent to. */
  nextDeadline(now: Millis): Millis | undefined {
    const debts = [
      Math.max(debtOf(this.messagesIn, now), debtOf(this.bytesIn, now)),
      Math.max(debtOf(this.messagesOut, now), debtOf(this.bytesOut, now)),
    ];
    const first = Math.min(...debts.filter((debt) => debt > 0));
    return first === Number.POSITIVE_INFINITY ? undefined : millis(now + first);
  }
}

/** How many messages a packet counts for: each filter of a SUBSCRIBE is work like one, and what only answers us is none. hot: */
function workOf(packet: Packet): number {
  switch (packet.kind) {
    case 'publish':
    case 'pingreq':
    case 'auth':
      return 1;
    case 'subscribe':
      return packet.subscriptions.length;
    case 'unsubscribe':
      return packet.filters.length;
    default:
      return 0;
  }
}

function bucketOf(rate: number, now: Millis): TokenBucket | undefined {
  return rate === 0 ? undefined : new TokenBucket(rate, rate * SAVED_SECONDS, now);
}

/** hot: */
function debtOf(bucket: TokenBucket | undefined, now: Millis): Millis {
  return bucket === undefined ? millis(0) : bucket.debt(now);
}
