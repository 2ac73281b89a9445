// Makes a store of the lines that export.ts wrote: an equal one, in a directory that has none. Lines are checked as
// they come; the first wrong one ends it, and then there is no store.
// Every line becomes the change that a broker would have made (change.ts), and the engine applies them as ever: nothing
// here knows what a row looks like. What is in flight comes before the messages, and waits here until all of them are
// there; so memory is bounded by what is in flight.

import { unreachable } from '../../base/assert.ts';
import { OperationError, UsageError } from '../../base/errors.ts';
import { NO_MESSAGE_PROPERTIES } from '../../packet/properties.ts';
import type { PacketId } from '../../packet/packet-id.ts';
import type { Message } from '../../packet/message.ts';
import type { MessageId, SessionKey } from '../contract.ts';
import { ChangeWriter } from './change-writer.ts';
import { Engine, type EngineOptions, type EngineStatistics } from './engine.ts';
import { EXPORT_VERSION, type ExportedDelivery, type ExportLine, readExportLine } from './export-line.ts';
import { FormError } from './json-form.ts';
import { beginDatabase } from './new-database.ts';
import { storeError } from './open-directory.ts';

/** Changes are applied when there are so many bytes of them. */
const BATCH_BYTES = 1024 * 1024;

/** What an identifier that is remembered without its message is written with. */
const NO_MESSAGE: Message = Object.freeze({
  topic: '',
  payload: new Uint8Array(0),
  qos: 2,
  retain: false,
  properties: NO_MESSAGE_PROPERTIES,
  expiresAt: undefined,
});

/**
 * Imports a store.
 * @param directoryPath  Where; the directory is made if it is not there.
 * @param lines  Without their line feeds.
 * @returns What the store has now.
 * @throws {UsageError} `invalid-argument`: a line is not what it should be, or the last ones are missing.
 * @throws {OperationError} `store-unavailable`, `store-in-use`, `store-full`, `store-newer`: the lines are of a newer version.
 */
export async function importStore(
  directoryPath: string,
  lines: AsyncIterable<string> | Iterable<string>,
  options: Omit<EngineOptions, 'file'>,
): Promise<EngineStatistics> {
  const database = beginDatabase(directoryPath);
  let engine: Engine | undefined;
  try {
    engine = Engine.open({ ...options, file: database.file });
    engine.recover({ found() {}, progress() {} });
    const importing = new Importing(engine);
    for await (const line of lines) importing.take(line);
    importing.finish();
    const statistics = engine.statistics();
    engine.close();
    database.keep();
    return statistics;
  } catch (error) {
    engine?.abandon();
    database.drop();
    throw storeError(error, database.directory);
  }
}

/** A session as far as the lines after it refer to it. */
interface KnownSession {
  readonly deliveries: readonly ExportedDelivery[];
  /** Messages in flight that have not come yet. */
  readonly missing: Set<MessageId>;
  readonly exactlyOnceIds: readonly PacketId[];
}

const NOTHING_KNOWN: KnownSession = Object.freeze({
  deliveries: [],
  missing: new Set<MessageId>(),
  exactlyOnceIds: [],
});

/** An import under way. */
class Importing {
  private readonly engine: Engine;
  private readonly writer: ChangeWriter;
  private readonly sessions: Map<SessionKey, KnownSession>;
  private readonly groups: Set<number>;
  private lines: number;
  private latestId: MessageId;
  private isAtEnd: boolean;

  constructor(engine: Engine) {
    this.engine = engine;
    this.writer = new ChangeWriter(false);
    this.sessions = new Map();
    this.groups = new Set();
    this.lines = 0;
    this.latestId = 0;
    this.isAtEnd = false;
  }

  /** Takes the next line. */
  take(text: string): void {
    this.lines++;
    try {
      if (this.isAtEnd) throw new FormError('it comes after the last one');
      const line = readExportLine(text);
      if ((line.kind === 'vouch-store') !== (this.lines === 1)) throw new FormError('an export begins otherwise');
      this.apply(line);
    } catch (error) {
      if (!(error instanceof FormError)) throw error;
      const sentence = `Line ${this.lines} is not of an export: ${error.message}. Nothing was imported.`;
      throw new UsageError('invalid-argument', sentence, { cause: error });
    }
    if (this.writer.length >= BATCH_BYTES) this.flush();
  }

