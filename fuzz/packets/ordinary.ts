// Packets as clients and servers send them every day, made up by chance: the material of which inputs are made before
// anything is wrong with them. Few names and few packet identifiers, so that packets meet each other.

import { ByteWriter } from '../../src/base/byte-writer.ts';
import { encodePacket } from '../../src/packet/encode.ts';
import {
  type ConnectPacket,
  NO_SUBSCRIPTION_IDENTIFIERS,
  type Packet,
  PINGREQ,
  type PublishPacket,
  type QoS,
  type SubscribePacket,
} from '../../src/packet/packet.ts';
import { type PacketId, packetId } from '../../src/packet/packet-id.ts';
import {
  type MessageProperties,
  NO_CONNECT_PROPERTIES,
  NO_DISCONNECT_PROPERTIES,
  NO_MESSAGE_PROPERTIES,
  NO_REASON_PROPERTIES,
  NO_SUBSCRIBE_PROPERTIES,
  NO_UNSUBSCRIBE_PROPERTIES,
  NO_USER_PROPERTIES,
} from '../../src/packet/properties.ts';
import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import type { Chance } from '../engine/chance.ts';
import { FILTER_WORDS, TOPIC_WORDS } from './dictionary.ts';

const CLIENT_IDS = ['p', 's', 'q', ''] as const;
const IDS_MAX = 4;

/** Packets on the wire. */
export function bytesOf(packets: readonly Packet[], version: ProtocolVersion): Uint8Array {
  const writer = new ByteWriter();
  for (const packet of packets) encodePacket(writer, packet, version);
  return writer.bytes.slice(0, writer.position);
}

/** A version, the later ones more often. */
export function anyVersion(chance: Chance): ProtocolVersion {
  return chance.pick([5, 5, 5, 4, 4, 3] as const);
}

/** CONNECT with a session that is to last or not, mostly as `isLasting` says; perhaps with a Will, perhaps with tight limits. */
export function ordinaryConnect(
  version: ProtocolVersion,
  clientId: string,
  isLasting: boolean,
  chance: Chance,
): ConnectPacket {
  const isFive = version === 5;
  const lasts = chance.oneIn(8) ? !isLasting : isLasting;
  return {
    kind: 'connect',
    version,
    bridge: !isFive && chance.oneIn(10),
    clientId: chance.oneIn(10) ? chance.pick(CLIENT_IDS) : clientId,
    clean: !lasts,
    keepAlive: chance.pick([0, 0, 1, 60]),
    userName: chance.oneIn(10) ? 'user' : undefined,
    password: undefined,
    will: chance.oneIn(3)
      ? {
          topic: anyOf(TOPIC_WORDS, chance),
          payload: payload(chance),
          qos: anyQoS(chance),
          retain: chance.oneIn(3),
          delayInterval: isFive ? chance.pick([0, 0, 5, 500]) : 0,
          properties: messageProperties(version, chance),
        }
      : undefined,
    properties: isFive
      ? {
          ...NO_CONNECT_PROPERTIES,
          sessionExpiryInterval: lasts ? chance.pick([1, 100, 1_000, 0xffff_ffff]) : chance.pick([undefined, 0, 100]),
          receiveMaximum: chance.pick([undefined, undefined, 1, 2, 65_535]),
          maximumPacketSize: chance.oneIn(6) ? chance.pick([40, 100]) : undefined,
          topicAliasMaximum: chance.pick([undefined, 1, 10]),
        }
      : NO_CONNECT_PROPERTIES,
  };
}

