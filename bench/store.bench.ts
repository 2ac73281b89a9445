// What the durable store's engine does alone, on a disk: no thread, no broker, no encoding on its clock.
//
//     node bench/store.bench.ts              # a few seconds each, on a tenth of the data; --expose-gc for exact memory
//     node bench/store.bench.ts full         # 2 million queued messages, 1 million retained, 50 million entries
//     node bench/store.bench.ts --only=fan   # those whose name has it
//
// Rates are those of the best of ten stretches of a run, and of all of it: on a shared machine the best is what the code and
// the disk can, and the rest is what the neighbours took. Databases are made below the directory for temporary files: point TMPDIR to the disk that is meant. Batches are encoded
// beforehand, as the broker's thread would; what is timed is `apply`, with its sync, and `maintain` after it.

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { millis } from '../src/base/millis.ts';
import type { Message } from '../src/packet/message.ts';
import { NO_MESSAGE_PROPERTIES } from '../src/packet/properties.ts';
import type { Recipient } from '../src/store/contract.ts';
import { ChangeWriter } from '../src/store/sqlite/change-writer.ts';
import { Engine, ENGINE_TUNING } from '../src/store/sqlite/engine.ts';

const IS_FULL = process.argv.includes('full');
const ONLY = process.argv.find((argument) => argument.startsWith('--only='))?.slice('--only='.length) ?? '';
const SCALE = IS_FULL ? 1 : 0.1;
const ROOT = mkdtempSync(path.join(tmpdir(), 'vouch-bench-'));
const PAYLOAD = new Uint8Array(256).fill(0x61);
const SESSIONS = 100;
/** Parts of a run that are timed by themselves. */
const STRETCHES = 10;

try {
  // First, while nothing else is in memory.
  bench('memory of 1,000 queues', memory);
  for (const perBatch of [1, 100, 1_000, 10_000]) {
    bench(`steady: append and settle, ${perBatch} per batch`, () => steady(perBatch));
  }
  for (const recipients of [10, 1_000]) bench(`fan-out: ${recipients} recipients a message`, () => fanOut(recipients));
  bench('queue: append, read back, settle', queue);
  bench('recovery of queued messages', recovery);
  bench('retained messages', retained);
} finally {
  rmSync(ROOT, { recursive: true, force: true });
}

/** Messages that are settled a batch later: what a broker does all day. */
function steady(perBatch: number): void {
  const { engine } = newEngine(SESSIONS);
  const recipients = Array.from({ length: SESSIONS }, (_, index) => [recipient(index + 1)]);
  const messages = Math.min(300_000, Math.max(2_000, perBatch * 1_500));
  const rounds = Math.ceil(messages / perBatch);
  const writer = new ChangeWriter(false);
  let id = 0;
  const batches = Array.from({ length: rounds }, (_, round) => {
    for (let i = 0; i < perBatch; i++) {
      if (round > 0) writer.settle(sessionOf(id + 1 - perBatch), id + 1 - perBatch);
      id++;
      writer.append(id, message(id), recipients[id % SESSIONS] as readonly Recipient[], undefined);
    }
    return writer.seal(new Uint8Array(256));
  });
  const latencies: number[] = [];
  const rates = apply(engine, batches, perBatch, latencies);
  latencies.sort((a, b) => a - b);
  const at = (share: number): string => (latencies[Math.floor(share * (latencies.length - 1))] as number).toFixed(2);
  const { fileBytes } = engine.statistics();
  say('messages/s', rate(rates));
  say('commit ms p50 p99 p99.9', `${at(0.5)} ${at(0.99)} ${at(0.999)}`);
  say('files', megabytes(fileBytes));
  engine.abandon();
}

function sessionOf(id: number): number {
  return (id % SESSIONS) + 1;
}

/** The same recipients again and again, all of them away. */
function fanOut(recipients: number): void {
  const { engine } = newEngine(recipients);
  const all = Array.from({ length: recipients }, (_, index) => recipient(index + 1));
  const messages = Math.max(20_000, 20_000_000 / recipients) * (IS_FULL ? 1 : 0.5);
  const writer = new ChangeWriter(false);
  const batches: Uint8Array[] = [];
  for (let id = 1; id <= messages; id++) {
    writer.append(id, message(id), all, undefined);
    if (id % 100 === 0) batches.push(writer.seal(new Uint8Array(256)));
  }
  const rates = apply(engine, batches, 100);
  say('messages/s', rate(rates));
  say('entries/s', rate(rates, recipients));
  engine.abandon();
}

