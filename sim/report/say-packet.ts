// Packets of a history as people read them: `PUBLISH t/1 = ann#3 QoS 2 id 1 dup`, `PUBREC 1`, `SUBSCRIBE 2 a/# QoS 1`,
// `CONNACK session present`. What is at its neutral value is left out; reason codes come with their names.

import { unreachable } from '../../src/base/assert.ts';
import type { ConnackPacket, ConnectPacket, SubscriptionRequest } from '../../src/packet/packet.ts';
import { reasonName } from '../../src/packet/reason-codes.ts';
import type { FilterPlan } from '../plan.ts';
import type { WirePacket } from '../history.ts';

/** One packet in words. */
export function sayPacket(wire: WirePacket): string {
  const { packet } = wire;
  const name = packet.kind.toUpperCase();
  switch (packet.kind) {
    case 'connect':
      return words(name, sayConnect(packet, wire.label));
    case 'connack':
      return words(name, sayConnack(packet));
    case 'publish':
      return words(name, sayPublish(wire));
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return words(name, `${packet.id}`, sayReason(packet.reasonCode));
    case 'subscribe':
      return words(name, `${packet.id}`, packet.subscriptions.map(sayRequest).join(', '));
    case 'unsubscribe':
      return words(name, `${packet.id}`, packet.filters.join(', '));
    case 'suback':
    case 'unsuback':
      return words(name, `${packet.id}`, packet.reasonCodes.map(sayGranted).join(', '));
    case 'disconnect': {
      const { sessionExpiryInterval } = packet.properties;
      return words(name, sayReason(packet.reasonCode), sayCount('session expiry', sessionExpiryInterval, 's'));
    }
    case 'pingreq':
    case 'pingresp':
    case 'auth':
      return name;
    default:
      return unreachable(packet);
  }
}

/** A topic filter and its options, as it is subscribed to. */
export function sayFilter({ filter, qos, noLocal, retainAsPublished, retainHandling }: FilterPlan): string {
  return words(
    filter,
    `QoS ${qos}`,
    noLocal && 'no-local',
    retainAsPublished && 'retain-as-published',
    retainHandling > 0 && `retain-handling ${retainHandling}`,
  );
}

/** A Reason Code in words; nothing for success. */
export function sayReason(reasonCode: number | undefined): string {
  return reasonCode === undefined || reasonCode === 0 ? '' : reasonName(reasonCode);
}

/** Joins what there is to say. */
export function words(...parts: readonly (string | false)[]): string {
  return parts.filter((part) => part !== '' && part !== false).join(' ');
}

function sayConnect(packet: ConnectPacket, will: string): string {
  const { sessionExpiryInterval, receiveMaximum, topicAliasMaximum, maximumPacketSize } = packet.properties;
  return words(
    packet.clientId,
    `version ${packet.version}`,
    packet.clean && 'clean',
    sayCount('session expiry', sessionExpiryInterval, 's'),
    sayCount('receive maximum', receiveMaximum),
    sayCount('topic alias maximum', topicAliasMaximum),
    sayCount('maximum packet size', maximumPacketSize),
    packet.keepAlive > 0 && `keep-alive ${packet.keepAlive} s`,
    packet.will !== undefined && sayWill(packet.will, will),
  );
}

function sayWill({ topic, qos, retain, delayInterval }: NonNullable<ConnectPacket['will']>, label: string): string {
  return words(
    `Will ${topic} = ${label} QoS ${qos}`,
    retain && 'retain',
    delayInterval > 0 && `after ${delayInterval} s`,
  );
}

function sayConnack({ sessionPresent, reasonCode, properties }: ConnackPacket): string {
  return words(
    sayReason(reasonCode),
    sessionPresent && 'session present',
    sayCount('session expiry', properties.sessionExpiryInterval, 's'),
    sayCount('receive maximum', properties.receiveMaximum),
    sayCount('topic alias maximum', properties.topicAliasMaximum),
    sayCount('keep-alive', properties.serverKeepAlive, 's'),
  );
}

function sayPublish({ packet, label, topic, size }: WirePacket): string {
  if (packet.kind !== 'publish') return '';
  return words(
    `${topic} =`,
    label === '' ? 'nothing' : label,
    packet.qos > 0 && `QoS ${packet.qos} id ${packet.id}`,
    packet.dup && 'dup',
    packet.retain && 'retain',
    packet.topicAlias > 0 && `alias ${packet.topicAlias}${packet.topic === '' ? ' alone' : ''}`,
    sayCount('expires in', packet.properties.messageExpiryInterval, 's'),
    packet.subscriptionIdentifiers.length > 0 && `for ${packet.subscriptionIdentifiers.join(',')}`,
    size > 100 && `(${size} bytes)`,
  );
}

function sayRequest({ filter, options }: SubscriptionRequest): string {
  return sayFilter({ filter, ...options });
}

function sayGranted(reasonCode: number): string {
  return reasonCode <= 2 ? `${reasonCode}` : reasonName(reasonCode);
}

function sayCount(name: string, count: number | undefined, unit = ''): string {
  return count === undefined ? '' : words(name, `${count}`, unit);
}
