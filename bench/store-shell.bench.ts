// What the durable store costs the broker's thread, without a disk: changes go in, batches come out and are thrown
// away, or, for reading back, pages come in. In nanoseconds a message, the best of several rounds.
//
//     node bench/store-shell.bench.ts

import { ByteWriter } from '../src/base/byte-writer.ts';
import { SILENT_LOG } from '../src/base/log.ts';
import { millis } from '../src/base/millis.ts';
import type { Message } from '../src/packet/message.ts';
import { packetId } from '../src/packet/packet-id.ts';
import { NO_MESSAGE_PROPERTIES } from '../src/packet/properties.ts';
import { NODE_CLOCK } from '../src/server/node-parts.ts';
import type { Recipient } from '../src/store/contract.ts';
import { readPage, RecoveryReader } from '../src/store/sqlite/answer-reader.ts';
import { writeDelivery, writeRetained } from '../src/store/sqlite/answers.ts';
import { ChangeReader } from '../src/store/sqlite/change-reader.ts';
import type { EngineStatistics } from '../src/store/sqlite/engine.ts';
import type { Executor, ExecutorOwner } from '../src/store/sqlite/executor.ts';
import { BodyReader, writeBody } from '../src/store/sqlite/message-body.ts';
import { RecipientReader } from '../src/store/sqlite/message-record.ts';
import { SqliteStore } from '../src/store/sqlite/sqlite-store.ts';

const ROUNDS = 9;
const MESSAGES = 200_000;
/** Messages between one turn's end and the next. */
const TURN = 100;
const TOPICS = Array.from({ length: 64 }, (_, index) => `devices/${index}/temperature`);

const NO_STATISTICS: EngineStatistics = {
  sessions: 0,
  groups: 0,
  retained: 0,
  wills: 0,
  messages: 0,
  deliveries: 0,
  fileBytes: 0,
  logBytes: 0,
  commits: 0,
  commitMillisLast: millis(0),
  commitMillisMax: millis(0),
};

/** Commits at once what it is given, and keeps nothing. */
class NoDisk implements Executor {
  owner: ExecutorOwner | undefined;
  bytes = 0;
  private batch: Uint8Array<ArrayBuffer> | undefined;

  open(owner: ExecutorOwner): void {
    this.owner = owner;
    owner.opened({ recipientKeyMax: 0, messageIdMax: 0 }, NO_STATISTICS);
  }

  apply(batch: Uint8Array<ArrayBuffer>): void {
    this.bytes += batch.length;
    this.batch = batch;
  }

  commit(): void {
    const { batch } = this;
    this.batch = undefined;
    if (batch !== undefined) this.owner?.committed(batch, NO_STATISTICS);
  }

  read(): void {}

  close(): void {
    this.owner?.closed();
  }
}

const PAYLOADS = [16, 256, 1024];
for (const size of PAYLOADS) {
  await appending(`append to 1, sending, settle later, ${size} B`, size, 1, false, 'later');
  await appending(`append to 1, sending, settle at once (elided), ${size} B`, size, 1, true, 'at-once');
}
await appending('append to 1 alone, 256 B', 256, 1, false, 'never');
await appending('append to 1,000 (the same array), 256 B', 256, 1000, false, 'never');
reading(256);
retained(64);
scanning(256);

/** One message after the other through the store, a turn every hundred. */
async function appending(
  name: string,
  size: number,
  recipients: number,
  elides: boolean,
  settles: 'at-once' | 'later' | 'never',
): Promise<void> {
  const executor = new NoDisk();
  const turns: (() => void)[] = [];
  const store = new SqliteStore({
    executor,
    clock: NODE_CLOCK,
    log: SILENT_LOG,
    downtimeMax: millis(0),
    elides,
    later: (task) => turns.push(task),
  });
  await store.open({ restoreRetained() {}, opening() {}, durable() {}, full() {}, failed() {} });
  const routes = TOPICS.map((_, index) => recipientsOf(index, recipients));
  const messages = TOPICS.map((topic) => messageOf(topic, size));
  const count = recipients === 1 ? MESSAGES : MESSAGES / 20;
  let id = 0;
  const best = bestOf(() => {
    for (let n = 0; n < count; n++) {
      const which = n % TOPICS.length;
      id++;
      store.append(id, messages[which] as Message, routes[which] as readonly Recipient[], undefined);
      if (settles !== 'never') store.recordSending(which + 1, id, packetId((id % 65_535) + 1));
      if (settles === 'at-once') store.settle(which + 1, id);
      if (settles === 'later' && id > TURN)
        store.settle(((n + TOPICS.length * 2 - TURN) % TOPICS.length) + 1, id - TURN);
      if (n % TURN !== 0) continue;
      for (const task of turns.splice(0)) task();
      executor.commit();
    }
    return count;
  });
  report(name, best);
}

