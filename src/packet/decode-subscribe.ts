// SUBSCRIBE and UNSUBSCRIBE (sections 3.8 and 3.10). Topic Filters are read as text that is not
// empty; what they mean, and whether their wildcards stand where they may, is for topic/ to say.
// How many there may be is the owner's to say: one costs four bytes of a packet, and much more to whoever must keep it.

import { decodeSubscribeProperties, decodeUnsubscribeProperties } from './decode-properties.ts';
import type { QoS, SubscribePacket, SubscriptionOptions, SubscriptionRequest, UnsubscribePacket } from './packet.ts';
import type { PacketReader } from './packet-reader.ts';
import { NO_SUBSCRIBE_PROPERTIES, NO_UNSUBSCRIBE_PROPERTIES } from './properties.ts';
import { ProtocolError } from './protocol-error.ts';
import type { ProtocolVersion } from './protocol-version.ts';
import { Reason } from './reason-codes.ts';

/** Every good Subscription Options byte as the one value that all subscriptions with it share. */
const OPTIONS: readonly (SubscriptionOptions | undefined)[] = buildOptions();

const Option = { qos: 0x03, noLocal: 0x04, retainAsPublished: 0x08, retainHandling: 0x30, reserved: 0xc0 } as const;

/**
 * Reads a SUBSCRIBE.
 * @param filtersMax  More of them are not taken.
 * @throws {ProtocolError} `malformed-packet` (0x81), `protocol-error` (0x82), `too-many-filters` (0x97).
 */
export function decodeSubscribe(reader: PacketReader, version: ProtocolVersion, filtersMax: number): SubscribePacket {
  const id = reader.id('MQTT-2.2.1-3');
  const properties = version === 5 ? decodeSubscribeProperties(reader) : NO_SUBSCRIBE_PROPERTIES;
  // [MQTT-3.8.3-2]
  if (reader.isAtEnd) throw reader.violation('MQTT-3.8.3-2', 'there is no Topic Filter');
  const subscriptions: SubscriptionRequest[] = [];
  while (!reader.isAtEnd) {
    if (subscriptions.length >= filtersMax) throw tooManyFilters(reader, filtersMax);
    // [MQTT-3.8.3-1]
    const filter = readFilter(reader);
    const options = version === 5 ? readOptions(reader, filter) : readRequestedQoS(reader);
    subscriptions.push({ filter, options });
  }
  return { kind: 'subscribe', id, subscriptions, properties };
}

/**
 * Reads an UNSUBSCRIBE.
 * @param filtersMax  More of them are not taken.
 * @throws {ProtocolError} `malformed-packet` (0x81), `protocol-error` (0x82), `too-many-filters` (0x97).
 */
export function decodeUnsubscribe(
  reader: PacketReader,
  version: ProtocolVersion,
  filtersMax: number,
): UnsubscribePacket {
  const id = reader.id('MQTT-2.2.1-3');
  const properties = version === 5 ? decodeUnsubscribeProperties(reader) : NO_UNSUBSCRIBE_PROPERTIES;
  // [MQTT-3.10.3-2]
  if (reader.isAtEnd) throw reader.violation('MQTT-3.10.3-2', 'there is no Topic Filter');
  const filters: string[] = [];
  // [MQTT-3.10.3-1]
  while (!reader.isAtEnd) {
    if (filters.length >= filtersMax) throw tooManyFilters(reader, filtersMax);
    filters.push(readFilter(reader));
  }
  return { kind: 'unsubscribe', id, filters, properties };
}

function tooManyFilters({ packet }: PacketReader, filtersMax: number): ProtocolError {
  const detail = `${packet}: it has more than the ${filtersMax} Topic Filters allowed`;
  return new ProtocolError('too-many-filters', Reason.quotaExceeded, '', detail);
}

function readFilter(reader: PacketReader): string {
  const filter = reader.text('a Topic Filter');
  // [MQTT-4.7.3-1]
  if (filter === '') throw reader.violation('MQTT-4.7.3-1', 'a Topic Filter is empty');
  return filter;
}

/** Reads the Subscription Options of 5.0 (section 3.8.3.1). */
function readOptions(reader: PacketReader, filter: string): SubscriptionOptions {
  const byte = reader.u8('the Subscription Options');
  const options = OPTIONS[byte];
  if (options === undefined) {
    // [MQTT-3.8.3-5]
    if ((byte & Option.reserved) !== 0) throw reader.malformed('MQTT-3.8.3-5', 'reserved Subscription Options are set');
    if ((byte & Option.qos) === Option.qos) throw reader.violation('', 'the Maximum QoS is 3');
    throw reader.violation('', 'the Retain Handling is 3');
  }
  // [MQTT-3.8.3-4]
  if (options.noLocal && filter.startsWith('$share/')) {
    throw reader.violation('MQTT-3.8.3-4', 'No Local is set on a Shared Subscription');
  }
  return options;
}

/** Reads the Requested QoS of 3.x (MQTT 3.1.1 section 3.8.3). */
function readRequestedQoS(reader: PacketReader): SubscriptionOptions {
  const byte = reader.u8('the Requested QoS');
  const options = byte <= Option.qos ? OPTIONS[byte] : undefined;
  if (options !== undefined) return options;
  // MQTT 3.1.1 [MQTT-3.8.3-4]; [MQTT-3.8.3-5] in 5.0.
  if (byte > 3) throw reader.malformed('MQTT-3.8.3-5', 'reserved bits of the Requested QoS are set');
  throw reader.malformed('MQTT-3.8.3-4', 'the Requested QoS is 3, which MQTT 3.1.1 forbids');
}

function buildOptions(): readonly (SubscriptionOptions | undefined)[] {
  const options = new Array<SubscriptionOptions | undefined>(256).fill(undefined);
  for (const qos of [0, 1, 2] as const satisfies readonly QoS[]) {
    for (const retainHandling of [0, 1, 2] as const) {
      for (const noLocal of [false, true]) {
        for (const retainAsPublished of [false, true]) {
          const byte = qos | (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0) | (retainHandling << 4);
          options[byte] = Object.freeze({ qos, noLocal, retainAsPublished, retainHandling });
        }
      }
    }
  }
  return options;
}
