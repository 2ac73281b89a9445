// How a message is shown, as bytes: the payload alone, the topic before it (-v), one line of JSON (--json), or a format of
// the user's own (-F) in the language of mosquitto_sub, with its widths and its moments. A payload is never cut or changed, except
// where a format asks for that; a topic is, where control characters in it would reach a terminal.

import type { ReceivedMessage } from '../client/received-message.ts';
import { quote } from '../config/spelling.ts';
import { isoTime, mosquittoJson, plainJson } from './message-json.ts';
import { BadValue } from './option-table.ts';
import { encodePayload, type PayloadEncoding } from './payload-encoding.ts';
import { TIME_LETTERS, timePart } from './time-format.ts';

/** Lays a message out. */
export type MessageFormat = (message: ReceivedMessage) => Uint8Array;

/** What a format may use besides the message. */
interface Moment {
  readonly now: Date;
  /** JSON on lines of its own. */
  readonly indents: boolean;
}

/** What stands between a percent sign and its letter: `%-10.5t`. */
interface Field {
  readonly isLeft: boolean;
  readonly isZeroPadded: boolean;
  /** The least number of characters, of bytes for a payload; 0: as many as there are. */
  readonly width: number;
  readonly widthMax: number;
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
  ['m', ({ packetId }) => String(packetId)],
  ['j', (message, { now, indents }) => mosquittoJson(message, now, 'text', indents)],
  ['J', (message, { now, indents }) => mosquittoJson(message, now, 'json', indents)],
  ['I', (_, { now }) => isoTime(now)],
  ['U', (_, { now }) => unixTime(now)],
  // The client has undone it.
  ['A', () => ''],
  ['C', ({ properties }) => properties.contentType ?? ''],
  ['D', ({ properties }) => properties.correlationData ?? NOTHING],
  ['E', ({ properties }) => numberText(properties.messageExpiryInterval)],
  ['F', ({ properties }) => numberText(properties.payloadFormatIndicator)],
  ['P', ({ properties }) => properties.userProperties.map(([name, value]) => `${name}:${value}`).join(' ')],
  ['R', ({ properties }) => properties.responseTopic ?? ''],
  ['S', ({ subscriptionIdentifiers }) => subscriptionIdentifiers.join(' ')],
]);

/** The parameters that may be padded with zeros. */
const ZERO_PADDED: ReadonlySet<string> = new Set(['A', 'E', 'F', 'l', 'm', 'p', 'S', 'X', 'x']);

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

/** The payload alone. */
export function payloadFormat(endsLine: boolean, encoding: PayloadEncoding = 'text'): MessageFormat {
  const end = endsLine ? NEWLINE : NOTHING;
  return ({ payload }) => Buffer.concat([Buffer.from(encodePayload(payload, encoding)), end]);
}

/** The topic, a space, the payload. `showTopic` colours or cleans the topic. */
export function verboseFormat(
  endsLine: boolean,
  showTopic: (topic: string) => string,
  encoding: PayloadEncoding = 'text',
): MessageFormat {
  const end = endsLine ? NEWLINE : NOTHING;
  return ({ topic, payload }) => {
    const shown = payload.length === 0 ? NO_PAYLOAD : Buffer.from(encodePayload(payload, encoding));
    return Buffer.concat([Buffer.from(`${showTopic(topic)} `), shown, end]);
  };
}

/** One object of JSON a message, for programs. */
export function jsonFormat(indents: boolean, clock: () => Date): MessageFormat {
  return (message) => Buffer.from(`${plainJson(message, clock(), indents)}\n`);
}

/**
 * A format of the user's own.
 * @throws {BadValue} for a sequence that has no meaning here.
 */
export function customFormat(format: string, endsLine: boolean, clock: () => Date, indents = false): MessageFormat {
  const pieces = piecesOf(format);
  if (endsLine) pieces.push(() => NEWLINE);
  return (message) => {
    const at: Moment = { now: clock(), indents };
    return Buffer.concat(pieces.map((piece) => Buffer.from(piece(message, at))));
  };
}

/** A text with its control characters written out, so that a terminal shows them instead of obeying. */
export function withoutControls(topic: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about.
  return topic.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (letter) => {
    return `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** What begins a piece of a format, or the flags, width and greatest width of a parameter. */
const FIELD = /^([-0]*)(\d{0,4})(?:\.(\d{1,4}))?/;

function piecesOf(format: string): Piece[] {
  const pieces: Piece[] = [];
  let plain = '';
  const add = (piece: Piece): void => {
    const before = plain;
    plain = '';
    pieces.push(() => before, piece);
  };
  for (let rest = format; rest !== ''; ) {
    const letter = firstOf(rest);
    rest = rest.slice(letter.length);
    if (letter === '@') {
      const time = firstOf(rest);
      if (time === '@') plain += '@';
      else add(moment(time));
      rest = rest.slice(time.length);
    } else if (letter === '\\') {
      const code = firstOf(rest);
      plain += escaped(code);
      rest = rest.slice(code.length);
    } else if (letter === '%') {
      const [whole = '', flags = '', width = '', widthMax] = FIELD.exec(rest) ?? [];
      const name = firstOf(rest.slice(whole.length));
      const piece = parameter(name);
      const isLeft = flags.includes('-');
      const field: Field = {
        isLeft,
        isZeroPadded: flags.includes('0') && !isLeft && ZERO_PADDED.has(name),
        width: Number(width),
        widthMax: widthMax === undefined ? Number.POSITIVE_INFINITY : Number(widthMax),
      };
      add(whole === '' ? piece : (message, now) => fitted(piece(message, now), field));
      rest = rest.slice(whole.length + name.length);
    } else plain += letter;
  }
  const last = plain;
  pieces.push(() => last);
  return pieces;
}

/** The first character; '' where there is none. */
function firstOf(text: string): string {
  const [first = ''] = text;
  return first;
}

/** Cut and padded; texts by their characters, payloads by their bytes. */
function fitted(piece: Uint8Array | string, { isLeft, isZeroPadded, width, widthMax }: Field): Uint8Array | string {
  const cut = typeof piece === 'string' ? Array.from(piece).slice(0, widthMax) : piece.subarray(0, widthMax);
  const padding = (isZeroPadded ? '0' : ' ').repeat(Math.max(0, width - cut.length));
  const bytes = cut instanceof Uint8Array ? cut : Buffer.from(cut.join(''));
  return Buffer.concat(isLeft ? [bytes, Buffer.from(padding)] : [Buffer.from(padding), bytes]);
}

function moment(letter: string): Piece {
  if (TIME_LETTERS.includes(letter)) return (_, { now }) => timePart(letter, now);
  throw new BadValue(`knows @ ${TIME_LETTERS.join(' ')} after an @; got ${quote(`@${letter}`)}`);
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

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function numberText(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}

/** Seconds since 1970 with nine decimals, of which the last six are always 0. */
function unixTime(now: Date): string {
  const millis = now.getTime();
  return `${Math.floor(millis / 1000)}.${String(millis % 1000).padStart(3, '0')}000000`;
}
