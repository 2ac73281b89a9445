// A durable store whose engine, clock and turns are in the hands of a test, and a record of who was asked and told what.

import assert from 'node:assert/strict';

import { ByteWriter } from '../../base/byte-writer.ts';
import type { Boot, Clock } from '../../base/clock.ts';
import { type Log, SILENT_LOG } from '../../base/log.ts';
import { type Millis, millis } from '../../base/millis.ts';
import type { Message } from '../../packet/message.ts';
import { NO_MESSAGE_PROPERTIES } from '../../packet/properties.ts';
import type { Recipient, Recovered, StoreOwner } from '../contract.ts';
import { Change } from './change.ts';
import { ChangeReader } from './change-reader.ts';
import type { EngineStatistics } from './engine.ts';
import type { Executor, ExecutorOwner } from './executor.ts';
import { SqliteStore } from './sqlite-store.ts';

/** What the engine says of itself. */
export const STATISTICS: EngineStatistics = {
  sessions: 1,
  groups: 2,
  retained: 3,
  wills: 4,
  messages: 5,
  deliveries: 6,
  fileBytes: 7,
  logBytes: 8,
  commits: 9,
  commitMillisLast: millis(10),
  commitMillisMax: millis(11),
};

/** A message that may be elided. */
export const MESSAGE: Message = {
  topic: 'a/b',
  payload: Uint8Array.of(1, 2, 3),
  qos: 1,
  retain: false,
  properties: NO_MESSAGE_PROPERTIES,
  expiresAt: undefined,
};

/** One recipient, 1, without anything special. */
export const TO_ONE: readonly Recipient[] = [
  { key: 1, qos: 1, retain: false, subscriptionIdentifiers: [], sharedFilter: '' },
];
/** An executor that does what the test says, and a clock and turns that the test moves. */
export class Script implements Executor, Clock {
  /** What was asked of the executor, in words. */
  readonly asked: string[] = [];
  /** What the owner of the store was told. */
  readonly told: string[] = [];
  readonly store: SqliteStore;
  now = 1_000;
  bootTime = 50_000;
  warnings = 0;
  /** The sizes of the buffers that batches came in. */
  readonly buffers: number[] = [];
  private readonly tasks: (() => void)[] = [];
  private readonly batches: Uint8Array<ArrayBuffer>[] = [];
  private readonly applied: string[] = [];
  private owner: ExecutorOwner | undefined;

  constructor(elides = true) {
    const log: Log = { ...SILENT_LOG, warn: () => this.warnings++ };
    this.store = new SqliteStore({
      executor: this,
      clock: this,
      log,
      downtimeMax: millis(86_400_000),
      elides,
      later: (task) => this.tasks.push(task),
    });
  }

  /** A store that is open and has written its clock mark. */
  static async opened(elides = true): Promise<Script> {
    const script = new Script(elides);
    await script.openWith([]);
    script.store.deleteWill(1);
    script.turn();
    script.commit();
    script.asked.length = 0;
    script.told.length = 0;
    return script;
  }

  openWith(chunks: readonly ((writer: ByteWriter) => void)[]): Promise<Recovered> {
    const opening = this.store.open(this.recorder());
    for (const write of chunks) this.find(write);
    this.tell().opened({ recipientKeyMax: 70, messageIdMax: 80 }, STATISTICS);
    return opening;
  }

  find(write: (writer: ByteWriter) => void): void {
    const writer = new ByteWriter();
    write(writer);
    this.tell().found(writer.bytes.slice(0, writer.position));
  }

  /** The turn ends. */
  turn(): void {
    for (const task of this.tasks.splice(0)) task();
  }

  /** The engine has committed its oldest batch. */
  commit(): void {
    const batch = this.batches.shift();
    assert.ok(batch !== undefined);
    // Nobody has written to it meanwhile, though buffers are used again.
    assert.equal(changesIn(batch), this.applied.shift());
    this.tell().committed(batch, STATISTICS);
  }

  tell(): ExecutorOwner {
    assert.ok(this.owner !== undefined);
    return this.owner;
  }

  open(owner: ExecutorOwner): void {
    this.owner = owner;
    this.asked.push('open');
  }

  apply(batch: Uint8Array<ArrayBuffer>): void {
    this.batches.push(batch);
    this.buffers.push(batch.buffer.byteLength);
    this.applied.push(changesIn(batch));
    this.asked.push(changesIn(batch));
  }

  read(recipient: number, after: number): void {
    this.asked.push(`read ${recipient} ${after}`);
  }

  close(): void {
    this.asked.push('close');
  }

  monotonic(): Millis {
    return millis(this.now);
  }

  wall(): Millis {
    return millis(this.now);
  }

  boot(): Boot {
    return { id: 'boot', time: millis(this.bootTime) };
  }

  /** What was asked since this was called last. */
  takeAsked(): string[] {
    return this.asked.splice(0);
  }

  takeTold(): string[] {
    return this.told.splice(0);
  }

  private recorder(): StoreOwner {
    return {
      restoreRetained: (messages) => this.told.push(`retained ${messages.map(({ topic }) => topic).join(' ')}`),
      opening: (share) => this.told.push(`opening ${share}`),
      durable: (durable) => this.told.push(`durable ${durable}`),
      full: (isFull) => this.told.push(`full ${isFull}`),
      failed: ({ code }) => this.told.push(`failed ${code}`),
    };
  }
}

/** The changes of a batch, in words. */
function changesIn(batch: Uint8Array): string {
  const reader = new ChangeReader();
  reader.reset(batch);
  const changes: string[] = [];
  while (reader.next()) changes.push(nameOf(reader));
  return `apply ${changes.join(', ')}`;
}

function nameOf({ kind, messageId, key }: ChangeReader): string {
  const [name] = Object.entries(Change).find(([, opcode]) => opcode === kind) ?? ['nothing'];
  if (kind === Change.append) return `${name} ${messageId}`;
  return kind === Change.clockMark ? name : `${name} ${key}`;
}
