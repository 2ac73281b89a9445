// Packets as lines, so that a test compares what came with a list that reads as the conversation was:
// `PUBLISH a/b=text QoS 1 id 3 dup retain`, `PUBACK 3 0x10`, `SUBACK 1 0x02 0x8f`, `DISCONNECT 0x93`, `AUTH 0x18 method=text`.
// What is at its neutral value is left out, reason code 0 as well, except in lists.

import type { Packet, PublishPacket } from '../../src/packet/packet.ts';

/** One packet as a line. */
export function sayPacket(packet: Packet): string {
  const name = packet.kind.toUpperCase();
  switch (packet.kind) {
    case 'publish':
      return sayPublish(packet);
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return `${name} ${packet.id}${sayReason(packet.reasonCode)}`;
    case 'suback':
    case 'unsuback':
      return [name, packet.id, ...packet.reasonCodes.map(hex)].join(' ');
    case 'connack':
      return `${name}${sayReason(packet.reasonCode)}${packet.sessionPresent ? ' session present' : ''}`;
    case 'disconnect':
      return `${name}${sayReason(packet.reasonCode)}`;
    case 'auth': {
      const { authenticationMethod, authenticationData } = packet.properties;
      return `${name}${sayReason(packet.reasonCode)} ${authenticationMethod ?? ''}=${Buffer.from(authenticationData ?? []).toString()}`;
    }
    default:
      return name;
  }
}

/** The payload as text. */
export function textOf(packet: PublishPacket): string {
  return Buffer.from(packet.payload).toString();
}

function sayPublish(packet: PublishPacket): string {
  const words = [`PUBLISH ${packet.topic}=${textOf(packet)}`];
  if (packet.qos > 0) words.push(`QoS ${packet.qos} id ${packet.id}`);
  if (packet.dup) words.push('dup');
  if (packet.retain) words.push('retain');
  if (packet.topicAlias !== 0) words.push(`alias ${packet.topicAlias}`);
  const { messageExpiryInterval } = packet.properties;
  if (messageExpiryInterval !== undefined) words.push(`expires ${messageExpiryInterval}`);
  // Their order is not significant [MQTT-3.3.4-4].
  const identifiers = packet.subscriptionIdentifiers.toSorted((a, b) => a - b);
  if (identifiers.length > 0) words.push(`for ${identifiers.join(',')}`);
  return words.join(' ');
}

function sayReason(reasonCode: number): string {
  return reasonCode === 0 ? '' : ` ${hex(reasonCode)}`;
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
