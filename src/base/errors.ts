// The errors that a caller can meet, and their stable codes. Match on `code`, never on the text.
// Whose fault it is decides the class: UsageError (the caller's), ProtocolError (the peer's, in
// packet/protocol-error.ts), OperationError (the world's: network, disk, a refusal by the other side).

/** Every stable error code, with the sentence that docs/errors.md prints. */
export const ERROR_CODES = {
  'invalid-argument': 'An argument has a value that the function does not take.',
  'invalid-option': 'An option is unknown, or its value is out of bounds.',
  closed: 'The broker, client or session was closed before the operation ended.',
  'address-in-use': 'Another process listens on the address.',
  'address-unavailable': 'The address cannot be listened on: it is not of this machine, or needs more rights.',
  'connection-lost': 'The network connection ended before the operation did.',
  'connection-refused': 'The other side refused the connection; `reasonCode` says why.',
  'tls-failed': 'No encrypted connection came about: a certificate is not trusted, or one side does not speak TLS.',
  'timed-out': 'The other side did not answer in time.',
  rejected: 'The other side answered with a reason code of 0x80 or above; `reasonCode` says which.',
  'not-connected': 'There is no connection, and neither a message of QoS 0 nor a re-authentication waits for one.',
  expired: 'The Message Expiry Interval of the message ended before it could be sent.',
  ambiguous:
    'The broker has lost the session, so nobody can tell whether it has the QoS 2 message; `onAmbiguous` decides.',
  'too-large': 'The packet is larger than the other side takes.',
  'not-found': 'The broker knows no such client, session or ban.',
  'broker-unreachable': 'No broker answers at its control socket, or its answer broke off.',
  'file-unavailable': 'A file cannot be read or written.',
  'store-in-use': 'Another process has the data directory open.',
  'store-unavailable': 'The data directory cannot be made, read or written.',
  'store-newer': 'The data directory was written by a newer version of Vouch.',
  'store-damaged': 'The data directory holds something that was not written so; the message names file, table and row.',
  'store-not-accepted':
    'The disk failed in an earlier run; `vouch store check --accept` says that the data directory may be used again.',
  'store-failed': 'The disk failed: what was not acknowledged may be lost, and nothing more is acknowledged.',
  'store-full': 'The disk is full, and the reserve for what must still be written is used up.',
  'protocol-error': 'The other side broke a rule of MQTT; `reasonCode` and `statement` say which.',
} as const;

/** A stable name for what went wrong. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The caller asked for something that cannot be: fix the call. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The network, the disk or the other side did not do its part: retry, or tell somebody. */
export class OperationError extends Error {
  override readonly name = 'OperationError';
  readonly code: ErrorCode;
  /** The MQTT reason code that came with it, if one did. */
  readonly reasonCode: number | undefined;

  constructor(code: ErrorCode, message: string, reasonCode?: number, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.reasonCode = reasonCode;
  }
}
