// Any packet that may be sent, for fast-check: in a version, from a Client or from a Server. What a
// version lacks has its neutral value, so that decoding what was encoded gives the packet back.

import fc from 'fast-check';
import type {
  AuthPacket,
  ConnackPacket,
  ConnectPacket,
  DisconnectPacket,
  Packet,
  PublishPacket,
  QoS,
  SubackPacket,
  SubscribePacket,
  SubscriptionRequest,
  UnsubackPacket,
  UnsubscribePacket,
  Will,
} from './packet.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS, PINGREQ, PINGRESP } from './packet.ts';
import type { PacketId } from './packet-id.ts';
import { packetId } from './packet-id.ts';
import type { Direction } from './packet-type.ts';
import type {
  AuthProperties,
  ConnackProperties,
  ConnectProperties,
  MessageProperties,
  ReasonProperties,
  UserProperty,
} from './properties.ts';
import {
  NO_CONNACK_PROPERTIES,
  NO_CONNECT_PROPERTIES,
  NO_DISCONNECT_PROPERTIES,
  NO_MESSAGE_PROPERTIES,
  NO_REASON_PROPERTIES,
  NO_SUBSCRIBE_PROPERTIES,
  NO_UNSUBSCRIBE_PROPERTIES,
} from './properties.ts';
import type { ProtocolVersion } from './protocol-version.ts';
import type { ReasonOwner } from './reason-code-table.ts';
import { REASON_CODES } from './reason-code-table.ts';

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

/** A plain object, as packets are; fast-check makes some without a prototype. */
function record<T>(model: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}

/** Text as MQTT carries it: any code points but U+0000, mostly short, now and then longer than a length byte holds. */
const anyText: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 8, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
    { weight: 4, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 40 }) },
    { weight: 1, arbitrary: fc.integer({ min: 100, max: 300 }).map((length) => 'ä'.repeat(length)) },
  )
  .map((text) => text.replaceAll('\0', '\u{feff}'));

const anyTopicName = anyText.map((text) => text.replaceAll(/[#+]/g, '/')).filter((text) => text !== '');
const anyFilter = anyText.filter((text) => text !== '');
const anyBinary = fc.uint8Array({ maxLength: 40 });
const anyPayload = fc.oneof(
  anyBinary,
  fc.integer({ min: 100, max: 20_000 }).map((length) => new Uint8Array(length).fill(7)),
);
const anyId: fc.Arbitrary<PacketId> = fc.integer({ min: 1, max: 65_535 }).map(packetId);
const anyQoS = fc.constantFrom<QoS>(0, 1, 2);
const anyU16 = fc.integer({ min: 0, max: 65_535 });
const anyPositiveU16 = fc.integer({ min: 1, max: 65_535 });
const anyU32 = fc.oneof(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 0xffff_ffff }));
const anyPositiveU32 = fc.integer({ min: 1, max: 0xffff_ffff });
const anySubscriptionIdentifier = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 268_435_455 }));
const anyUserProperties: fc.Arbitrary<readonly UserProperty[]> = fc.array(fc.tuple(anyText, anyText), { maxLength: 4 });

const anyMessageProperties: fc.Arbitrary<MessageProperties> = record({
  payloadFormatIndicator: maybe(fc.constantFrom(0, 1)),
  messageExpiryInterval: maybe(anyU32),
  contentType: maybe(anyText),
  responseTopic: maybe(anyTopicName),
  correlationData: maybe(anyBinary),
  userProperties: anyUserProperties,
});

const anyReasonProperties: fc.Arbitrary<ReasonProperties> = record({
  reasonString: maybe(anyText),
  userProperties: anyUserProperties,
});

const anyConnectProperties: fc.Arbitrary<ConnectProperties> = record({
  sessionExpiryInterval: maybe(anyU32),
  receiveMaximum: maybe(anyPositiveU16),
  maximumPacketSize: maybe(anyPositiveU32),
  topicAliasMaximum: maybe(anyU16),
  requestResponseInformation: maybe(fc.boolean()),
  requestProblemInformation: maybe(fc.boolean()),
  authenticationMethod: maybe(anyText),
  authenticationData: maybe(anyBinary),
  userProperties: anyUserProperties,
}).filter((properties) => properties.authenticationMethod !== undefined || properties.authenticationData === undefined);

