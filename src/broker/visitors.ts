// Who is at the door: how many connections there are of one address and of one user, how often an address connects, and what those
// take who have not sent their CONNECT yet. Silence is cheap for an attacker and not for us, so it is bounded in all: what is too much goes
// from the address that has most of it (base/crowd.ts), and others come in.
// An address of IPv6 stands for its /64. Peers of Unix sockets have none: the limits of an address are not about them.
// What is not limited is not counted: an idle connection leaves nothing here.

import { Crowd } from '../base/crowd.ts';
import { ExpiringMap } from '../base/expiring-map.ts';
import { type Millis, millis } from '../base/millis.ts';
import { networkOf } from '../base/network-of.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import { ProtocolError } from '../packet/protocol-error.ts';
import { Reason } from '../packet/reason-codes.ts';
import type { BrokerState } from './broker-state.ts';
import type { Connection } from './connection.ts';
import type { LimitName } from './counters.ts';
import type { Refusal } from './message-rules.ts';

/** What a silent connection takes besides what it has sent: about that of a socket and its objects. */
const SILENT_BYTES = 4 * 1024;
/** A message may hold more than CONNECT, and takes more than its bytes until it is whole. */
const GATHERED_BESIDES = 64 * 1024;
/** What those take who may stay, whatever is short: some 32. */
const FEW_BYTES = 32 * SILENT_BYTES;
/** So many more than may be open are let in, to be told why they may not stay; beyond that they are cut off. */
const HEARD_BEYOND = 1_000;
/** Of one address. */
const HEARD_SHARE = 1 / 10;
/** An address may save up so many seconds of its rate. */
const RATE_SAVED_SECONDS = 10;
/** Addresses whose rate is remembered. */
const RATES_MAX = 100_000;

/** What those share that have no address. */
const NO_ADDRESS = '';

/** A refusal by a limit that is counted. */
export interface LimitRefusal extends Refusal {
  readonly limit: LimitName;
}

/** The place that a peer counts for: its address, or the network of that. */
export function originOf(remote: string): string {
  return remote.startsWith('unix:') ? NO_ADDRESS : networkOf(remote);
}

/** Those at the door of one broker. */
export class Visitors {
  private readonly broker: BrokerState;
  private readonly silent: Crowd<Connection>;
  private readonly byNetwork: Map<string, number>;
  private readonly byUser: Map<string, number>;
  private readonly rates: ExpiringMap<TokenBucket>;

  constructor(broker: BrokerState) {
    this.broker = broker;
    this.silent = new Crowd(broker.limits.connectPendingBytesMax);
    this.byNetwork = new Map();
    this.byUser = new Map();
    this.rates = new ExpiringMap(RATES_MAX, millis(2 * RATE_SAVED_SECONDS * 1000));
  }

  /** Why a peer is cut off before anything is spent on it; `undefined`: it comes in, which counts for the rate of its address. */
  refusalAtDoor(remote: string, now: Millis): LimitRefusal | undefined {
    const { connections, limits } = this.broker;
    if (connections.size >= limits.connectionsMax + HEARD_BEYOND) return tooMany();
    const { connectionsPerAddressMax: perAddress, connectRatePerAddress: rate } = limits;
    if (perAddress === 0 && rate === 0) return undefined;
    const network = networkOf(remote);
    const isCrowded =
      perAddress > 0 && (this.byNetwork.get(network) ?? 0) >= perAddress + Math.ceil(perAddress * HEARD_SHARE);
    if (isCrowded) return tooManyOf(network);
    if (rate === 0) return undefined;
    let bucket = this.rates.get(network, now);
    if (bucket === undefined) {
      bucket = new TokenBucket(rate, rate * RATE_SAVED_SECONDS, now);
      this.rates.set(network, bucket, now);
    }
    // Twice as fast as it may: it has been told for so long.
    if (bucket.debt(now) > RATE_SAVED_SECONDS * 1000) return tooFast(network);
    bucket.take(1, now);
    return undefined;
  }

  /** A connection is open, and has yet to send its CONNECT. */
  enter(connection: Connection): void {
    if (this.broker.limits.connectionsPerAddressMax > 0) add(this.byNetwork, connection.origin, 1);
    this.noteSilent(connection, 0);
  }