  /** All lines were taken. */
  finish(): void {
    if (!this.isAtEnd) {
      const sentence = `The export ends after ${this.lines} lines without saying so: the rest is missing. Nothing was imported.`;
      throw new UsageError('invalid-argument', sentence);
    }
    this.flush();
    while (this.engine.maintain());
  }

  private apply(line: ExportLine): void {
    const { writer } = this;
    switch (line.kind) {
      case 'vouch-store':
        return refuseNewer(line.version);
      case 'clockMark':
        return writer.clockMark(line);
      case 'session':
        this.checkNew(line.key);
        this.sessions.set(line.key, NOTHING_KNOWN);
        return writer.saveSession(line);
      case 'subscription':
        this.session(line.session);
        return writer.saveSubscription(line.session, line);
      case 'group':
        this.checkNew(line.key);
        this.groups.add(line.key);
        return writer.saveGroup(line);
      case 'will':
        return writer.saveWill(line.key, line);
      case 'retained':
        return writer.saveRetained(line);
      case 'inFlight':
        return this.takeInFlight(line.session, line.deliveries);
      case 'exactlyOnceIds':
        this.sessions.set(line.session, { ...this.session(line.session), exactlyOnceIds: line.ids });
        return;
      case 'message':
        return this.takeMessage(line);
      case 'end':
        return this.takeEnd(line.lines);
      default:
        return unreachable(line);
    }
  }

  private takeInFlight(key: SessionKey, deliveries: readonly ExportedDelivery[]): void {
    const known = this.session(key);
    const missing = new Set(deliveries.map((each) => each.messageId));
    const ids = new Set(deliveries.map((each) => each.id));
    if (missing.size < deliveries.length || ids.size < deliveries.length) {
      throw new FormError(`two deliveries of session ${key} have the same message or packet identifier`);
    }
    this.sessions.set(key, { ...known, deliveries, missing });
  }

  private takeMessage(line: ExportLine & { readonly kind: 'message' }): void {
    const { id, recipients } = line;
    if (id <= this.latestId) throw new FormError(`message ${id} comes after message ${this.latestId}`);
    this.latestId = id;
    if (recipients.length === 0) throw new FormError(`message ${id} is owed to nobody`);
    const keys = new Set(recipients.map((each) => each.key));
    if (keys.size < recipients.length) throw new FormError(`message ${id} is owed to somebody twice`);
    for (const key of keys) {
      if (!this.groups.has(key)) this.session(key).missing.delete(id);
    }
    this.writer.append(id, line, recipients, undefined);
  }

  /** Everything that is in flight is sent again, in its order. */
  private takeEnd(lines: number): void {
    if (lines !== this.lines) throw new FormError(`it says that there are ${lines} lines`);
    this.isAtEnd = true;
    for (const [key, { deliveries, missing, exactlyOnceIds }] of this.sessions) {
      const [first] = missing;
      if (first !== undefined) throw new FormError(`session ${key} is not owed message ${first}, which is in flight`);
      for (const { messageId, id, state } of deliveries) {
        this.writer.recordSending(key, messageId, id);
        if (state === 'awaiting-pubcomp') this.writer.recordReceived(key, messageId);
      }
      for (const id of exactlyOnceIds) {
        this.latestId++;
        this.writer.append(this.latestId, NO_MESSAGE, [], { session: key, id });
      }
      if (this.writer.length >= BATCH_BYTES) this.flush();
    }
  }

  /** The session that a line is about. */
  private session(key: SessionKey): KnownSession {
    const known = this.sessions.get(key);
    if (known === undefined) throw new FormError(`no line before it has a session ${key}`);
    return known;
  }

  private checkNew(key: number): void {
    if (this.sessions.has(key) || this.groups.has(key)) throw new FormError(`a line before it has key ${key}, too`);
  }

  private flush(): void {
    this.engine.apply(this.writer.seal(new Uint8Array(BATCH_BYTES)));
    // Whatever the engine wants to do besides, it has the time.
    while (this.engine.maintain());
  }
}

function refuseNewer(version: number): void {
  if (version <= EXPORT_VERSION) return;
  throw new OperationError(
    'store-newer',
    'The export was written by a newer version of Vouch; import it with that one.',
  );
}