const anyConnackProperties: fc.Arbitrary<ConnackProperties> = record({
  sessionExpiryInterval: maybe(anyU32),
  receiveMaximum: maybe(anyPositiveU16),
  maximumQoS: maybe(fc.constantFrom<0 | 1>(0, 1)),
  retainAvailable: maybe(fc.boolean()),
  maximumPacketSize: maybe(anyPositiveU32),
  assignedClientIdentifier: maybe(anyText),
  topicAliasMaximum: maybe(anyU16),
  reasonString: maybe(anyText),
  wildcardSubscriptionAvailable: maybe(fc.boolean()),
  subscriptionIdentifierAvailable: maybe(fc.boolean()),
  sharedSubscriptionAvailable: maybe(fc.boolean()),
  serverKeepAlive: maybe(anyU16),
  responseInformation: maybe(anyText),
  serverReference: maybe(anyText),
  authenticationMethod: maybe(anyText),
  authenticationData: maybe(anyBinary),
  userProperties: anyUserProperties,
});

const anyAuthProperties: fc.Arbitrary<AuthProperties> = record({
  authenticationMethod: anyText,
  authenticationData: maybe(anyBinary),
  reasonString: maybe(anyText),
  userProperties: anyUserProperties,
});

/** Any packet that one side may send in a version. */
function anyPacket(version: ProtocolVersion, receives: Direction): fc.Arbitrary<Packet> {
  const both = [anyPublish(version, receives), anyDeliveryAcknowledgement(version)];
  if (receives === 'from-server') {
    const server = [anyConnack(version), anySuback(version), anyUnsuback(version), fc.constant(PINGRESP)];
    return fc.oneof(
      ...both,
      ...server,
      ...(version === 5 ? [anyDisconnect(version, receives), anyAuth(receives)] : []),
    );
  }
  const client = [anyConnect(version), anySubscribe(version), anyUnsubscribe(version), fc.constant(PINGREQ)];
  return fc.oneof(...both, ...client, anyDisconnect(version, receives), ...(version === 5 ? [anyAuth(receives)] : []));
}

/** A version and who sends, with some packets of both. */
export const anyTraffic: fc.Arbitrary<{
  readonly version: ProtocolVersion;
  readonly receives: Direction;
  readonly packets: readonly Packet[];
}> = fc
  .tuple(fc.constantFrom<ProtocolVersion>(3, 4, 5, 5), fc.constantFrom<Direction>('from-client', 'from-server'))
  .chain(([version, receives]) =>
    record({
      version: fc.constant(version),
      receives: fc.constant(receives),
      packets: fc.array(anyPacket(version, receives), { minLength: 1, maxLength: 6 }),
    }),
  );

function anyCode(owner: ReasonOwner): fc.Arbitrary<number> {
  return fc.constantFrom(...REASON_CODES[owner]);
}

function anyWill(version: ProtocolVersion): fc.Arbitrary<Will> {
  return record({
    topic: anyTopicName,
    payload: anyBinary,
    qos: anyQoS,
    retain: fc.boolean(),
    delayInterval: version === 5 ? anyU32 : fc.constant(0),
    properties: version === 5 ? anyMessageProperties : fc.constant(NO_MESSAGE_PROPERTIES),
  });
}

function anyConnect(version: ProtocolVersion): fc.Arbitrary<ConnectPacket> {
  return record({
    kind: fc.constant('connect' as const),
    version: fc.constant(version),
    bridge: version === 5 ? fc.constant(false) : fc.boolean(),
    clientId: anyText,
    clean: fc.boolean(),
    keepAlive: anyU16,
    userName: maybe(anyText),
    password: maybe(anyBinary),
    will: maybe(anyWill(version)),
    properties: version === 5 ? anyConnectProperties : fc.constant(NO_CONNECT_PROPERTIES),
  }).filter(({ userName, password }) => version === 5 || userName !== undefined || password === undefined);
}

function anyConnack(version: ProtocolVersion): fc.Arbitrary<ConnackPacket> {
  return record({
    kind: fc.constant('connack' as const),
    sessionPresent: version === 3 ? fc.constant(false) : fc.boolean(),
    reasonCode: anyCode(version === 5 ? 'connack' : 'connectReturnCode'),
    properties: version === 5 ? anyConnackProperties : fc.constant(NO_CONNACK_PROPERTIES),
  }).filter(({ sessionPresent, reasonCode }) => !sessionPresent || reasonCode === 0);
}

function anyPublish(version: ProtocolVersion, receives: Direction): fc.Arbitrary<PublishPacket> {
  const identifiers = fc.array(anySubscriptionIdentifier, { maxLength: 4 });
  return record({
    kind: fc.constant('publish' as const),
    dup: fc.boolean(),
    qos: anyQoS,
    retain: fc.boolean(),
    topic: anyTopicName,
    id: anyId,
    payload: anyPayload,
    topicAlias: version === 5 ? fc.oneof(fc.constant(0), anyPositiveU16) : fc.constant(0),
    subscriptionIdentifiers:
      version === 5 && receives === 'from-server' ? identifiers : fc.constant(NO_SUBSCRIPTION_IDENTIFIERS),
    properties: version === 5 ? anyMessageProperties : fc.constant(NO_MESSAGE_PROPERTIES),
  }).chain((packet) => {
    const sent = packet.qos === 0 ? { ...packet, dup: false, id: undefined } : packet;
    return packet.topicAlias === 0 ? fc.constant(sent) : fc.constantFrom(sent, { ...sent, topic: '' });
  });
}