  /** So much of a CONNECT, or of what it is asked for then, has come, and not all. */
  noteSilent(connection: Connection, bytes: number): void {
    this.silent.set(connection.origin, connection, SILENT_BYTES + bytes);
    for (const leaving of this.silent.relieve()) {
      this.broker.limitNews.tell(
        'connectPendingBytesMax',
        `Cut off ${leaving.remote}: it had not sent its CONNECT, and others wait (connectPendingBytesMax).`,
        { remote: leaving.remote },
      );
      leaving.cutOff();
    }
  }

  /** What is wrong with so many bytes of one message, kept by the transport, that begins with CONNECT at best and is not whole; `undefined`: nothing. */
  errorOfGathered(bytes: number): ProtocolError | undefined {
    const bytesMax = this.broker.limits.connectPacketBytesMax + GATHERED_BESIDES;
    if (bytes <= bytesMax) return undefined;
    const detail = `CONNECT was not complete when ${bytesMax} bytes had come (connectPacketBytesMax).`;
    return new ProtocolError('packet-too-large', Reason.packetTooLarge, '', detail);
  }

  /** Files are short: a quarter of those that have said nothing yet is cut off, unless they are few. */
  makeWay(): void {
    for (const leaving of this.silent.makeWay(FEW_BYTES)) {
      this.broker.limitNews.count('openFiles');
      leaving.cutOff();
    }
  }

  /** It has spoken. */
  hear(connection: Connection): void {
    this.silent.remove(connection.origin, connection);
  }

  /** The connection is over. */
  leave(connection: Connection): void {
    this.hear(connection);
    if (this.broker.limits.connectionsPerAddressMax > 0) add(this.byNetwork, connection.origin, -1);
  }

  /** Why a client may not connect now, whoever it is; `undefined`: it may. */
  refusal({ origin }: Connection, now: Millis): LimitRefusal | undefined {
    const { connections, limits } = this.broker;
    if (connections.size > limits.connectionsMax) return tooMany();
    const { connectionsPerAddressMax: perAddress, connectRatePerAddress: rate } = limits;
    if (origin === NO_ADDRESS) return undefined;
    if (perAddress > 0 && (this.byNetwork.get(origin) ?? 0) > perAddress) return tooManyOf(origin);
    return rate > 0 && (this.rates.get(origin, now)?.debt(now) ?? 0) > 0 ? tooFast(origin) : undefined;
  }

  /** Why a user may not have one connection more; `undefined`: it may. */
  refusalOfUser(user: string | undefined): LimitRefusal | undefined {
    const { connectionsPerUserMax: perUser } = this.broker.limits;
    if (perUser === 0 || user === undefined || (this.byUser.get(user) ?? 0) < perUser) return undefined;
    const why = `The user ${JSON.stringify(user)} has as many connections as it may (connectionsPerUserMax).`;
    return { limit: 'connectionsPerUserMax', reasonCode: Reason.quotaExceeded, why };
  }

  /** A user has one connection more, or less. */
  noteUser(user: string | undefined, difference: 1 | -1): void {
    if (user !== undefined && this.broker.limits.connectionsPerUserMax > 0) add(this.byUser, user, difference);
  }
}

function add(counts: Map<string, number>, key: string, difference: number): void {
  const count = (counts.get(key) ?? 0) + difference;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

function tooMany(): LimitRefusal {
  const why = 'The broker has as many connections as it may (connectionsMax).';
  return { limit: 'connectionsMax', reasonCode: Reason.serverBusy, why };
}

function tooManyOf(network: string): LimitRefusal {
  const why = `The address ${network} has as many connections as it may (connectionsPerAddressMax).`;
  return { limit: 'connectionsPerAddressMax', reasonCode: Reason.quotaExceeded, why };
}

function tooFast(network: string): LimitRefusal {
  const why = `The address ${network} connects more often than it may (connectRatePerAddress).`;
  return { limit: 'connectRatePerAddress', reasonCode: Reason.connectionRateExceeded, why };
}
