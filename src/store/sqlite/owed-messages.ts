// Who is still owed which message, found out from the rows alone: each message names its recipients, and the
// progress of each recipient says whether the message has left its queue, and whether it is in flight since.

import type { Message } from '../../packet/message.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS } from '../../packet/packet.ts';
import type { Recipient, RecipientKey } from '../contract.ts';
import { RecipientFlag, RecipientReader } from './message-record.ts';
import { noProgress, type Progress } from './progress.ts';
import { RecordCursor } from './record-cursor.ts';
import type { StoreView } from './store-view.ts';

/** A message that somebody is owed. */
export interface OwedMessage {
  readonly id: number;
  readonly payloadBytes: number;
  readonly owed: readonly OwedRecipient[];
  /** Decodes it; only until the next one is asked for. `undefined`: it does not hold, which was told. */
  readonly read: () => { readonly message: Message; readonly recipients: readonly Recipient[] } | undefined;
}

/** Somebody who is owed a message. */
export interface OwedRecipient {
  readonly key: RecipientKey;
  /** Whether it waits; else it is in flight. */
  readonly isQueued: boolean;
  /** Where in the record its detail lies. */
  readonly detailStart: number;
}

/** The progress of every recipient that there is, by its key. */
export type ProgressByKey = ReadonlyMap<RecipientKey, Progress>;

/** Reads how far each of these recipients has come. */
export function readProgressOf(view: StoreView, keys: Iterable<RecipientKey>): ProgressByKey {
  const byKey = new Map<RecipientKey, Progress>();
  for (const key of keys) byKey.set(key, noProgress());
  for (const { key, progress } of view.progress()) {
    // What is left of recipients that are no more is nobody's.
    if (byKey.has(key)) byKey.set(key, progress);
  }
  return byKey;
}

/** Every message that somebody is owed, oldest first. */
export function* owedMessages(view: StoreView, byKey: ProgressByKey): Generator<OwedMessage> {
  const reader = new RecipientReader();
  for (const { key: id, record } of view.messages()) {
    const found = view.attempt('message', `id ${id}`, (): OwedMessage => {
      reader.reset(record, 0, record.length);
      const { payloadBytes, bodyStart } = reader;
      const owed: OwedRecipient[] = [];
      while (reader.next()) {
        const state = stateOf(byKey.get(reader.key), id);
        if (state === 'done') continue;
        owed.push({ key: reader.key, isQueued: state === 'queued', detailStart: reader.detailStart });
      }
      const read = () =>
        view.attempt('message', `id ${id}`, () => ({
          message: view.readBody(record, bodyStart),
          recipients: owed.map((each) => readRecipient(record, bodyStart, each)),
        }));
      return { id, payloadBytes, owed, read };
    });
    if (found !== undefined && found.owed.length > 0) yield found;
  }
}

/** What has become of a message for one of its recipients; `undefined`: there is no such recipient any more. */
export function stateOf(progress: Progress | undefined, id: number): 'queued' | 'in-flight' | 'done' {
  if (progress === undefined) return 'done';
  if (id > progress.mark && progress.ahead?.has(id) !== true) return 'queued';
  return progress.sent?.has(id) === true || progress.received?.has(id) === true ? 'in-flight' : 'done';
}

function readRecipient(record: Uint8Array, end: number, { key, detailStart }: OwedRecipient): Recipient {
  const cursor = new RecordCursor();
  cursor.reset(record, detailStart, end);
  const flags = cursor.u8();
  let subscriptionIdentifiers: readonly number[] = NO_SUBSCRIPTION_IDENTIFIERS;
  let sharedFilter = '';
  if ((flags & RecipientFlag.addressed) !== 0) {
    const identifiers: number[] = [];
    for (let left = cursor.varint(); left > 0; left--) identifiers.push(cursor.varint());
    subscriptionIdentifiers = identifiers;
    sharedFilter = cursor.text();
  }
  return {
    key,
    qos: (flags & RecipientFlag.exactlyOnce) === 0 ? 1 : 2,
    retain: (flags & RecipientFlag.retain) !== 0,
    subscriptionIdentifiers,
    sharedFilter,
  };
}
