// How a connection, an attempt at one, and with the last of them a client can end, and what each end means for those who wait for
// something.

import { unreachable } from '../base/assert.ts';
import { OperationError } from '../base/errors.ts';
import type { DisconnectPacket } from '../packet/packet.ts';
import { NO_DISCONNECT_PROPERTIES } from '../packet/properties.ts';
import type { ProtocolError } from '../packet/protocol-error.ts';
import type { ProtocolVersion } from '../packet/protocol-version.ts';
import { REASON_CODES } from '../packet/reason-code-table.ts';
import { Reason, type ReasonCode, reasonName } from '../packet/reason-codes.ts';

/** How a connection, an attempt or a client ended. */
export type ClientEnd =
  /** With our DISCONNECT. */
  | { readonly kind: 'disconnected' }
  /** With the broker's. */
  | {
      readonly kind: 'disconnected-by-broker';
      readonly reasonCode: ReasonCode;
      readonly reasonString: string | undefined;
      readonly serverReference: string | undefined;
    }
  /** Without a word. */
  | { readonly kind: 'connection-lost'; readonly cause: Error | undefined }
  /** The broker broke a rule, or fell silent (`keep-alive-timeout`). */
  | { readonly kind: 'protocol-error'; readonly error: ProtocolError }
  /** There was no connection: nobody answered, or not as a broker, or the broker refused; `error.code` and `error.reasonCode` say which. */
  | {
      readonly kind: 'not-connected';
      readonly error: OperationError;
      /** Where the broker that refused sends its clients. */
      readonly serverReference: string | undefined;
    }
  /** The client was to authenticate again on an open connection, and `authentication` or the broker did not get it done. */
  | { readonly kind: 'authentication-failed'; readonly error: OperationError }
  /** `onMessage`, or another function of the application, threw this. */
  | { readonly kind: 'handler-failed'; readonly error: unknown }
  /** The client's own store failed. */
  | { readonly kind: 'store-failed'; readonly error: OperationError };

/** What an end of the connection is for whatever was not done by then. */
export function endingError(end: ClientEnd): OperationError {
  switch (end.kind) {
    case 'disconnected':
      return new OperationError('closed', 'The client has disconnected.');
    case 'disconnected-by-broker': {
      const says = end.reasonString === undefined ? '' : ` It says: ${JSON.stringify(end.reasonString)}.`;
      const sentence = `The broker ended the connection: ${reasonName(end.reasonCode)}.${says}`;
      return new OperationError('connection-lost', sentence, end.reasonCode);
    }
    case 'connection-lost': {
      const { cause } = end;
      const why = cause === undefined ? 'without a word' : `(${cause.message})`;
      return new OperationError('connection-lost', `The connection to the broker ended ${why}.`, undefined, { cause });
    }
    case 'protocol-error': {
      const { error } = end;
      const sentence =
        error.kind === 'keep-alive-timeout'
          ? `The broker has fallen silent. ${error.message}`
          : `The broker broke a rule of MQTT: ${error.message}`;
      return new OperationError('protocol-error', sentence, error.reasonCode, { cause: error });
    }
    case 'not-connected':
    case 'authentication-failed':
    case 'store-failed':
      return end.error;
    case 'handler-failed':
      return new OperationError(
        'closed',
        'The client has disconnected because a function of the application threw.',
        undefined,
        {
          cause: end.error,
        },
      );
    default:
      return unreachable(end);
  }
}

/** The same error, for a message that the next client on the store will send. */
export function staysInOutbox({ code, message, reasonCode, cause }: OperationError): OperationError {
  return new OperationError(code, `${message} The message stays in the outbox.`, reasonCode, { cause });
}

/**
 * The last packet of a connection that goes wrong (section 4.13.1). What a client may not say itself is left unsaid;
 * on 3.x DISCONNECT has one meaning only, that all is well, so there is none.
 */
export function farewell(reasonCode: ReasonCode, version: ProtocolVersion): DisconnectPacket | undefined {
  if (version !== 5) return undefined;
  const isOurs = REASON_CODES.disconnectFromClient.has(reasonCode);
  return {
    kind: 'disconnect',
    reasonCode: isOurs ? reasonCode : Reason.unspecifiedError,
    properties: NO_DISCONNECT_PROPERTIES,
  };
}
