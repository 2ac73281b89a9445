// Reason Codes (MQTT 5.0 section 2.4) and the CONNACK return codes of 3.x (MQTT 3.1.1 section 3.2.2.3).

/** A Reason Code: one byte; below 0x80 is success. */
export type ReasonCode = number;

/** Every Reason Code of MQTT 5.0 by its name in the specification. */
export const Reason = {
  success: 0x00,
  normalDisconnection: 0x00,
  grantedQoS0: 0x00,
  grantedQoS1: 0x01,
  grantedQoS2: 0x02,
  disconnectWithWill: 0x04,
  noMatchingSubscribers: 0x10,
  noSubscriptionExisted: 0x11,
  continueAuthentication: 0x18,
  reAuthenticate: 0x19,
  unspecifiedError: 0x80,
  malformedPacket: 0x81,
  protocolError: 0x82,
  implementationSpecificError: 0x83,
  unsupportedProtocolVersion: 0x84,
  clientIdentifierNotValid: 0x85,
  badUserNameOrPassword: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  serverBusy: 0x89,
  banned: 0x8a,
  serverShuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  packetIdentifierInUse: 0x91,
  packetIdentifierNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  messageRateTooHigh: 0x96,
  quotaExceeded: 0x97,
  administrativeAction: 0x98,
  payloadFormatInvalid: 0x99,
  retainNotSupported: 0x9a,
  qosNotSupported: 0x9b,
  useAnotherServer: 0x9c,
  serverMoved: 0x9d,
  sharedSubscriptionsNotSupported: 0x9e,
  connectionRateExceeded: 0x9f,
  maximumConnectTime: 0xa0,
  subscriptionIdentifiersNotSupported: 0xa1,
  wildcardSubscriptionsNotSupported: 0xa2,
} as const;

/** The names by code, as people read them; 0x00 is 'success'. */
const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(Reason)
    .reverse()
    .map(([name, code]) => [
      code,
      name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace('qo s', 'QoS '),
    ]),
);

/** A Reason Code in words and hexadecimal, such as `not authorized (0x87)`. */
export function reasonName(code: ReasonCode): string {
  const hex = `0x${code.toString(16).padStart(2, '0')}`;
  const name = NAMES.get(code);
  return name === undefined ? hex : `${name} (${hex})`;
}

/** CONNACK return codes of MQTT 3.1 and 3.1.1. */
export const ConnectReturnCode = {
  accepted: 0,
  unacceptableProtocolVersion: 1,
  identifierRejected: 2,
  serverUnavailable: 3,
  badUserNameOrPassword: 4,
  notAuthorized: 5,
} as const;

/** The CONNACK return code of 3.x that says what a Reason Code says; `undefined` where 3.x has none and the connection is just closed. */
export function connectReturnCode(reason: ReasonCode): number | undefined {
  switch (reason) {
    case Reason.success:
      return ConnectReturnCode.accepted;
    case Reason.unsupportedProtocolVersion:
      return ConnectReturnCode.unacceptableProtocolVersion;
    case Reason.clientIdentifierNotValid:
      return ConnectReturnCode.identifierRejected;
    case Reason.serverUnavailable:
    case Reason.serverBusy:
    case Reason.quotaExceeded:
    case Reason.connectionRateExceeded:
    case Reason.serverShuttingDown:
    case Reason.useAnotherServer:
    case Reason.serverMoved:
      return ConnectReturnCode.serverUnavailable;
    case Reason.badUserNameOrPassword:
      return ConnectReturnCode.badUserNameOrPassword;
    case Reason.notAuthorized:
    case Reason.banned:
    case Reason.badAuthenticationMethod:
      return ConnectReturnCode.notAuthorized;
    default:
      return undefined;
  }
}
