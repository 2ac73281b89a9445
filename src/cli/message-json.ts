// A message as JSON: as mosquitto_sub writes it (%j and %J), and as --json does, from which everything can be read back whatever the
// payload is. One object a line, unless it is to be indented.

import type { ReceivedMessage } from '../client/received-message.ts';
import { timePart } from './time-format.ts';

/** How `%J` takes a payload that is no JSON: as text, so that the line stays JSON. */
type PayloadForm = 'text' | 'json';

/**
 * All parameters of a message in the names of mosquitto_sub, with the payload last.
 */
export function mosquittoJson(message: ReceivedMessage, now: Date, form: PayloadForm, indents: boolean): string {
  const { topic, qos, retain, payload, packetId, properties, subscriptionIdentifiers } = message;
  const members = [
    member('tst', mosquittoTime(now)),
    member('topic', topic),
    member('qos', qos),
    member('retain', retain ? 1 : 0),
    member('payloadlen', payload.length),
    packetId === 0 ? '' : member('mid', packetId),
  ];
  const shown = [
    member('payload-format-indicator', properties.payloadFormatIndicator),
    member('message-expiry-interval', properties.messageExpiryInterval),
    member('content-type', properties.contentType),
    member('response-topic', properties.responseTopic),
    member('correlation-data', properties.correlationData && text(properties.correlationData)),
    ...subscriptionIdentifiers.map((identifier) => member('subscription-identifier', identifier)),
    // A name that is there twice is there twice, as with mosquitto_sub.
    object(
      'user-properties',
      properties.userProperties.map(([name, value]) => member(name, value)),
    ),
  ];
  members.push(object('properties', shown));
  members.push(member('payload', form === 'json' ? parsed(payload) : text(payload)));
  return indented(`{${members.filter((each) => each !== '').join(',')}}`, indents);
}

/**
 * A message for programs: what is not there has no key, User Properties are pairs in their order, and bytes that are no UTF-8 text are
 * base64 under a name that says so.
 */
export function plainJson(message: ReceivedMessage, now: Date, indents: boolean): string {
  const { topic, qos, retain, dup, payload, key, properties, subscriptionIdentifiers } = message;
  const { correlationData, userProperties } = properties;
  const facts = {
    time: now.toISOString(),
    topic,
    ...bytesMember('payload', payload),
    qos,
    retain,
    dup: dup ? true : undefined,
    key: qos === 0 ? undefined : key,
    payloadFormatIndicator: properties.payloadFormatIndicator,
    messageExpiryInterval: properties.messageExpiryInterval,
    contentType: properties.contentType,
    responseTopic: properties.responseTopic,
    ...(correlationData === undefined ? {} : bytesMember('correlationData', correlationData)),
    subscriptionIdentifiers: subscriptionIdentifiers.length === 0 ? undefined : subscriptionIdentifiers,
    userProperties: userProperties.length === 0 ? undefined : userProperties,
  };
  return JSON.stringify(facts, undefined, indents ? 2 : undefined);
}

/** ISO 8601 in local time with its offset: `2016-08-10T09:47:38+0100`. */
export function isoTime(now: Date): string {
  return `${timePart('F', now)}T${timePart('T', now)}${timePart('z', now)}`;
}

function mosquittoTime(now: Date): string {
  const millis = String(now.getMilliseconds()).padStart(3, '0');
  return `${timePart('F', now)}T${timePart('T', now)}.${millis}000${timePart('z', now)}`;
}

/** '' where there is no value. */
function member(name: string, value: unknown): string {
  return value === undefined ? '' : `${JSON.stringify(name)}:${JSON.stringify(value)}`;
}

/** '' where nothing is in it. */
function object(name: string, members: readonly string[]): string {
  const present = members.filter((each) => each !== '');
  return present.length === 0 ? '' : `${JSON.stringify(name)}:{${present.join(',')}}`;
}

/** JSON on lines of its own; a name that is there twice is lost by that. */
function indented(json: string, indents: boolean): string {
  return indents ? JSON.stringify(JSON.parse(json), undefined, 2) : json;
}

function bytesMember(name: string, bytes: Uint8Array): { readonly [name: string]: string } {
  try {
    return { [name]: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { [`${name}Base64`]: Buffer.from(bytes).toString('base64') };
  }
}

function parsed(payload: Uint8Array): unknown {
  try {
    return JSON.parse(text(payload));
  } catch {
    return text(payload);
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
