// What an operator takes back from clients that are connected (`revokeOnReload`, bans): each is held against a question, and is
// disconnected (0x87, or 0x98 under a ban) where the answer is a reason. Who asks knows what has changed; here is who is asked, and at what pace.
// Nothing of this is on the way of packets: without a sweep it costs nothing, and without `revokeOnReload` there is none, since what
// a client may not do any more is refused when it tries, and what it may not receive is not delivered.

import type { Authorizer, Identity } from '../auth/contract.ts';
import type { QoS, Will } from '../packet/packet.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import type { NetworkConnection } from '../transport/contract.ts';
import { type Ban, fallsUnder, sayBan } from './bans.ts';
import type { BrokerState } from './broker-state.ts';
import type { Connection } from './connection.ts';

/** A connection, as it is held against a question. */
export interface ConnectedClient {
  readonly network: NetworkConnection;
  /** `undefined`: CONNECT has not been decided yet; it will be by what holds then. */
  readonly identity: Identity | undefined;
  readonly subscriptions: Iterable<{ readonly requested: string; readonly options: { readonly qos: QoS } }>;
  readonly will: Will | undefined;
}

/** Why a client may not go on, as a sentence for the log; `undefined`: it may. */
export type Objection = (client: ConnectedClient) => string | undefined;

/** One pass over the connections of a broker. */
export interface Sweep {
  /** Connections that were ended so far. */
  readonly ended: number;
  /** Goes on for a slice of 2 ms. @returns whether there is more to do: call it again, after a look at the sockets. */
  step(): boolean;
}

/** Longer than this it keeps nobody waiting, but by what one client with many subscriptions takes. */
const SLICE_MILLIS = 2;

/** Begins a pass. Who connects from now on is let in, or not, by what holds already. */
export function beginSweep(broker: BrokerState, objection: Objection): Sweep {
  return new ConnectionSweep(
    broker,
    (client) => {
      const why = objection(client);
      if (why !== undefined) broker.counters.connectionsRevoked++;
      return why;
    },
    Reason.notAuthorized,
  );
}

/** Begins a pass that ends those who fall under a ban, as long as it is in force. */
export function beginBan(broker: BrokerState, ban: Ban): Sweep {
  const isUnder = fallsUnder(ban);
  return new ConnectionSweep(
    broker,
    ({ network, identity }) => {
      const { clientId, principal } = identity ?? {};
      if (!isUnder(clientId, principal, network.remote)) return undefined;
      const against = broker.bans.against(clientId, principal, network.remote);
      return against === undefined ? undefined : sayBan(against);
    },
    Reason.administrativeAction,
  );
}

/** An objection to clients with a subscription or a Will that the Authorizer does not allow any more. It counts nothing. */
export function lostRights(authorizer: Authorizer): Objection {
  const mayNot = (identity: Identity, action: 'subscribe' | 'will', topic: string, qos: QoS, retain: boolean) => {
    const explanation = authorizer.explain?.(identity, action, topic, qos, retain);
    const isAllowed = explanation?.isAllowed ?? authorizer.allows(identity, action, topic, qos, retain);
    return isAllowed ? undefined : explanation === undefined ? '.' : `: ${explanation.sentence}.`;
  };
  return ({ identity, subscriptions, will }) => {
    if (identity === undefined) return undefined;
    for (const { requested, options } of subscriptions) {
      const why = mayNot(identity, 'subscribe', requested, options.qos, false);
      if (why !== undefined) return `The client may not subscribe to ${JSON.stringify(requested)} any more${why}`;
    }
    if (will === undefined) return undefined;
    const why = mayNot(identity, 'will', will.topic, will.qos, will.retain);
    return why === undefined
      ? undefined
      : `The client may not publish its Will to ${JSON.stringify(will.topic)} any more${why}`;
  };
}

class ConnectionSweep implements Sweep {
  ended: number;
  private readonly broker: BrokerState;
  private readonly objection: Objection;
  private readonly reasonCode: ReasonCode;
  private readonly connections: readonly Connection[];
  private next: number;

  constructor(broker: BrokerState, objection: Objection, reasonCode: ReasonCode) {
    this.ended = 0;
    this.broker = broker;
    this.objection = objection;
    this.reasonCode = reasonCode;
    this.connections = Array.from(broker.connections);
    this.next = 0;
  }

  step(): boolean {
    const { broker, connections } = this;
    const { clock } = broker;
    const end = clock.monotonic() + SLICE_MILLIS;
    while (this.next < connections.length) {
      if (broker.isClosing || broker.storeFailure !== undefined) return false; // Everybody goes anyway.
      const connection = connections[this.next] as Connection;
      this.next++;
      const client = connection.client;
      const why = client === undefined ? undefined : this.objection(client);
      if (why !== undefined) {
        this.ended++;
        connection.expel(this.reasonCode, why);
      }
      if (clock.monotonic() >= end) break;
    }
    broker.elision.releaseMoved();
    return this.next < connections.length;
  }
}
