// How `vouch sub` shows a message, as bytes: the payload alone, the topic before it (-v), or a format of
// the user's own (-F) in the language of mosquitto_sub, of which the parts that depend on widths and strftime
// are left out. A payload is never changed; a topic is, where control characters in it would reach a terminal.

import type { ReceivedMessage } from '../client/received-message.ts';
import { quote } from '../config/spelling.ts';
import { BadValue } from './option-table.ts';

/** Lays a message out. */
export type MessageFormat = (message: ReceivedMessage) => Uint8Array;

/** What a format may use besides the message. */
interface Moment {
  readonly now: Date;
}

type Piece = (message: ReceivedMessage, moment: Moment) => Uint8Array | string;

const NEWLINE = Buffer.from('\n');
const NOTHING = Buffer.alloc(0);
/** What mosquitto_sub shows after the topic where there is no payload. */
const NO_PAYLOAD = Buffer.from('(null)');

/** What follows a percent sign. */
const PERCENT: ReadonlyMap<string, Piece> = new Map<string, Piece>([
  ['%', () => '%'],
  ['t', ({ topic }) => topic],
  ['p', ({ payload }) => payload],
  ['x', ({ payload }) => hex(payload)],
  ['X', ({ payload }) => hex(payload).toUpperCase()],
  ['l', ({ payload }) => String(payload.length)],
  ['q', ({ qos }) => String(qos)],
  ['r', ({ retain }) => (retain ? '1' : '0')],
  // A letter that mosquitto_sub does not use. QoS 0 has a key in this process alone, which would stand in the way of the others.
  ['k', ({ qos, key }) => (qos === 0 ? '' : String(key))],
  ['j', (message, moment) => jsonText(message, moment, JSON.stringify(text(message.payload)))],
  ['J', (message, moment) => jsonText(message, moment, JSON.stringify(jsonPayload(message.payload)))],
  ['I', (_, { now }) => isoTime(now, '')],
  ['U', (_, { now }) => unixTime(now)],
  ['C', ({ properties }) => properties.contentType ?? ''],
  ['D', ({ properties }) => properties.correlationData ?? NOTHING],
  ['E', ({ properties }) => numberText(properties.messageExpiryInterval)],
  ['F', ({ properties }) => numberText(properties.payloadFormatIndicator)],
  ['P', ({ properties }) => properties.userProperties.map(([name, value]) => `${name}:${value}`).join(' ')],
  ['R', ({ properties }) => properties.responseTopic ?? ''],
  ['S', ({ subscriptionIdentifiers }) => subscriptionIdentifiers.join(' ')],
]);

/** What follows a backslash. */
const BACKSLASH: ReadonlyMap<string, string> = new Map([
  ['\\', '\\'],
  ['0', '\0'],
  ['a', '\x07'],
  ['e', '\x1b'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);

/** The payload as it is. */
export function payloadFormat(endsLine: boolean): MessageFormat {
  return ({ payload }) => (endsLine ? Buffer.concat([payload, NEWLINE]) : payload);
}

/** The topic, a space, the payload. `showTopic` colours or cleans the topic. */
export function verboseFormat(endsLine: boolean, showTopic: (topic: string) => string): MessageFormat {
  const end = endsLine ? NEWLINE : NOTHING;
  return ({ topic, payload }) =>
    Buffer.concat([Buffer.from(`${showTopic(topic)} `), payload.length === 0 ? NO_PAYLOAD : payload, end]);
}

/**
 * A format of the user's own.
 * @throws {BadValue} for a sequence that has no meaning here.
 */
export function customFormat(format: string, endsLine: boolean, clock: () => Date): MessageFormat {
  const pieces = piecesOf(format);
  if (endsLine) pieces.push(() => NEWLINE);
  return (message) => {
    const moment: Moment = { now: clock() };
    return Buffer.concat(pieces.map((piece) => Buffer.from(piece(message, moment))));
  };
}

/** A text with its control characters written out, so that a terminal shows them instead of obeying. */
export function withoutControls(topic: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about.
  return topic.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (letter) => {
    return `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

function piecesOf(format: string): Piece[] {
  const pieces: Piece[] = [];
  let plain = '';
  const letters = Array.from(format);
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at] ?? '';
    if (letter === '@') {
      if (letters[++at] !== '@') throw new BadValue('knows @@ only after an @; for the time there are %I and %U');
      plain += '@';
    } else if (letter === '\\') {
      plain += escaped(letters[++at]);
    } else if (letter === '%') {
      const before = plain;
      plain = '';
      pieces.push(() => before, parameter(letters[++at]));
    } else plain += letter;
  }
  const rest = plain;
  pieces.push(() => rest);
  return pieces;
}

function parameter(letter = ''): Piece {
  const piece = PERCENT.get(letter);
  if (piece !== undefined) return piece;
  throw new BadValue(`knows ${[...PERCENT.keys()].join(' ')} after a percent sign; got ${quote(`%${letter}`)}`);
}

function escaped(letter = ''): string {
  const found = BACKSLASH.get(letter);
  if (found !== undefined) return found;
  throw new BadValue(`knows ${[...BACKSLASH.keys()].join(' ')} after a backslash; got ${quote(`\\${letter}`)}`);
}

/** All parameters of the message as one JSON object, with its payload last, in the names of mosquitto_sub. */
function jsonText(message: ReceivedMessage, { now }: Moment, payload: string): string {
  const { topic, qos, retain, properties } = message;
  const shown = {
    'content-type': properties.contentType,
    'user-properties':
      properties.userProperties.length === 0 ? undefined : Object.fromEntries(properties.userProperties),
    'response-topic': properties.responseTopic,
    'correlation-data': properties.correlationData === undefined ? undefined : text(properties.correlationData),
    'payload-format-indicator': properties.payloadFormatIndicator,
    'message-expiry-interval': properties.messageExpiryInterval,
  };
  const facts = {
    tst: isoTime(now, `.${String(now.getMilliseconds()).padStart(3, '0')}000`),
    topic,
    qos,
    retain: retain ? 1 : 0,
    payloadlen: message.payload.length,
    properties: Object.values(shown).every((value) => value === undefined) ? undefined : shown,
  };
  return `${JSON.stringify(facts).slice(0, -1)},"payload":${payload}}`;
}

/** The payload as JSON; what is none is shown as a string, so that the line stays JSON. */
function jsonPayload(payload: Uint8Array): unknown {
  try {
    return JSON.parse(text(payload));
  } catch {
    return text(payload);
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function numberText(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}

/** ISO 8601 in local time with its offset: `2016-08-10T09:47:38+0100`. */
function isoTime(now: Date, fraction: string): string {
  const offset = -now.getTimezoneOffset();
  const local = new Date(now.getTime() + offset * 60_000).toISOString().slice(0, 19);
  const minutes = Math.abs(offset);
  const hoursText = String(Math.floor(minutes / 60)).padStart(2, '0');
  return `${local}${fraction}${offset < 0 ? '-' : '+'}${hoursText}${String(minutes % 60).padStart(2, '0')}`;
}

/** Seconds since 1970 with nine decimals, of which the last six are always 0. */
function unixTime(now: Date): string {
  const millis = now.getTime();
  return `${Math.floor(millis / 1000)}.${String(millis % 1000).padStart(3, '0')}000000`;
}