/** SUBSCRIBE with a filter or some. */
export function ordinarySubscribe(version: ProtocolVersion, chance: Chance): SubscribePacket {
  const filters = Array.from({ length: 1 + chance.below(3) }, () => anyOf(FILTER_WORDS, chance));
  const isFive = version === 5;
  return {
    kind: 'subscribe',
    id: anyId(chance),
    subscriptions: filters.map((filter) => ({
      filter,
      options: {
        qos: anyQoS(chance),
        noLocal: isFive && !filter.startsWith('$share/') && chance.oneIn(6),
        retainAsPublished: isFive && chance.oneIn(4),
        retainHandling: isFive ? chance.pick([0, 0, 1, 2] as const) : 0,
      },
    })),
    properties: {
      ...NO_SUBSCRIBE_PROPERTIES,
      subscriptionIdentifier: isFive && chance.oneIn(3) ? 1 + chance.below(300) : undefined,
    },
  };
}

/** PUBLISH of a client. */
function ordinaryPublish(version: ProtocolVersion, chance: Chance): PublishPacket {
  const qos = anyQoS(chance);
  const topicAlias = version === 5 && chance.oneIn(5) ? 1 + chance.below(3) : 0;
  return {
    kind: 'publish',
    dup: qos > 0 && chance.oneIn(6),
    qos,
    retain: chance.oneIn(4),
    topic: topicAlias > 0 && chance.oneIn(2) ? '' : anyOf(TOPIC_WORDS, chance),
    id: qos === 0 ? undefined : anyId(chance),
    payload: payload(chance),
    topicAlias,
    subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
    properties: messageProperties(version, chance),
  };
}

/** Any packet of a client that is connected. */
export function ordinaryPacket(version: ProtocolVersion, chance: Chance): Packet {
  switch (chance.below(10)) {
    case 0:
    case 1:
      return ordinarySubscribe(version, chance);
    case 2: {
      const filters = [anyOf(FILTER_WORDS, chance), chance.pick(FILTER_WORDS)];
      return { kind: 'unsubscribe', id: anyId(chance), filters, properties: NO_UNSUBSCRIBE_PROPERTIES };
    }
    case 3:
      return PINGREQ;
    case 4:
    case 5: {
      const kind = chance.pick(['puback', 'pubrec', 'pubrel', 'pubrel', 'pubcomp'] as const);
      const isRefusal = version === 5 && chance.oneIn(6);
      const reasonCode = isRefusal ? (kind === 'puback' || kind === 'pubrec' ? 0x80 : 0x92) : 0;
      return { kind, id: anyId(chance), reasonCode, properties: NO_REASON_PROPERTIES };
    }
    case 6: {
      if (!chance.oneIn(4)) return ordinaryPublish(version, chance);
      const reasonCode = version === 5 && chance.oneIn(2) ? 4 : 0;
      return { kind: 'disconnect', reasonCode, properties: NO_DISCONNECT_PROPERTIES };
    }
    default:
      return ordinaryPublish(version, chance);
  }
}

function anyQoS(chance: Chance): QoS {
  return chance.pick([0, 1, 1, 2, 2] as const);
}

/** The first of these words mostly, so that subscribers and publishers meet. */
function anyOf(words: readonly string[], chance: Chance): string {
  return chance.pick(chance.oneIn(2) ? words.slice(0, 2) : words);
}

function anyId(chance: Chance): PacketId {
  return packetId(1 + chance.below(IDS_MAX));
}

/** Properties of a message, mostly none. */
function messageProperties(version: ProtocolVersion, chance: Chance): MessageProperties {
  if (version !== 5 || !chance.oneIn(3)) return NO_MESSAGE_PROPERTIES;
  return {
    payloadFormatIndicator: chance.pick([undefined, undefined, 0, 1]),
    messageExpiryInterval: chance.pick([undefined, undefined, 0, 1, 100]),
    contentType: chance.pick([undefined, undefined, 'text']),
    responseTopic: chance.pick([undefined, undefined, 'b']),
    correlationData: chance.pick([undefined, undefined, Uint8Array.of(1)]),
    userProperties: chance.oneIn(2) ? NO_USER_PROPERTIES : [['k', 'v']],
  };
}

function payload(chance: Chance): Uint8Array {
  return new Uint8Array(chance.pick([0, 1, 1, 4, 30, 200])).fill(0x61 + chance.below(26));
}
