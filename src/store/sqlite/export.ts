// Writes a store down as lines (export-line.ts): all of it, as of one moment, also while a broker writes. Memory is
// bounded by how many recipients there are and by what they have in flight.
// What does not hold ends it, unless what can be saved is to be saved: then that is left out, with what makes no sense
// without it.

import { packetId } from '../../packet/packet-id.ts';
import type { GroupKey, InFlightState, SessionKey } from '../contract.ts';
import { type DataDirectory, existingDirectory } from './data-directory.ts';
import { EXPORT_VERSION, type ExportedDelivery, type ExportLine, writeExportLine } from './export-line.ts';
import { refuseUnsound, storeError } from './open-directory.ts';
import { owedMessages, type ProgressByKey, readProgressOf } from './owed-messages.ts';
import { isExactlyOnce, noProgress, packetIdOf, type Progress, type Sending } from './progress.ts';
import { StoreView } from './store-view.ts';
import { checkLog, type OnProgress, showLogDamage } from './wal-check.ts';

/** How many messages there are between two words about progress. */
const MESSAGES_PER_WORD = 1024;

/** What came of it. */
export interface ExportResult {
  readonly lines: number;
  /** What was left out; empty unless what can be saved was to be saved. One sentence each. */
  readonly leftOut: readonly string[];
}

/**
 * Exports the store in a data directory.
 * @param salvage  Whether to leave out what does not hold.
 * @returns Line after line, each with its line feed.
 * @throws {OperationError} `store-not-accepted`, `store-damaged`, `store-newer`, `store-unavailable`, `store-failed`.
 */
export function* exportStore(
  directoryPath: string,
  salvage: boolean,
  progress: OnProgress,
): Generator<string, ExportResult> {
  const directory = existingDirectory(directoryPath);
  const leftOut = new Set<string>();
  if (!salvage) refuseUnsound(directory);
  else addLogDamage(directory, leftOut);
  let view: StoreView | undefined;
  try {
    view = new StoreView(directory.database, (fault) => {
      if (!salvage) throw fault;
      leftOut.add(fault.message);
    });
    let lines = 0;
    for (const line of exportLines(view, progress)) {
      lines++;
      yield line;
    }
    return { lines, leftOut: [...leftOut] };
  } catch (error) {
    throw storeError(error, directory);
  } finally {
    view?.close();
  }
}

function addLogDamage(directory: DataDirectory, leftOut: Set<string>): void {
  const log = checkLog(directory.log, () => {});
  if (log.kind === 'damaged') leftOut.add(showLogDamage(directory, log));
}

/**
 * Writes down what a view shows.
 * @param progress  Is told how much of the messages was written: between 0 and 1.
 * @returns Line after line, each with its line feed.
 * @throws whatever the view's `onDamage` throws.
 */
export function* exportLines(view: StoreView, progress: OnProgress): Generator<string> {
  let lines = 0;
  for (const line of everything(view, progress)) {
    lines++;
    yield `${writeExportLine(line)}\n`;
  }
  yield `${writeExportLine({ kind: 'end', lines: lines + 1 })}\n`;
}

function* everything(view: StoreView, progress: OnProgress): Generator<ExportLine> {
  yield { kind: 'vouch-store', version: EXPORT_VERSION };
  const mark = view.clockMark();
  if (mark !== undefined) yield { kind: 'clockMark', ...mark };
  const sessions = new Set<SessionKey>();
  for (const session of view.sessions()) {
    sessions.add(session.key);
    yield { kind: 'session', ...session };
  }
  for (const subscription of view.subscriptions()) {
    // A session that does not hold takes what belongs to it along.
    if (sessions.has(subscription.session)) yield { kind: 'subscription', ...subscription };
  }
  const groups = new Set<GroupKey>();
  for (const group of view.groups()) {
    groups.add(group.key);
    yield { kind: 'group', ...group };
  }
  for (const will of view.wills()) yield { kind: 'will', ...will };
  for (const message of view.retained()) yield { kind: 'retained', ...message };
  const byKey = readProgressOf(view, [...sessions, ...groups]);
  for (const key of sessions) yield* handshakes(view, key, byKey.get(key) ?? noProgress());
  yield* messages(view, byKey, progress);
}

/** What is in flight in either direction. */
function* handshakes(view: StoreView, session: SessionKey, progress: Progress): Generator<ExportLine> {
  const { received, sent, exactlyOnceIds } = progress;
  const deliveries: ExportedDelivery[] = [];
  for (const sendings of [received, sent]) {
    for (const [messageId, sending] of sendings ?? []) {
      const state = sendings === received ? 'awaiting-pubcomp' : sentState(sending);
      if (view.hasMessage(messageId)) deliveries.push({ messageId, id: packetId(packetIdOf(sending)), state });
    }
  }
  if (deliveries.length > 0) yield { kind: 'inFlight', session, deliveries };
  if (exactlyOnceIds !== undefined && exactlyOnceIds.size > 0) {
    yield { kind: 'exactlyOnceIds', session, ids: Array.from(exactlyOnceIds, packetId) };
  }
}

function sentState(sending: Sending): InFlightState {
  return isExactlyOnce(sending) ? 'awaiting-pubrec' : 'awaiting-puback';
}

function* messages(view: StoreView, byKey: ProgressByKey, progress: OnProgress): Generator<ExportLine> {
  let count = 0;
  for (const { id, read } of owedMessages(view, byKey)) {
    const found = read();
    if (found !== undefined) yield { kind: 'message', id, recipients: found.recipients, ...found.message };
    if (++count % MESSAGES_PER_WORD === 0) progress(view.shareBefore(id));
  }
}