/** A page of a queue, as objects. */
function reading(size: number): void {
  const body = new ByteWriter();
  writeBody(body, messageOf(TOPICS[0] ?? '', size), TOPICS[0] ?? '', undefined);
  const page = new ByteWriter();
  for (let id = 1; id <= 1000; id++) {
    writeDelivery(page, id, 0, undefined, { bytes: body.bytes, start: 0, end: body.position });
  }
  const bytes = page.bytes.slice(0, page.position);
  const bodies = new BodyReader();
  report(
    `read back, ${size} B`,
    bestOf(() => {
      let count = 0;
      for (let n = 0; n < 100; n++) count += readPage(bytes, bodies, 0).length;
      return count;
    }),
  );
}

/** What is found at a start, all topics different. */
function retained(size: number): void {
  const body = new ByteWriter();
  writeBody(body, messageOf('', size), '', undefined);
  const record = body.bytes.slice(0, body.position);
  const chunk = new ByteWriter();
  for (let n = 0; n < 5000; n++) writeRetained(chunk, `devices/${n}/temperature`, record);
  const bytes = chunk.bytes.slice(0, chunk.position);
  report(
    `retained message at a start, ${size} B`,
    bestOf(() => {
      const recovery = new RecoveryReader(NODE_CLOCK, millis(0), new BodyReader());
      let count = 0;
      for (let n = 0; n < 20; n++) count += recovery.take(bytes).length;
      return count;
    }),
  );
}

/** What the engine pays to look through a batch. */
function scanning(size: number): void {
  const executor = new NoDisk();
  const store = new SqliteStore({
    executor,
    clock: NODE_CLOCK,
    log: SILENT_LOG,
    downtimeMax: millis(0),
    elides: false,
    later: () => {},
  });
  let batch = new Uint8Array(0);
  executor.apply = (bytes) => {
    batch = bytes;
  };
  void store.open({ restoreRetained() {}, opening() {}, durable() {}, full() {}, failed() {} });
  const route = recipientsOf(0, 1);
  for (let id = 1; id <= 1000; id++) {
    store.append(id, messageOf(TOPICS[0] ?? '', size), route, undefined);
    store.recordSending(1, id, packetId(id));
    store.settle(1, id);
  }
  void store.close();
  const changes = new ChangeReader();
  const recipients = new RecipientReader();
  report(
    'looking through append, sending, settle in the other thread',
    bestOf(() => {
      let count = 0;
      for (let n = 0; n < 100; n++) {
        changes.reset(batch);
        while (changes.next()) {
          if (changes.kind !== 1) continue;
          recipients.reset(changes.bytes, changes.recordStart, changes.recordEnd);
          while (recipients.next()) count++;
        }
      }
      return count;
    }),
  );
}

function recipientsOf(index: number, count: number): readonly Recipient[] {
  return Array.from({ length: count }, (_, n) => ({
    key: index + n + 1,
    qos: 1,
    retain: false,
    subscriptionIdentifiers: [],
    sharedFilter: '',
  }));
}

function messageOf(topic: string, size: number): Message {
  return {
    topic,
    payload: new Uint8Array(size),
    qos: 1,
    retain: false,
    properties: NO_MESSAGE_PROPERTIES,
    expiresAt: undefined,
  };
}

/** The least nanoseconds that one of what `work` counts takes. */
function bestOf(work: () => number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    const count = work();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, ((user + system) * 1000) / count);
  }
  return best;
}

function report(name: string, nanoseconds: number): void {
  console.log(`${name.padEnd(64)} ${nanoseconds.toFixed(0).padStart(6)} ns`);
}
