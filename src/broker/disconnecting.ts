// DISCONNECT from a client (section 3.14): the Session Expiry that it may change, and whether its Will is discarded.
// How the broker itself ends a connection is in connection.ts.

import { millis } from '../base/millis.ts';
import type { DisconnectPacket } from '../packet/packet.ts';
import { violation } from '../packet/protocol-error.ts';
import { Reason, reasonName } from '../packet/reason-codes.ts';
import type { BrokerState } from './broker-state.ts';
import type { ClientSession } from './client-session.ts';
import type { Connection } from './connection.ts';

/**
 * Handles DISCONNECT, the last packet of a connection.
 * @throws {ProtocolError} `protocol-error` (0x82), when it is none that a client may send now.
 */
export function disconnect(
  broker: BrokerState,
  session: ClientSession,
  connection: Connection,
  { reasonCode, properties }: DisconnectPacket,
): void {
  if (properties.sessionExpiryInterval !== undefined) changeExpiry(broker, session, properties.sessionExpiryInterval);
  const isNormal = reasonCode === Reason.normalDisconnection; // [MQTT-3.14.4-3]
  const why = isNormal ? '' : ` with ${reasonName(reasonCode)}`;
  broker.log.info(`${connection.describe()} disconnected${why}.`, connection.facts(reasonCode));
  connection.leave(!isNormal, reasonCode);
}

function changeExpiry(broker: BrokerState, session: ClientSession, seconds: number): void {
  const longest = broker.limits.sessionExpiryMax;
  // With a limit of 0 it is not known what CONNECT had said, and makes no difference.
  if (session.expiryInterval === 0 && seconds > 0 && longest > 0) {
    throw violation('', 'DISCONNECT: it gives a session an expiry that CONNECT had set to 0 (section 3.14.2.2.2)');
  }
  session.expiryInterval = millis(Math.min(seconds * 1000, longest));
}
