// What a peer did wrong, with all that the wire and the log need to say about it.

import type { ReasonCode } from './reason-codes.ts';
import { Reason } from './reason-codes.ts';

/** The stable name of a broken rule. */
export type ProtocolErrorKind =
  | 'malformed-packet'
  | 'protocol-error'
  | 'packet-too-large'
  | 'too-many-filters'
  | 'receive-maximum-exceeded'
  | 'topic-alias-invalid'
  | 'topic-name-invalid'
  | 'topic-filter-invalid'
  | 'unsupported-protocol-version'
  | 'client-identifier-invalid'
  | 'keep-alive-timeout'
  | 'not-mqtt';

/**
 * A peer broke a rule of MQTT; its connection ends.
 * `reasonCode` is what DISCONNECT or CONNACK says to MQTT 5; `statement` is the normative statement, such as `MQTT-2.2.1-2`.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code = 'protocol-error';
  readonly kind: ProtocolErrorKind;
  readonly reasonCode: ReasonCode;
  /** The statement that was broken, without brackets; '' where the specification has no numbered one. */
  readonly statement: string;

  constructor(kind: ProtocolErrorKind, reasonCode: ReasonCode, statement: string, detail: string) {
    super(statement === '' ? detail : `${detail} [${statement}]`);
    this.kind = kind;
    this.reasonCode = reasonCode;
    this.statement = statement;
  }
}

/** The packet cannot be parsed: `malformed-packet`, 0x81. */
export function malformed(statement: string, detail: string): ProtocolError {
  return new ProtocolError('malformed-packet', Reason.malformedPacket, statement, detail);
}

/** The packet can be parsed, and says what the protocol forbids: `protocol-error`, 0x82. */
export function violation(statement: string, detail: string): ProtocolError {
  return new ProtocolError('protocol-error', Reason.protocolError, statement, detail);
}
