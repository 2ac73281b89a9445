import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { unreachable } from '../../base/assert.ts';
import type { Message } from '../../packet/message.ts';
import { type PacketId, packetId } from '../../packet/packet-id.ts';
import { NO_MESSAGE_PROPERTIES } from '../../packet/properties.ts';
import type { GroupRecord, Origin, Recipient, SessionRecord, SubscriptionRecord, WillRecord } from '../contract.ts';
import type { ClockMark } from '../timeline.ts';
import { Change } from './change.ts';
import { ChangeReader } from './change-reader.ts';
import { ChangeWriter } from './change-writer.ts';
import { BodyReader } from './message-body.ts';
import { RecipientReader } from './message-record.ts';
import { RecordCursor } from './record-cursor.ts';
import {
  readClockMarkRecord,
  readGroupRecord,
  readSessionRecord,
  readSubscriptionRecord,
  readWillRecord,
} from './records.ts';
import {
  anyClockMark,
  anyGroup,
  anyMessage,
  anyMoment,
  anyNumber,
  anyRecipient,
  anySession,
  anySubscription,
  anyWill,
} from './store.arbitrary.ts';

/** One change, as it goes in and as it must come out. */
type Said =
  | {
      readonly kind: 'append';
      readonly id: number;
      readonly message: Message;
      readonly recipients: readonly Recipient[];
      readonly origin: Origin | undefined;
    }
  | { readonly kind: 'saveSession'; readonly record: SessionRecord }
  | { readonly kind: 'saveGroup'; readonly record: GroupRecord }
  | { readonly kind: 'saveWill'; readonly key: number; readonly record: WillRecord }
  | { readonly kind: 'deleteSession' | 'deleteGroup' | 'deleteWill'; readonly key: number }
  | { readonly kind: 'saveSubscription'; readonly key: number; readonly subscription: SubscriptionRecord }
  | { readonly kind: 'deleteSubscription'; readonly key: number; readonly filter: string }
  | { readonly kind: 'settle' | 'recordReceived'; readonly key: number; readonly id: number }
  | { readonly kind: 'recordSending'; readonly key: number; readonly id: number; readonly packetId: PacketId }
  | { readonly kind: 'recordReleased'; readonly key: number; readonly packetId: PacketId }
  | { readonly kind: 'saveRetained'; readonly message: Message }
  | { readonly kind: 'deleteRetained'; readonly topic: string }
  | { readonly kind: 'clockMark'; readonly mark: ClockMark };

const anyPacketId = fc.integer({ min: 1, max: 65_535 }).map(packetId);
const kindOf = <Kind extends Said['kind']>(...kinds: readonly Kind[]) => fc.constantFrom(...kinds);
const plain = { noNullPrototype: true } as const;

/** Any change but an append, whose identifiers must grow. */
const anyOther: fc.Arbitrary<Said> = fc.oneof<fc.Arbitrary<Said>[]>(
  fc.record({ kind: kindOf('saveSession'), record: anySession }, plain),
  fc.record({ kind: kindOf('saveGroup'), record: anyGroup }, plain),
  fc.record({ kind: kindOf('saveWill'), key: anyNumber, record: anyWill }, plain),
  fc.record({ kind: kindOf('deleteSession', 'deleteGroup', 'deleteWill'), key: anyNumber }, plain),
  fc.record({ kind: kindOf('saveSubscription'), key: anyNumber, subscription: anySubscription }, plain),
  fc.record({ kind: kindOf('deleteSubscription'), key: anyNumber, filter: fc.constantFrom('a', '漢/#') }, plain),
  fc.record({ kind: kindOf('settle', 'recordReceived'), key: anyNumber, id: anyNumber }, plain),
  fc.record({ kind: kindOf('recordSending'), key: anyNumber, id: anyNumber, packetId: anyPacketId }, plain),
  fc.record({ kind: kindOf('recordReleased'), key: anyNumber, packetId: anyPacketId }, plain),
  fc.record({ kind: kindOf('saveRetained'), message: anyMessage }, plain),
  fc.record({ kind: kindOf('deleteRetained'), topic: fc.constantFrom('a', '漢') }, plain),
  fc.record({ kind: kindOf('clockMark'), mark: anyClockMark }, plain),
);