/** A queue that grew while its client was away, and is sent when it comes back. */
function queue(): void {
  const { engine } = newEngine(1);
  const messages = 1_000_000 * SCALE;
  fill(engine, messages, [[recipient(1)]]);
  const pages = Math.floor(messages / 1_000);
  const reading = stretches(pages, 1_000, (index) => engine.read(1, index * 1_000, 1_000, 1024 * 1024));
  say('read back, messages/s', rate(reading));
  const writer = new ChangeWriter(false);
  const batches: Uint8Array[] = [];
  for (let id = 1; id <= messages; id++) {
    writer.recordSending(1, id, (id % 65_535) + 1);
    if (id > 100) writer.settle(1, id - 100);
    if (id % 1_000 === 0) batches.push(writer.seal(new Uint8Array(256)));
  }
  say('send and settle, 1,000 per batch, messages/s', rate(apply(engine, batches, 1_000)));
  engine.abandon();
}

/** A start after an end in order, and after one that was none. */
function recovery(): void {
  const { engine, file } = newEngine(SESSIONS);
  const messages = 2_000_000 * SCALE;
  fill(
    engine,
    messages,
    Array.from({ length: SESSIONS }, (_, index) => [recipient(index + 1)]),
  );
  // Whatever is newer than the index, and a log that was not written back: the most that a start finds.
  fill(
    engine,
    60_000,
    Array.from({ length: SESSIONS }, (_, index) => [recipient(index + 1)]),
    messages,
    false,
  );
  const copy = newFile();
  for (const suffix of ['', '-wal']) copyFileSync(file + suffix, copy + suffix);
  engine.close();
  for (const [how, each] of [
    ['in order', file],
    ['without warning', copy],
  ] as const) {
    let found: Engine | undefined;
    const took = timed(() => {
      found = openEngine(each);
      found.recover({ found() {}, progress() {} });
    });
    say(`${found?.statistics().deliveries} queued, ended ${how}`, duration(took));
    found?.abandon();
  }
}

function retained(): void {
  const { engine, file } = newEngine(1);
  const count = 1_000_000 * SCALE;
  const writer = new ChangeWriter(false);
  const batches: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    // Topics come in no order.
    const topic = `devices/${(index * 7_919) % count}/temperature`;
    writer.saveRetained({ ...message(1), topic, payload: PAYLOAD.subarray(0, 32) });
    if (index % 1_000 === 999) batches.push(writer.seal(new Uint8Array(256)));
  }
  say('new topics/s, 1,000 per batch', rate(apply(engine, batches, 1_000)));
  engine.close();
  const opening = timed(() => {
    const again = openEngine(file);
    again.recover({ found() {}, progress() {} });
    say('found', again.statistics().retained);
    again.abandon();
  });
  say('opened in', duration(opening));
}

/** Who is owed much must cost little. */
function memory(): void {
  const { engine } = newEngine(1_000);
  const messages = 50_000 * SCALE;
  const before = memoryNow();
  fill(engine, messages, [Array.from({ length: 1_000 }, (_, index) => recipient(index + 1))]);
  const { deliveries, fileBytes } = engine.statistics();
  say('entries', deliveries);
  say('memory', megabytes(memoryNow() - before));
  say('files', megabytes(fileBytes));
  engine.abandon();
}

