// How a client hears that it is not let in: by CONNACK, where its version has a word for it. What the log hears is the caller's business, and so is
// the end of the connection.

import { NO_CONNACK_PROPERTIES } from '../packet/properties.ts';
import { REASON_CODES } from '../packet/reason-code-table.ts';
import { connectReturnCode, Reason, type ReasonCode } from '../packet/reason-codes.ts';
import type { Connection } from './connection.ts';

/** Says no with CONNACK, where the version can, and closes. The log is the caller's. */
export function refuseConnection(
  connection: Connection,
  reasonCode: ReasonCode,
  reasonString: string | undefined,
  serverReference?: string,
): void {
  const { version } = connection;
  // An Authenticator may say anything; what CONNACK may not say becomes 0x80 [MQTT-3.2.2-8].
  const fitting = reasonCode >= 0x80 && REASON_CODES.connack.has(reasonCode) ? reasonCode : Reason.unspecifiedError;
  const code = version === 5 ? fitting : connectReturnCode(fitting);
  if (code === undefined) return; // MQTT 3.1.1 [MQTT-3.2.2-6].
  const properties =
    version === 5 ? { ...NO_CONNACK_PROPERTIES, reasonString, serverReference } : NO_CONNACK_PROPERTIES;
  connection.writePacket({ kind: 'connack', sessionPresent: false, reasonCode: code, properties }); // [MQTT-3.2.2-6]
}

/**
 * CONNACK for a CONNECT that changed nothing yet. Where the session waits for the store already, nobody knows what the next start will
 * find of it: a client that was told "no" would go on as if its last session were still there, so it is told nothing.
 */
export function refuseUnlessBegun(connection: Connection, reasonCode: ReasonCode): void {
  const isDecided = !connection.isConnecting && !connection.isAwaitingAuth;
  if (!isDecided && connection.session === undefined) refuseConnection(connection, reasonCode, undefined);
}
