// Lays down a block of properties (section 2.2.2): its length, then every property that is there,
// in the order of table 2-4, then the lists. The table says which properties a packet may have; what
// else an object holds is not looked at.

import type { ByteWriter } from '../base/byte-writer.ts';
import { utf8Length } from '../base/utf8.ts';
import { closeLength, openLength, variableIntegerLength } from './length-prefix.ts';
import type { UserProperty } from './properties.ts';
import type { PropertyRow, PropertySlots } from './property-codec.ts';
import { PROPERTY_ROWS, PropertyOwner, SUBSCRIPTION_IDENTIFIER, USER_PROPERTY } from './property-codec.ts';

/** The single properties of each owner. */
const ROWS: { readonly [K in keyof typeof PropertyOwner]: readonly PropertyRow[] } = {
  connect: rowsOf(PropertyOwner.connect),
  connack: rowsOf(PropertyOwner.connack),
  publish: rowsOf(PropertyOwner.publish),
  will: rowsOf(PropertyOwner.will),
  acknowledgement: rowsOf(PropertyOwner.acknowledgement),
  subscribe: rowsOf(PropertyOwner.subscribe),
  unsubscribe: rowsOf(PropertyOwner.unsubscribe),
  disconnect: rowsOf(PropertyOwner.disconnect),
  auth: rowsOf(PropertyOwner.auth),
};

/** Lays down the properties of an owner with their length, which is 0 when there are none. */
export function encodeProperties(
  writer: ByteWriter,
  owner: keyof typeof PropertyOwner,
  slots: Readonly<PropertySlots>,
): void {
  // [MQTT-2.2.2-1]
  const lengthAt = openLength(writer, 1);
  for (const row of ROWS[owner]) row.write(writer, slots);
  if (slots.subscriptionIdentifiers !== undefined) writeSubscriptionIdentifiers(writer, slots.subscriptionIdentifiers);
  if (slots.userProperties !== undefined) writeUserProperties(writer, slots.userProperties);
  closeLength(writer, lengthAt, 1);
}

/** How many bytes `encodeProperties` takes. */
export function propertiesSize(owner: keyof typeof PropertyOwner, slots: Readonly<PropertySlots>): number {
  let length = 0;
  for (const row of ROWS[owner]) length += row.size(slots);
  for (const identifier of slots.subscriptionIdentifiers ?? []) length += 1 + variableIntegerLength(identifier);
  for (const [name, value] of slots.userProperties ?? []) length += 1 + 2 + utf8Length(name) + 2 + utf8Length(value);
  return variableIntegerLength(length) + length;
}

function writeSubscriptionIdentifiers(writer: ByteWriter, identifiers: readonly number[]): void {
  for (const identifier of identifiers) {
    writer.reserve(5);
    writer.u8(SUBSCRIPTION_IDENTIFIER);
    writer.variableInteger(identifier);
  }
}

function writeUserProperties(writer: ByteWriter, properties: readonly UserProperty[]): void {
  // [MQTT-3.3.2-18] [MQTT-3.1.3-10]
  for (const [name, value] of properties) {
    writer.reserve(1);
    writer.u8(USER_PROPERTY);
    writer.text(name);
    writer.text(value);
  }
}

function rowsOf(owner: PropertyOwner): readonly PropertyRow[] {
  return PROPERTY_ROWS.filter((row) => (row.owners & owner) !== 0);
}