const anyOrigin = fc.option(fc.record({ session: anyNumber, id: anyPacketId }, plain), { nil: undefined });
const anyAppend = fc.record(
  {
    kind: kindOf('append'),
    id: fc.integer({ min: 1, max: 2 ** 40 }),
    message: anyMessage,
    recipients: fc.array(anyRecipient, { maxLength: 6 }),
    origin: anyOrigin,
  },
  plain,
);

/** Any changes, with the identifiers of messages in order. */
const anyBatch: fc.Arbitrary<readonly Said[]> = fc
  .array(fc.oneof(anyOther, anyAppend), { maxLength: 30 })
  .map((changes) => {
    let id = 0;
    return changes.map((change) => (change.kind === 'append' ? { ...change, id: (id += change.id) } : change));
  });

function write(writer: ChangeWriter, change: Said): void {
  switch (change.kind) {
    case 'append':
      return writer.append(change.id, change.message, change.recipients, change.origin);
    case 'saveSession':
      return writer.saveSession(change.record);
    case 'saveGroup':
      return writer.saveGroup(change.record);
    case 'saveWill':
      return writer.saveWill(change.key, change.record);
    case 'deleteSession':
    case 'deleteGroup':
    case 'deleteWill':
      return writer[change.kind](change.key);
    case 'saveSubscription':
      return writer.saveSubscription(change.key, change.subscription);
    case 'deleteSubscription':
      return writer.deleteSubscription(change.key, change.filter);
    case 'settle':
      writer.settle(change.key, change.id);
      return;
    case 'recordReceived':
      return writer.recordReceived(change.key, change.id);
    case 'recordSending':
      return writer.recordSending(change.key, change.id, change.packetId);
    case 'recordReleased':
      return writer.recordReleased(change.key, change.packetId);
    case 'saveRetained':
      return writer.saveRetained(change.message);
    case 'deleteRetained':
      return writer.deleteRetained(change.topic);
    case 'clockMark':
      return writer.clockMark(change.mark);
    default:
      return unreachable(change);
  }
}

function read(reader: ChangeReader, offset: number): Said {
  const { key, packetId: identifier, messageId: id } = reader;
  const text = new TextDecoder().decode(reader.text());
  const cursor = new RecordCursor();
  const { bytes, recordStart, recordEnd } = reader;
  const record = (): RecordCursor => {
    cursor.reset(bytes, recordStart, recordEnd);
    return cursor;
  };
  switch (reader.kind) {
    case Change.append:
      return readAppend(reader, offset);
    case Change.saveSession:
      return { kind: 'saveSession', record: readSessionRecord(record(), key, offset) };
    case Change.saveGroup:
      return { kind: 'saveGroup', record: readGroupRecord(record(), key) };
    case Change.saveWill:
      return { kind: 'saveWill', key, record: readWillRecord(record(), new BodyReader()) };
    case Change.deleteSession:
      return { kind: 'deleteSession', key };
    case Change.deleteGroup:
      return { kind: 'deleteGroup', key };
    case Change.deleteWill:
      return { kind: 'deleteWill', key };
    case Change.saveSubscription:
      return { kind: 'saveSubscription', key, subscription: readSubscriptionRecord(record(), text) };
    case Change.deleteSubscription:
      return { kind: 'deleteSubscription', key, filter: text };
    case Change.settle:
      return { kind: 'settle', key, id };
    case Change.recordReceived:
      return { kind: 'recordReceived', key, id };
    case Change.recordSending:
      return { kind: 'recordSending', key, id, packetId: packetId(identifier) };
    case Change.recordReleased:
      return { kind: 'recordReleased', key, packetId: packetId(identifier) };
    case Change.saveRetained:
      return { kind: 'saveRetained', message: new BodyReader().read(record(), text, offset) };
    case Change.deleteRetained:
      return { kind: 'deleteRetained', topic: text };
    case Change.clockMark:
      return { kind: 'clockMark', mark: readClockMarkRecord(record()) };
    case Change.elided:
      return assert.fail('what was elided is not shown');
    default:
      return unreachable(reader.kind);
  }
}

