// Holds a trace of a broker's system calls against the promise: an acknowledgement may leave only after a sync of the
// write-ahead log that returned without error, and that began after the message had been written to the log. The trace
// alone tells everything: which message has which packet identifier is read from what the broker read.

import { PacketDecoder } from '../../src/packet/decoder.ts';
import type { Packet } from '../../src/packet/packet.ts';
import type { Direction } from '../../src/packet/packet-type.ts';
import { createTopicTable } from '../../src/packet/topic-name.ts';
import { labelKey, readLabel } from './label.ts';
import { isSync, type SystemCall } from './system-calls.ts';

/** What a trace says about acknowledgements. */
export interface AckOrder {
  /** Acknowledgements of labelled messages that left in good time. */
  readonly late: number;
  /** Those that left too early: sentences. */
  readonly early: readonly string[];
  /** Syncs of the log that returned without error, before any sync failed. */
  readonly syncs: number;
}

const TOPICS = createTopicTable();
/** A label where it stands in a page of the log. */
const LABEL = /<(\w+#\d+) \d+>/g;

/** Checks a trace. `logName` is how the name of the log ends: `-wal`. */
export function checkAckOrder(calls: readonly SystemCall[], logName: string): AckOrder {
  const syncs = calls.filter(isSync);
  // Once one has failed, no later one proves anything: the kernel forgets what it could not write, and tells it once.
  const failedAt = syncs.find(({ result }) => result !== 0)?.begin ?? Number.POSITIVE_INFINITY;
  const good = syncs.filter(({ target, end }) => end < failedAt && target.endsWith(logName));
  const durableAt = durableMoments(calls, good, logName);
  const early: string[] = [];
  let late = 0;
  for (const { key, kind, begin } of acknowledgements(calls)) {
    const durable = durableAt.get(key);
    if (durable !== undefined && durable < begin) late++;
    else early.push(`${kind} of ${key} left at ${begin}, but the message was on disk ${durable ?? 'never'}`);
  }
  return { late, early, syncs: good.length };
}

/** When each message was on disk: the end of the first good sync that began after its first write to the log. */
function durableMoments(
  calls: readonly SystemCall[],
  syncs: readonly SystemCall[],
  logName: string,
): ReadonlyMap<string, number> {
  const moments = new Map<string, number>();
  const writes = calls.filter(({ name, target }) => name === 'pwrite64' && target.endsWith(logName));
  for (const { bytes, end } of writes) {
    const sync = syncs.find(({ begin }) => begin > end);
    if (sync === undefined) continue;
    for (const [, key = ''] of Buffer.from(bytes).toString('latin1').matchAll(LABEL)) {
      if (!moments.has(key)) moments.set(key, sync.end);
    }
  }
  return moments;
}

/** An acknowledgement of a labelled message. */
interface Acknowledgement {
  readonly key: string;
  readonly kind: 'puback' | 'pubrec';
  /** When the call that wrote it began. */
  readonly begin: number;
}

/** Both directions of one connection. */
interface Conversation {
  readonly fromClient: PacketDecoder;
  readonly fromServer: PacketDecoder;
  /** What the client published under each identifier, last. */
  readonly keys: Map<number, string>;
}

function* acknowledgements(calls: readonly SystemCall[]): Generator<Acknowledgement> {
  const conversations = new Map<string, Conversation>();
  // A read is over before what it brought is known, a write counts from its beginning.
  const inOrder = calls
    .filter(({ target, result }) => target.startsWith('TCP:') && result > 0)
    .map((call) => ({ call, at: call.name === 'read' ? call.end : call.begin }))
    .sort((one, other) => one.at - other.at);
  for (const { call } of inOrder) {
    let conversation = conversations.get(call.target);
    if (call.name === 'read') {
      // Ports are used again: whatever begins with CONNECT is a new connection.
      const isNew = conversation === undefined || call.bytes[0] === 0x10;
      if (isNew || conversation === undefined) conversation = newConversation();
      conversations.set(call.target, conversation);
      for (const packet of packetsOf(conversation.fromClient, call)) {
        const label = packet.kind === 'publish' ? readLabel(packet.payload) : undefined;
        if (packet.kind !== 'publish' || packet.id === undefined) continue;
        if (label === undefined) conversation.keys.delete(packet.id);
        else conversation.keys.set(packet.id, labelKey(label));
        conversation.fromServer.version = conversation.fromClient.version;
      }
    } else if (conversation !== undefined) {
      conversation.fromServer.version = conversation.fromClient.version;
      for (const packet of packetsOf(conversation.fromServer, call)) {
        if (packet.kind !== 'puback' && packet.kind !== 'pubrec') continue;
        const key = conversation.keys.get(packet.id);
        if (key !== undefined && packet.reasonCode < 0x80) yield { key, kind: packet.kind, begin: call.begin };
      }
    }
  }
}

function* packetsOf(decoder: PacketDecoder, { bytes, result }: SystemCall): Generator<Packet> {
  decoder.push(bytes, 0, Math.min(bytes.length, result));
  for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) yield packet;
  decoder.keep();
}

function newConversation(): Conversation {
  return { fromClient: newDecoder('from-client'), fromServer: newDecoder('from-server'), keys: new Map() };
}

function newDecoder(receives: Direction): PacketDecoder {
  // The server's side is told the version as soon as the client's has said it.
  const version = receives === 'from-client' ? undefined : 5;
  return new PacketDecoder({ receives, version, maximumPacketSize: 1024 * 1024, topics: TOPICS });
}
