// What a store holds as lines of JSON, for people, their tools, and `vouch store import`. Each line is an object whose
// `kind` says what it is; this file has a form for each. The first line says which version of the format it is; the
// last one how many lines there are, so that half a file is not taken for a whole one.
//
// Between them, in this order: the clock mark; sessions, each with its subscriptions behind it; groups; Wills; retained
// messages; per session what is in flight and the QoS 2 identifiers that are remembered; messages that somebody is
// owed, oldest first, each with all to whom it is owed.
// Keys and message ids are those of the store. Bytes are Base64. Moments are milliseconds of store time (timeline.ts),
// which the clock mark ties to the clocks outside, so that what was to expire expires, however much later the import is
// made.

import { type Millis, millis } from '../../base/millis.ts';
import type { Message } from '../../packet/message.ts';
import type { QoS, SubscriptionOptions, Will } from '../../packet/packet.ts';
import { PACKET_ID_MAX, type PacketId, packetId } from '../../packet/packet-id.ts';
import { type MessageProperties, NO_MESSAGE_PROPERTIES } from '../../packet/properties.ts';
import { parsePlainFilter, parseTopicFilter } from '../../topic/topic-filter.ts';
import { parseTopicName } from '../../topic/topic-name.ts';
import type {
  GroupRecord,
  InFlightState,
  MessageId,
  Recipient,
  RecipientKey,
  SessionKey,
  SessionRecord,
  SubscriptionRecord,
  WillRecord,
} from '../contract.ts';
import type { ClockMark } from '../timeline.ts';
import {
  BOOLEAN,
  BYTES,
  FormError,
  integer,
  type JsonForm,
  list,
  object,
  oneOf,
  optional,
  pair,
  real,
  TEXT,
} from './json-form.ts';

/** The version of the format that this code writes, and the highest it reads. */
export const EXPORT_VERSION = 1;

/** One line. */
export type ExportLine =
  | { readonly kind: 'vouch-store'; readonly version: number }
  | ({ readonly kind: 'clockMark' } & ClockMark)
  | ({ readonly kind: 'session' } & SessionRecord)
  | ({ readonly kind: 'subscription'; readonly session: SessionKey } & SubscriptionRecord)
  | ({ readonly kind: 'group' } & GroupRecord)
  | ({ readonly kind: 'will'; readonly key: RecipientKey } & WillRecord)
  | ({ readonly kind: 'retained' } & Message)
  | ({ readonly kind: 'message'; readonly id: MessageId; readonly recipients: readonly Recipient[] } & Message)
  | { readonly kind: 'inFlight'; readonly session: SessionKey; readonly deliveries: readonly ExportedDelivery[] }
  | { readonly kind: 'exactlyOnceIds'; readonly session: SessionKey; readonly ids: readonly PacketId[] }
  | { readonly kind: 'end'; readonly lines: number };

/** A delivery in flight. Those past PUBREC come in order of PUBREC, then the others in order of sending. */
export interface ExportedDelivery {
  readonly messageId: MessageId;
  readonly id: PacketId;
  readonly state: InFlightState;
}

/** One line, without its line feed. */
export function writeExportLine(line: ExportLine): string {
  const form: JsonForm<ExportLine> = FORMS[line.kind];
  return JSON.stringify(form.write(line));
}

/**
 * Reads one line, without its line feed.
 * @throws {FormError} what is wrong with it.
 */
export function readExportLine(text: string): ExportLine {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new FormError('it is no JSON');
  }
  const kind: unknown = typeof json === 'object' && json !== null && 'kind' in json ? json.kind : undefined;
  const form: JsonForm<ExportLine> = FORMS[KIND.read(kind, 'kind')];
  return form.read(json, '');
}

const KEY: JsonForm<number> = integer(1, Number.MAX_SAFE_INTEGER, Number);
const COUNT: JsonForm<number> = integer(0, Number.MAX_SAFE_INTEGER, Number);
/** A Four Byte Integer. */
const SECONDS: JsonForm<number> = integer(0, 0xffff_ffff, Number);
/** The highest Subscription Identifier; 0: none. */
const SUBSCRIPTION_IDENTIFIER: JsonForm<number> = integer(0, 268_435_455, Number);
const MOMENT: JsonForm<Millis> = real(millis);
const QOS: JsonForm<QoS> = oneOf([0, 1, 2]);
const PACKET_ID: JsonForm<PacketId> = integer(1, PACKET_ID_MAX, packetId);

