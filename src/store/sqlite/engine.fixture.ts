// Engines of their own for tests, with a few words for what is done to them.

import path from 'node:path';
import type { TestContext } from 'node:test';

import type { Clock } from '../../base/clock.ts';
import { millis } from '../../base/millis.ts';
import type { Message } from '../../packet/message.ts';
import { NO_MESSAGE_PROPERTIES } from '../../packet/properties.ts';
import type { Recipient } from '../contract.ts';
import { readPage } from './answer-reader.ts';
import { ChangeWriter } from './change-writer.ts';
import { temporaryDirectory } from './directory.fixture.ts';
import { Engine, ENGINE_TUNING, type EngineOptions, type EngineTuning } from './engine.ts';
import { BodyReader } from './message-body.ts';

/** Everything that is not said otherwise. */
const DEFAULTS: Omit<EngineOptions, 'file'> = {
  synchronous: 'normal',
  bytesMax: 0,
  monotonic: () => STILL_CLOCK.monotonic(),
  tuning: ENGINE_TUNING,
};

/** A clock that stands still. */
export const STILL_CLOCK: Clock = {
  monotonic: () => millis(0),
  wall: () => millis(0),
  boot: () => ({ id: 'boot', time: millis(0) }),
};

/** Small numbers, so that everything happens soon. */
export const SMALL_TUNING: EngineTuning = {
  pageEntriesMax: 4,
  pageBytesMax: 40,
  indexEveryMessages: 9,
  indexEveryEntries: 40,
  indexEveryBytes: 4_000,
  checkpointLogBytes: 40_000,
  truncateLogBytes: 100_000,
  sliceRows: 2,
  chunkBytes: 200,
};

/** An engine under test, and a batch for it. */
export class EngineFixture {
  readonly file: string;
  /** Takes the changes of the next batch. */
  writer: ChangeWriter;
  engine: Engine;
  private readonly options: EngineOptions;

  private constructor(file: string, options: Partial<EngineOptions>) {
    this.file = file;
    this.options = { ...DEFAULTS, ...options, file };
    this.writer = new ChangeWriter(false);
    this.engine = Engine.open(this.options);
  }

  /** A new engine, with nothing in it. */
  static create(context: TestContext, options: Partial<EngineOptions> = {}): EngineFixture {
    const fixture = new EngineFixture(path.join(temporaryDirectory(context), 'vouch.db'), options);
    context.after(() => fixture.engine.abandon());
    fixture.recover();
    return fixture;
  }

  /** Opens the file again; what was open is closed in order, or not. */
  reopen(ending: 'close' | 'abandon' = 'close'): void {
    this.engine[ending]();
    this.engine = Engine.open(this.options);
    this.writer = new ChangeWriter(false);
  }

  /** Reads everything back. */
  recover(): ReturnType<Engine['recover']> {
    return this.engine.recover({ found() {}, progress() {} });
  }

  /** Applies the batch. */
  apply(): void {
    this.engine.apply(this.writer.seal(new Uint8Array(256)));
  }

  /** Does all that waits. */
  maintain(): void {
    while (this.engine.maintain());
  }

  /** Saves sessions with these keys. */
  addSessions(...keys: readonly number[]): void {
    const record = { principal: undefined, expiryInterval: millis(1), disconnectedAt: undefined };
    for (const key of keys) this.writer.saveSession({ key, clientId: `client-${key}`, ...record });
  }

  /** Appends messages of QoS 1 from one number to another. */
  append(from: number, to: number, keys: readonly number[], payloadBytes = 10): void {
    const recipients = keys.map(recipientOf);
    for (let id = from; id <= to; id++) this.writer.append(id, messageOf(id, payloadBytes), recipients, undefined);
  }

  /** The numbers of what waits in a queue. */
  queue(key: number): number[] {
    const page = this.engine.read(key, 0, 100_000, 1_000_000_000);
    return page === undefined ? [] : readPage(page.deliveries, new BodyReader(), 0).map((each) => each.messageId);
  }
}

/** A message of QoS 1. */
export function messageOf(id: number, payloadBytes: number): Message {
  const payload = new Uint8Array(payloadBytes).fill(id);
  return { topic: 'a/b', payload, qos: 1, retain: false, properties: NO_MESSAGE_PROPERTIES, expiresAt: undefined };
}

/** A recipient of QoS 1. */
export function recipientOf(key: number): Recipient {
  return { key, qos: 1, retain: false, subscriptionIdentifiers: [], sharedFilter: '' };
}