function anyDeliveryAcknowledgement(version: ProtocolVersion): fc.Arbitrary<Packet> {
  return fc.constantFrom('puback' as const, 'pubrec' as const, 'pubrel' as const, 'pubcomp' as const).chain((kind) => {
    const codes = anyCode(kind === 'puback' || kind === 'pubrec' ? 'pubackOrPubrec' : 'pubrelOrPubcomp');
    return record({
      kind: fc.constant(kind),
      id: anyId,
      reasonCode: version === 5 ? codes : fc.constant(0),
      properties: version === 5 ? anyReasonProperties : fc.constant(NO_REASON_PROPERTIES),
    });
  });
}

function anySubscription(version: ProtocolVersion): fc.Arbitrary<SubscriptionRequest> {
  return record({
    filter: anyFilter,
    options: record({
      qos: anyQoS,
      noLocal: version === 5 ? fc.boolean() : fc.constant(false),
      retainAsPublished: version === 5 ? fc.boolean() : fc.constant(false),
      retainHandling: version === 5 ? fc.constantFrom<0 | 1 | 2>(0, 1, 2) : fc.constant<0>(0),
    }),
  }).filter(({ filter, options }) => !(options.noLocal && filter.startsWith('$share/')));
}

function anySubscribe(version: ProtocolVersion): fc.Arbitrary<SubscribePacket> {
  const properties = record({
    subscriptionIdentifier: maybe(anySubscriptionIdentifier),
    userProperties: anyUserProperties,
  });
  return record({
    kind: fc.constant('subscribe' as const),
    id: anyId,
    subscriptions: fc.array(anySubscription(version), { minLength: 1, maxLength: 4 }),
    properties: version === 5 ? properties : fc.constant(NO_SUBSCRIBE_PROPERTIES),
  });
}

function anySuback(version: ProtocolVersion): fc.Arbitrary<SubackPacket> {
  return record({
    kind: fc.constant('suback' as const),
    id: anyId,
    reasonCodes: fc.array(anyCode(version === 5 ? 'suback' : 'subackReturnCode'), { minLength: 1, maxLength: 4 }),
    properties: version === 5 ? anyReasonProperties : fc.constant(NO_REASON_PROPERTIES),
  });
}

function anyUnsubscribe(version: ProtocolVersion): fc.Arbitrary<UnsubscribePacket> {
  return record({
    kind: fc.constant('unsubscribe' as const),
    id: anyId,
    filters: fc.array(anyFilter, { minLength: 1, maxLength: 4 }),
    properties: version === 5 ? record({ userProperties: anyUserProperties }) : fc.constant(NO_UNSUBSCRIBE_PROPERTIES),
  });
}

function anyUnsuback(version: ProtocolVersion): fc.Arbitrary<UnsubackPacket> {
  return record({
    kind: fc.constant('unsuback' as const),
    id: anyId,
    reasonCodes: version === 5 ? fc.array(anyCode('unsuback'), { minLength: 1, maxLength: 4 }) : fc.constant([]),
    properties: version === 5 ? anyReasonProperties : fc.constant(NO_REASON_PROPERTIES),
  });
}

function anyDisconnect(version: ProtocolVersion, receives: Direction): fc.Arbitrary<DisconnectPacket> {
  const properties = record({
    sessionExpiryInterval: receives === 'from-client' ? maybe(anyU32) : fc.constant(undefined),
    reasonString: maybe(anyText),
    serverReference: maybe(anyText),
    userProperties: anyUserProperties,
  });
  const codes = anyCode(receives === 'from-client' ? 'disconnectFromClient' : 'disconnectFromServer');
  return record({
    kind: fc.constant('disconnect' as const),
    reasonCode: version === 5 ? codes : fc.constant(0),
    properties: version === 5 ? properties : fc.constant(NO_DISCONNECT_PROPERTIES),
  });
}

function anyAuth(receives: Direction): fc.Arbitrary<AuthPacket> {
  return record({
    kind: fc.constant('auth' as const),
    reasonCode: anyCode(receives === 'from-client' ? 'authFromClient' : 'authFromServer'),
    properties: anyAuthProperties,
  });
}
