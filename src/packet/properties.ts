// The 27 properties of MQTT 5.0 (section 2.2.2.2), grouped by the packet they may stand in.
// All fields are always present; absent is `undefined`, except lists, which are empty. A packet
// without properties shares a frozen constant, so that the common case allocates nothing.
// The wire identifiers and which packet may carry which are in property-codec.ts.

/** One User Property: a name and a value, in wire order, names may repeat. */
export type UserProperty = readonly [name: string, value: string];

/** The shared empty list. */
export const NO_USER_PROPERTIES: readonly UserProperty[] = Object.freeze([]);

/** Properties that belong to the message itself and are passed on to subscribers unchanged (section 3.3.2.3). */
export interface MessageProperties {
  /** 1: the payload is UTF-8 text. 0 or `undefined`: bytes. */
  readonly payloadFormatIndicator: number | undefined;
  /** Seconds; counted down by the Server as `Message.expiresAt`. */
  readonly messageExpiryInterval: number | undefined;
  readonly contentType: string | undefined;
  readonly responseTopic: string | undefined;
  readonly correlationData: Uint8Array | undefined;
  readonly userProperties: readonly UserProperty[];
}

/** Shared by every message without properties. */
export const NO_MESSAGE_PROPERTIES: MessageProperties = Object.freeze({
  payloadFormatIndicator: undefined,
  messageExpiryInterval: undefined,
  contentType: undefined,
  responseTopic: undefined,
  correlationData: undefined,
  userProperties: NO_USER_PROPERTIES,
});

/** Properties of CONNECT (section 3.1.2.11). Intervals in seconds, sizes in bytes. */
export interface ConnectProperties {
  readonly sessionExpiryInterval: number | undefined;
  readonly receiveMaximum: number | undefined;
  readonly maximumPacketSize: number | undefined;
  readonly topicAliasMaximum: number | undefined;
  readonly requestResponseInformation: boolean | undefined;
  readonly requestProblemInformation: boolean | undefined;
  readonly authenticationMethod: string | undefined;
  readonly authenticationData: Uint8Array | undefined;
  readonly userProperties: readonly UserProperty[];
}

/** Shared by every CONNECT without properties. */
export const NO_CONNECT_PROPERTIES: ConnectProperties = Object.freeze({
  sessionExpiryInterval: undefined,
  receiveMaximum: undefined,
  maximumPacketSize: undefined,
  topicAliasMaximum: undefined,
  requestResponseInformation: undefined,
  requestProblemInformation: undefined,
  authenticationMethod: undefined,
  authenticationData: undefined,
  userProperties: NO_USER_PROPERTIES,
});

/** Properties of CONNACK (section 3.2.2.3). Intervals in seconds, sizes in bytes. */
export interface ConnackProperties {
  readonly sessionExpiryInterval: number | undefined;
  readonly receiveMaximum: number | undefined;
  readonly maximumQoS: 0 | 1 | undefined;
  readonly retainAvailable: boolean | undefined;
  readonly maximumPacketSize: number | undefined;
  readonly assignedClientIdentifier: string | undefined;
  readonly topicAliasMaximum: number | undefined;
  readonly reasonString: string | undefined;
  readonly wildcardSubscriptionAvailable: boolean | undefined;
  readonly subscriptionIdentifierAvailable: boolean | undefined;
  readonly sharedSubscriptionAvailable: boolean | undefined;
  readonly serverKeepAlive: number | undefined;
  readonly responseInformation: string | undefined;
  readonly serverReference: string | undefined;
  readonly authenticationMethod: string | undefined;
  readonly authenticationData: Uint8Array | undefined;
  readonly userProperties: readonly UserProperty[];
}

/** Shared by every CONNACK without properties. */
export const NO_CONNACK_PROPERTIES: ConnackProperties = Object.freeze({
  sessionExpiryInterval: undefined,
  receiveMaximum: undefined,
  maximumQoS: undefined,
  retainAvailable: undefined,
  maximumPacketSize: undefined,
  assignedClientIdentifier: undefined,
  topicAliasMaximum: undefined,
  reasonString: undefined,
  wildcardSubscriptionAvailable: undefined,
  subscriptionIdentifierAvailable: undefined,
  sharedSubscriptionAvailable: undefined,
  serverKeepAlive: undefined,
  responseInformation: undefined,
  serverReference: undefined,
  authenticationMethod: undefined,
  authenticationData: undefined,
  userProperties: NO_USER_PROPERTIES,
});

/** Properties of PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK (sections 3.4 to 3.11). */
export interface ReasonProperties {
  readonly reasonString: string | undefined;
  readonly userProperties: readonly UserProperty[];
}

/** Shared by every acknowledgement without properties. */
export const NO_REASON_PROPERTIES: ReasonProperties = Object.freeze({
  reasonString: undefined,
  userProperties: NO_USER_PROPERTIES,
});

/** Properties of SUBSCRIBE (section 3.8.2.1). */
export interface SubscribeProperties {
  /** 1 to 268,435,455. */
  readonly subscriptionIdentifier: number | undefined;
  readonly userProperties: readonly UserProperty[];
}

/** Shared by every SUBSCRIBE without properties. */
export const NO_SUBSCRIBE_PROPERTIES: SubscribeProperties = Object.freeze({
  subscriptionIdentifier: undefined,
  userProperties: NO_USER_PROPERTIES,
});

/** Properties of UNSUBSCRIBE (section 3.10.2.1). */
export interface UnsubscribeProperties {
  readonly userProperties: readonly UserProperty[];
}

/** Shared by every UNSUBSCRIBE without properties. */
export const NO_UNSUBSCRIBE_PROPERTIES: UnsubscribeProperties = Object.freeze({ userProperties: NO_USER_PROPERTIES });

/** Properties of DISCONNECT (section 3.14.2.2). */
export interface DisconnectProperties {
  /** Seconds; client to server only. */
  readonly sessionExpiryInterval: number | undefined;
  readonly reasonString: string | undefined;
  readonly serverReference: string | undefined;
  readonly userProperties: readonly UserProperty[];
}

/** Shared by every DISCONNECT without properties. */
export const NO_DISCONNECT_PROPERTIES: DisconnectProperties = Object.freeze({
  sessionExpiryInterval: undefined,
  reasonString: undefined,
  serverReference: undefined,
  userProperties: NO_USER_PROPERTIES,
});

/** Properties of AUTH (section 3.15.2.2). */
export interface AuthProperties {
  readonly authenticationMethod: string | undefined;
  readonly authenticationData: Uint8Array | undefined;
  readonly reasonString: string | undefined;
  readonly userProperties: readonly UserProperty[];
}

/** Shared by every AUTH without properties. */
export const NO_AUTH_PROPERTIES: AuthProperties = Object.freeze({
  authenticationMethod: undefined,
  authenticationData: undefined,
  reasonString: undefined,
  userProperties: NO_USER_PROPERTIES,
});