const TOPIC: JsonForm<string> = {
  write: (value) => value,
  read(json, where) {
    const parsed = parseTopicName(TEXT.read(json, where), Number.POSITIVE_INFINITY);
    if (parsed.kind !== 'topic') throw new FormError(`${where} is no Topic Name`);
    return parsed.topic;
  },
};

const FILTER: JsonForm<string> = {
  write: (value) => value,
  read(json, where) {
    const text = TEXT.read(json, where);
    const parsed = parseTopicFilter(text, Number.POSITIVE_INFINITY);
    // To a client of MQTT 3 `$share` is a level like any other.
    const isFilter = parsed.kind !== 'invalid' || parsePlainFilter(text, Number.POSITIVE_INFINITY).kind === 'plain';
    if (!isFilter) throw new FormError(`${where} is no Topic Filter`);
    return text;
  },
};

const SOME_PROPERTIES: JsonForm<MessageProperties> = object<MessageProperties>({
  payloadFormatIndicator: optional(integer(0, 1, Number)),
  messageExpiryInterval: optional(SECONDS),
  contentType: optional(TEXT),
  responseTopic: optional(TEXT),
  correlationData: optional(BYTES),
  userProperties: list(pair(TEXT, TEXT)),
});

/** Left out where there are none. */
const PROPERTIES: JsonForm<MessageProperties> = {
  write: (value) => (value === NO_MESSAGE_PROPERTIES ? undefined : SOME_PROPERTIES.write(value)),
  read: (json, where) => (json === undefined ? NO_MESSAGE_PROPERTIES : SOME_PROPERTIES.read(json, where)),
};

const MESSAGE = {
  topic: TOPIC,
  payload: BYTES,
  qos: QOS,
  retain: BOOLEAN,
  properties: PROPERTIES,
  expiresAt: optional(MOMENT),
} as const;

const FORMS: { readonly [Kind in ExportLine['kind']]: JsonForm<Extract<ExportLine, { kind: Kind }>> } = {
  'vouch-store': object({ kind: oneOf(['vouch-store']), version: KEY }),
  clockMark: object({
    kind: oneOf(['clockMark']),
    storeTime: MOMENT,
    wall: MOMENT,
    boot: object({ id: TEXT, time: MOMENT }),
  }),
  session: object({
    kind: oneOf(['session']),
    key: KEY,
    clientId: TEXT,
    principal: optional(TEXT),
    expiryInterval: MOMENT,
    disconnectedAt: optional(MOMENT),
  }),
  subscription: object({
    kind: oneOf(['subscription']),
    session: KEY,
    filter: FILTER,
    options: object<SubscriptionOptions>({
      qos: QOS,
      noLocal: BOOLEAN,
      retainAsPublished: BOOLEAN,
      retainHandling: oneOf([0, 1, 2]),
    }),
    identifier: SUBSCRIPTION_IDENTIFIER,
  }),
  group: object({ kind: oneOf(['group']), key: KEY, filter: FILTER }),
  will: object({
    kind: oneOf(['will']),
    key: KEY,
    clientId: TEXT,
    principal: optional(TEXT),
    will: object<Will>({
      topic: TOPIC,
      payload: BYTES,
      qos: QOS,
      retain: BOOLEAN,
      delayInterval: SECONDS,
      properties: PROPERTIES,
    }),
  }),
  retained: object({ kind: oneOf(['retained']), ...MESSAGE }),
  message: object({
    kind: oneOf(['message']),
    id: KEY,
    recipients: list(
      object<Recipient>({
        key: KEY,
        qos: oneOf([1, 2]),
        retain: BOOLEAN,
        subscriptionIdentifiers: list(SUBSCRIPTION_IDENTIFIER),
        sharedFilter: TEXT,
      }),
    ),
    ...MESSAGE,
  }),
  inFlight: object({
    kind: oneOf(['inFlight']),
    session: KEY,
    deliveries: list(
      object<ExportedDelivery>({
        messageId: KEY,
        id: PACKET_ID,
        state: oneOf(['awaiting-puback', 'awaiting-pubrec', 'awaiting-pubcomp']),
      }),
    ),
  }),
  exactlyOnceIds: object({ kind: oneOf(['exactlyOnceIds']), session: KEY, ids: list(PACKET_ID) }),
  end: object({ kind: oneOf(['end']), lines: COUNT }),
};

const KIND: JsonForm<ExportLine['kind']> = oneOf(Object.keys(FORMS) as ExportLine['kind'][]); // They are its keys.