function readAppend(
  { bytes, recordStart, recordEnd, messageId, originKey, packetId: id }: ChangeReader,
  offset: number,
) {
  const reader = new RecipientReader();
  reader.reset(bytes, recordStart, recordEnd);
  const recipients: { readonly key: number; readonly qos: 1 | 2; readonly retain: boolean }[] = [];
  while (reader.next()) {
    recipients.push({ key: reader.key, qos: (reader.flags & 1) === 0 ? 1 : 2, retain: (reader.flags & 2) !== 0 });
  }
  const cursor = new RecordCursor();
  cursor.reset(bytes, reader.bodyStart, recordEnd);
  return {
    kind: 'append' as const,
    id: messageId,
    message: new BodyReader().read(cursor, undefined, offset),
    recipients: recipients.map((each) => ({ ...each, subscriptionIdentifiers: [], sharedFilter: '' })),
    origin: originKey === 0 ? undefined : { session: originKey, id: packetId(id) },
  };
}

/** How a recipient was addressed is for records.test.ts. */
function unaddressed(change: Said): Said {
  if (change.kind !== 'append') return change;
  const recipients = change.recipients.map((each) => ({ ...each, subscriptionIdentifiers: [], sharedFilter: '' }));
  return { ...change, recipients };
}

function readAll(batch: Uint8Array, offset: number): Said[] {
  const reader = new ChangeReader();
  reader.reset(batch);
  const changes: Said[] = [];
  while (reader.next()) changes.push(read(reader, offset));
  return changes;
}

const MESSAGE: Message = {
  topic: 'a',
  payload: Uint8Array.of(1),
  qos: 1,
  retain: false,
  properties: NO_MESSAGE_PROPERTIES,
  expiresAt: undefined,
};

function recipient(key: number): Recipient {
  return { key, qos: 1, retain: false, subscriptionIdentifiers: [], sharedFilter: '' };
}

describe('changes of a batch', () => {
  it('come out as they went in, in order, over several batches', () => {
    fc.assert(
      fc.property(anyBatch, fc.array(fc.nat(30)), anyMoment, (changes, cuts, offset) => {
        const writer = new ChangeWriter(false);
        writer.setOffset(offset);
        const found: Said[] = [];
        for (const [index, change] of changes.entries()) {
          write(writer, change);
          if (cuts.includes(index)) found.push(...readAll(writer.seal(new Uint8Array(1)), offset));
        }
        found.push(...readAll(writer.seal(new Uint8Array(1)), offset));
        assert.deepEqual(found, changes.map(unaddressed));
      }),
    );
  });

  it('are counted', () => {
    fc.assert(
      fc.property(anyBatch, fc.boolean(), (changes, elides) => {
        const writer = new ChangeWriter(elides);
        for (const change of changes) write(writer, change);
        const { count } = writer;
        assert.equal(readAll(writer.seal(new Uint8Array(1)), 0).length, count);
        assert.equal(writer.length + writer.count, 0);
      }),
    );
  });

  it('that were forgotten are not in the next batch', () => {
    const writer = new ChangeWriter(true);
    writer.append(1, MESSAGE, [recipient(1)], undefined);
    writer.drop();
    assert.equal(writer.settle(1, 1), false);
    assert.deepEqual(readAll(writer.seal(new Uint8Array(1)), 0), [{ kind: 'settle', key: 1, id: 1 }]);
  });

  it('name the same recipients whether their array is the same or an equal one', () => {
    const writer = new ChangeWriter(false);
    const route = Array.from({ length: 100 }, (_, index) => recipient(1 + index * 7));
    for (const [index, recipients] of [route, route, [...route], route.slice(0, 99)].entries()) {
      writer.append(index + 1, MESSAGE, recipients, undefined);
    }
    const found = readAll(writer.seal(new Uint8Array(1)), 0);
    assert.deepEqual(
      found.map((change) => change.kind === 'append' && change.recipients),
      [route, route, route, route.slice(0, 99)],
    );
  });
});
