// How fast one client may send, and be sent to. Whoever sends faster is not read from until it may again, which loses nothing; what
// comes for it too fast waits in its queue, in order, as for a reader that is slow. A client that sends, within what was read
// already, more than it may within a long time, is ended: it would stand still for longer than anybody waits.
// There is one of these per connection, and none where no rate is limited.

import { type Millis, millis } from '../base/millis.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import { Reason } from '../packet/reason-codes.ts';
import type { BrokerState } from './broker-state.ts';
import type { Connection } from './connection.ts';
import type { Ending } from './ending.ts';

/** The limits that are rates. */
export type RateName = 'messageRateIn' | 'byteRateIn' | 'messageRateOut' | 'byteRateOut';

/** What a client may save up of each of its rates. */
const SAVED_SECONDS = 1;

/** The rates of one connection. */
export class ClientRates {
  private readonly broker: BrokerState;
  private readonly connection: Connection;
  private readonly messagesIn: TokenBucket | undefined;
  private readonly bytesIn: TokenBucket | undefined;
  private readonly messagesOut: TokenBucket | undefined;
  private readonly bytesOut: TokenBucket | undefined;

  private constructor(broker: BrokerState, connection: Connection, now: Millis) {
    const { limits } = broker;
    this.broker = broker;
    this.connection = connection;
    this.messagesIn = bucketOf(limits.messageRateIn, now);
    this.bytesIn = bucketOf(limits.byteRateIn, now);
    this.messagesOut = bucketOf(limits.messageRateOut, now);
    this.bytesOut = bucketOf(limits.byteRateOut, now);
  }

  /** Makes the rates of a connection; `undefined`: none is limited. */
  static of(broker: BrokerState, connection: Connection, now: Millis): ClientRates | undefined {
    const { messageRateIn, byteRateIn, messageRateOut, byteRateOut } = broker.limits;
    const areLimited = messageRateIn + byteRateIn + messageRateOut + byteRateOut > 0;
    return areLimited ? new ClientRates(broker, connection, now) : undefined;
  }

  /** Packets came that make work for the broker: each filter of a SUBSCRIBE is one. hot: */
  takeMessagesIn(count: number, now: Millis): void {
    this.messagesIn?.take(count, now);
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

function bucketOf(rate: number, now: Millis): TokenBucket | undefined {
  return rate === 0 ? undefined : new TokenBucket(rate, rate * SAVED_SECONDS, now);
}

/** hot: */
function debtOf(bucket: TokenBucket | undefined, now: Millis): Millis {
  return bucket === undefined ? millis(0) : bucket.debt(now);
}