function memoryNow(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Appends messages, each to the next of the lists. */
function fill(
  engine: Engine,
  count: number,
  lists: readonly (readonly Recipient[])[],
  after = 0,
  maintains = true,
): void {
  const writer = new ChangeWriter(false);
  for (let id = after + 1; id <= after + count; id++) {
    writer.append(id, message(id), lists[id % lists.length] as readonly Recipient[], undefined);
    if (id % 1_000 !== 0) continue;
    engine.apply(writer.seal(new Uint8Array(256)));
    if (maintains) while (engine.maintain());
  }
}

function message(id: number): Message {
  const topic = `devices/${id % 64}/temperature`;
  return { topic, payload: PAYLOAD, qos: 1, retain: false, properties: NO_MESSAGE_PROPERTIES, expiresAt: undefined };
}

function recipient(key: number): Recipient {
  return { key, qos: 1, retain: false, subscriptionIdentifiers: [], sharedFilter: '' };
}

function newEngine(sessions: number): { engine: Engine; file: string } {
  const file = newFile();
  const engine = openEngine(file);
  engine.recover({ found() {}, progress() {} });
  const writer = new ChangeWriter(false);
  for (let key = 1; key <= sessions; key++) {
    const clientId = `client-${key}`;
    writer.saveSession({ key, clientId, principal: undefined, expiryInterval: millis(1), disconnectedAt: undefined });
  }
  engine.apply(writer.seal(new Uint8Array(256)));
  return { engine, file };
}

function openEngine(file: string): Engine {
  const monotonic = () => millis(performance.now());
  return Engine.open({ file, synchronous: 'full', bytesMax: 0, monotonic, tuning: ENGINE_TUNING });
}

function newFile(): string {
  return path.join(mkdtempSync(path.join(ROOT, 'store-')), 'vouch.db');
}

/** How long something took. */
interface Took {
  readonly seconds: number;
  /** Of which the processor worked for it: on a shared machine the better measure of what it costs. */
  readonly cpuSeconds: number;
}

/** What happened in the best stretch of some work, and in all of it. */
interface Rates {
  readonly best: Took & { readonly count: number };
  readonly all: Took & { readonly count: number };
}

/** Applies batches, with the work that is done between them. @param each  How many messages a batch stands for. */
function apply(engine: Engine, batches: readonly Uint8Array[], each: number, latencies: number[] = []): Rates {
  return stretches(batches.length, each, (index) => {
    const begin = performance.now();
    engine.apply(batches[index] as Uint8Array);
    latencies.push(performance.now() - begin);
    engine.maintain();
  });
}

/** Does something many times, each of which counts for so many. */
function stretches(times: number, each: number, work: (index: number) => void): Rates {
  const took: (Took & { count: number })[] = [];
  for (let stretch = 0; stretch < STRETCHES; stretch++) {
    const [from, to] = [stretch, stretch + 1].map((end) => Math.floor((end * times) / STRETCHES)) as [number, number];
    const { seconds, cpuSeconds } = timed(() => {
      for (let index = from; index < to; index++) work(index);
    });
    if (to > from) took.push({ seconds, cpuSeconds, count: (to - from) * each });
  }
  const sum = (field: keyof Took | 'count'): number => took.reduce((total, one) => total + one[field], 0);
  const best = took.toSorted((a, b) => a.seconds / a.count - b.seconds / b.count)[0];
  if (best === undefined) throw new Error('there was something to do');
  return { best, all: { seconds: sum('seconds'), cpuSeconds: sum('cpuSeconds'), count: sum('count') } };
}

function timed(work: () => void): Took {
  const cpuBegin = process.cpuUsage();
  const begin = performance.now();
  work();
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpuBegin);
  return { seconds, cpuSeconds: (user + system) / 1e6 };
}

function bench(name: string, work: () => void): void {
  if (!name.includes(ONLY)) return;
  process.stdout.write(`${name}\n`);
  work();
}

function rate({ best, all }: Rates, times = 1): string {
  const perSecond = ({ count, seconds }: Rates['all']): string => `${Math.round((count * times) / seconds / 1000)}k`;
  const cpu = ((all.cpuSeconds / (all.count * times)) * 1e6).toFixed(3);
  return `best ${perSecond(best)}, all ${perSecond(all)} (cpu ${cpu} us)`;
}

function duration({ seconds, cpuSeconds }: Took): string {
  return `${seconds.toFixed(2)} s (cpu ${cpuSeconds.toFixed(2)} s)`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function say(what: string, value: string | number): void {
  process.stdout.write(`  ${what.padEnd(46)} ${String(value).padStart(38)}\n`);
}
