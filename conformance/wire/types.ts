// The numbers of the wire: packet types (section 2.1.2) and property identifiers (section 2.2.2.2), by name.

/** Packet types. */
export const TYPE = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;

/** The name of a packet type. */
export type PacketName = keyof typeof TYPE;

const NAMES: ReadonlyMap<number, PacketName> = new Map(
  (Object.keys(TYPE) as PacketName[]).map((name) => [TYPE[name], name]),
);

/** The name of a packet type; `undefined` for 0, which nobody may send. */
export function packetName(type: number): PacketName | undefined {
  return NAMES.get(type);
}

/** How a property's value is written (section 2.2.2.2). */
export type PropertyForm = 'byte' | 'u16' | 'u32' | 'varint' | 'text' | 'binary' | 'pair';

/** The type of each property's value. */
export interface PropertyValues {
  readonly payloadFormatIndicator: number;
  readonly messageExpiryInterval: number;
  readonly contentType: string;
  readonly responseTopic: string;
  readonly correlationData: Uint8Array;
  readonly subscriptionIdentifier: number;
  readonly sessionExpiryInterval: number;
  readonly assignedClientIdentifier: string;
  readonly serverKeepAlive: number;
  readonly authenticationMethod: string;
  readonly authenticationData: Uint8Array;
  readonly requestProblemInformation: number;
  readonly willDelayInterval: number;
  readonly requestResponseInformation: number;
  readonly responseInformation: string;
  readonly serverReference: string;
  readonly reasonString: string;
  readonly receiveMaximum: number;
  readonly topicAliasMaximum: number;
  readonly topicAlias: number;
  readonly maximumQoS: number;
  readonly retainAvailable: number;
  readonly userProperty: readonly [string, string];
  readonly maximumPacketSize: number;
  readonly wildcardSubscriptionAvailable: number;
  readonly subscriptionIdentifierAvailable: number;
  readonly sharedSubscriptionAvailable: number;
}

/** The name of a property. */
export type PropertyName = keyof PropertyValues;

/** Each property: its identifier and the form of its value. */
export const PROPERTIES: { readonly [Name in PropertyName]: readonly [identifier: number, form: PropertyForm] } = {
  payloadFormatIndicator: [0x01, 'byte'],
  messageExpiryInterval: [0x02, 'u32'],
  contentType: [0x03, 'text'],
  responseTopic: [0x08, 'text'],
  correlationData: [0x09, 'binary'],
  subscriptionIdentifier: [0x0b, 'varint'],
  sessionExpiryInterval: [0x11, 'u32'],
  assignedClientIdentifier: [0x12, 'text'],
  serverKeepAlive: [0x13, 'u16'],
  authenticationMethod: [0x15, 'text'],
  authenticationData: [0x16, 'binary'],
  requestProblemInformation: [0x17, 'byte'],
  willDelayInterval: [0x18, 'u32'],
  requestResponseInformation: [0x19, 'byte'],
  responseInformation: [0x1a, 'text'],
  serverReference: [0x1c, 'text'],
  reasonString: [0x1f, 'text'],
  receiveMaximum: [0x21, 'u16'],
  topicAliasMaximum: [0x22, 'u16'],
  topicAlias: [0x23, 'u16'],
  maximumQoS: [0x24, 'byte'],
  retainAvailable: [0x25, 'byte'],
  userProperty: [0x26, 'pair'],
  maximumPacketSize: [0x27, 'u32'],
  wildcardSubscriptionAvailable: [0x28, 'byte'],
  subscriptionIdentifierAvailable: [0x29, 'byte'],
  sharedSubscriptionAvailable: [0x2a, 'byte'],
};

/** Properties by name; a list is one property per item. */
export type Properties = {
  readonly [Name in PropertyName]?: PropertyValues[Name] | readonly PropertyValues[Name][];
};
