// What both sides agreed on in CONNECT and CONNACK for one Network Connection. What differs by
// protocol version is a value in here, so that the session is one machine for all of them.

import type { Millis } from '../base/millis.ts';
import type { ProtocolVersion } from '../packet/protocol-version.ts';

/** The terms of one connection, from our point of view. */
export interface ConnectionTerms {
  readonly version: ProtocolVersion;
  /** The peer's Receive Maximum: how many PUBLISH of QoS 1 and 2 we may have in flight, 1 to 65,535. 3.x peers have none: a limit of our own. */
  readonly sendMaximum: number;
  /** Our Receive Maximum: how many the peer may have in flight, 1 to 65,535. */
  readonly receiveMaximum: number;
  /** Whether a peer above `receiveMaximum` is cut off: MQTT 5 only; a 3.x peer cannot know the number. */
  readonly receiveMaximumEnforced: boolean;
  /** How many topic aliases we may give out; 0: none. */
  readonly sendAliasMaximum: number;
  /** How many topic aliases the peer may give out; 0: none. */
  readonly receiveAliasMaximum: number;
  /** The Keep Alive in force; 0: off. */
  readonly keepAlive: Millis;
  /** Servers watch for silence of one and a half times Keep Alive [MQTT-3.1.2-22]; Clients fill it with PINGREQ [MQTT-3.1.2-20]. */
  readonly keepAliveDuty: 'watch' | 'ping';
}
