// What the control socket is answered: the operations of control/operations.ts, done to a broker that runs.

import { setImmediate as turn } from 'node:timers/promises';

import { unreachable } from '../base/assert.ts';
import { OperationError, UsageError } from '../base/errors.ts';
import type { Ban } from '../broker/bans.ts';
import type { Broker } from '../broker/broker.ts';
import type { GroupView, RetainedView, SessionView } from '../broker/inspection.ts';
import type { QueuedView } from '../broker/queue-view.ts';
import { isReference, REDIRECT_ROWS } from '../config/redirect-rows.ts';
import { quote } from '../config/spelling.ts';
import type { ControlTarget, Rows } from '../control/control-server.ts';
import { firstInOrder, firstRows, type Steps } from '../control/first-rows.ts';
import {
  type BanRow,
  type BrokerRow,
  type ControlRequest,
  type GroupSort,
  type GroupsQuestion,
  type ListQuestion,
  OPERATIONS,
  type OperationName,
  pathOf,
  type QueuedRow,
  type Questions,
  type RetainedRow,
  type RowsOf,
  type SessionSort,
  SORTED_ROWS_MAX,
} from '../control/operations.ts';
import { parseTopicFilter, type TopicFilter } from '../topic/topic-filter.ts';
import type { ReloadReport } from './reloads.ts';
import { checkSubject } from './rules-question.ts';
import { readVersion } from './version.ts';

/** What the process does for an operator besides. */
export interface ProcessActions {
  /** Reads all files again, and says what became of each. */
  reload(): readonly ReloadReport[];
  /** Stops in good order. */
  stop(): void;
}

/** A drain is at this rate where nobody says another one. */
const DRAIN_SHARE = 0.05;
/** A page of a queue that takes longer to be read does not come. */
const PAGE_MILLIS_MAX = 10_000;

/** By what a list is sorted, the largest first. */
const SORT_KEYS: { readonly [Sort in Exclude<SessionSort, 'client'>]: (view: SessionView) => number } = {
  queue: ({ queuedMessages }) => queuedMessages,
  bytes: ({ queuedBytes }) => queuedBytes,
  inflight: ({ inFlight }) => inFlight,
  'messages-in': ({ connection }) => connection?.messagesReceived ?? -1,
  'messages-out': ({ connection }) => connection?.messagesSent ?? -1,
  'bytes-in': ({ connection }) => connection?.bytesReceived ?? -1,
  'bytes-out': ({ connection }) => connection?.bytesSent ?? -1,
  outbox: ({ connection }) => connection?.outboxBytes ?? -1,
  subscriptions: ({ subscriptions }) => subscriptions,
  connected: ({ connection }) => connection?.connectedSeconds ?? -1,
  silent: ({ connection }) => connection?.silentSeconds ?? -1,
};

/** The same of shared subscriptions. */
const GROUP_SORT_KEYS: { readonly [Sort in GroupSort]: (view: GroupView) => number } = {
  queue: ({ queuedMessages }) => queuedMessages,
  bytes: ({ queuedBytes }) => queuedBytes,
  lent: ({ lentMessages }) => lentMessages,
  members: ({ members }) => members,
};

/** Answers for a broker. */
export function controlTarget(broker: Broker, actions: ProcessActions): ControlTarget {
  return { answer: (request) => answer(broker, actions, request) };
}

function answer(broker: Broker, actions: ProcessActions, { kind, question }: ControlRequest): Rows {
  const { inspection, administration } = broker;
  switch (kind) {
    case 'broker':
      return one('broker', brokerRow(broker));
    case 'clients':
      return sessionRows(broker, question, true);
    case 'sessions':
      return sessionRows(broker, question, false);
    case 'client':
      return one('client', found(inspection.session(question.id), question.id));
    case 'queue': {
      const rows = found(inspection.queue(question.id), question.id);
      return queueRows(rows, question);
    }
    case 'groups':
      return groupRows(broker, question);
    case 'group-queue': {
      const { filter } = question;
      const rows = inspection.groupQueue(filter);
      if (rows === undefined)
        throw new OperationError('not-found', `Nobody has the subscription ${JSON.stringify(filter)}.`);
      return queueRows(rows, question);
    }
    case 'retained':
      return retainedRows(inspection.retained(filterOf(question.filter ?? '#')), question);
    case 'explain':
      return one('explain', explainRow(broker, question));
    case 'drain':
      return progressRows(broker);
    case 'kick': {
      const dismissal = administration.kick(question.id, question.reason ?? '');
      if (dismissal === undefined) throw notFound(question.id, 'is not connected');
      return one('kick', dismissal);
    }
    case 'end-session':
      return later(async () => found(await administration.endSession(question.id, question.reason ?? ''), question.id));
    case 'clear-retained':
      return clear(broker, filterOf(question.filter));
    case 'start-drain':
      startDrain(broker, question);
      return progressRows(broker);
    case 'cancel-drain':
      return one('cancel-drain', { wasDraining: administration.cancelDrain() });
    case 'bans':
      return broker.bans.map(banRow);
    case 'ban':
      return addBan(broker, question);
    case 'unban':
      return one('unban', { wasBanned: broker.unban(question.kind, question.value) });
    case 'reload':
      return actions.reload();
    case 'stop':
      actions.stop();
      return one('stop', { isStopping: true });
    default:
      return unreachable(kind);
  }
}

/** An answer of one row, of the type that belongs to the operation. */
function one<Name extends OperationName>(_: Name, row: RowsOf[Name]): readonly RowsOf[Name][] {
  return [row];
}

async function* later(make: () => Promise<object>): AsyncGenerator<object, void> {
  yield await make();
}

function found<Thing>(thing: Thing | undefined, clientId: string): Thing {
  if (thing === undefined) throw notFound(clientId, 'has no session here');
  return thing;
}

function notFound(clientId: string, what: string): OperationError {
  return new OperationError('not-found', `Client ${JSON.stringify(clientId)} ${what}.`);
}

function filterOf(text: string): TopicFilter {
  const parsed = parseTopicFilter(text);
  if (parsed.kind === 'plain') return parsed.filter;
  const why = parsed.kind === 'shared' ? 'It is a shared subscription, which has no retained messages.' : parsed.why;
  throw new UsageError('invalid-argument', `${JSON.stringify(text)} is no Topic Filter to look for. ${why}`);
}

function brokerRow({ sizes, queues }: Broker): BrokerRow {
  const operations = Object.entries(OPERATIONS).map(([name, { method, sentence }]) => ({
    method,
    path: pathOf(name as OperationName), // The keys of the table.
    sentence,
  }));
  const { messages: queuedMessages, bytes: queuedBytes } = queues;
  return { vouch: readVersion(), pid: process.pid, ...sizes, queuedMessages, queuedBytes, operations };
}

function sessionRows(broker: Broker, question: ListQuestion, connectedOnly: boolean): Steps<SessionView> {
  const { filter: clientId, user, sort, limit = Number.POSITIVE_INFINITY } = question;
  const rows = broker.inspection.sessions({ connectedOnly, clientId, user });
  if (sort === undefined) return firstRows(rows, limit);
  return firstInOrder(rows, Math.min(limit, SORTED_ROWS_MAX), comparison(sort));
}

function comparison(sort: SessionSort): (a: SessionView, b: SessionView) => number {
  if (sort === 'client') return (a, b) => (a.clientId < b.clientId ? -1 : a.clientId > b.clientId ? 1 : 0);
  return largestFirst(SORT_KEYS[sort]);
}

function groupRows(
  broker: Broker,
  { filter, sort, limit = Number.POSITIVE_INFINITY }: GroupsQuestion,
): Steps<GroupView> {
  const rows = broker.inspection.groups(filter);
  if (sort === undefined) return firstRows(rows, limit);
  return firstInOrder(rows, Math.min(limit, SORTED_ROWS_MAX), largestFirst(GROUP_SORT_KEYS[sort]));
}

function largestFirst<Row>(key: (row: Row) => number): (a: Row, b: Row) => number {
  return (a, b) => key(b) - key(a);
}

async function* queueRows(
  rows: AsyncGenerator<QueuedView, void>,
  { limit = Number.POSITIVE_INFINITY, payload: isAsked }: Pick<Questions['queue'], 'limit' | 'payload'>,
): AsyncGenerator<QueuedRow, void> {
  for (let count = 0; count < limit; count++) {
    const step = await inTime(rows.next());
    if (step.done === true) return;
    const { payload, ...row } = step.value;
    yield { ...row, payloadBytes: payload.length, payload: isAsked ? base64(payload) : undefined };
  }
}

/** What the store does not give back in time does not come: the session has ended, or the store is being closed. */
async function inTime<Value>(value: Promise<Value>): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = setTimeout(() => {
    reject(new OperationError('timed-out', `The store did not answer within ${PAGE_MILLIS_MAX / 1000} s.`));
  }, PAGE_MILLIS_MAX);
  try {
    return await Promise.race([value, promise]);
  } finally {
    clearTimeout(late);
  }
}

function* retainedRows(
  rows: Steps<RetainedView>,
  { limit = Number.POSITIVE_INFINITY, payload: isAsked }: Questions['retained'],
): Generator<RetainedRow | undefined, void> {
  for (const view of firstRows(rows, limit)) {
    if (view === undefined) {
      yield undefined;
      continue;
    }
    const { payload, ...row } = view;
    yield { ...row, payloadBytes: payload.length, payload: isAsked ? base64(payload) : undefined };
  }
}

async function* clear(broker: Broker, filter: TopicFilter): AsyncGenerator<object | undefined, void> {
  let cleared = 0;
  for (const topic of broker.administration.clearRetained(filter)) {
    if (topic !== undefined) cleared++;
    yield undefined;
  }
  await broker.administration.whenCleared();
  yield* one('clear-retained', { cleared });
}

function startDrain({ administration }: Broker, { perSecond, percent, to }: Questions['start-drain']): void {
  if (perSecond !== undefined && percent !== undefined) {
    throw new UsageError('invalid-argument', 'A drain takes perSecond or percent, not both.');
  }
  if (to !== undefined && !isReference(to)) {
    throw new UsageError('invalid-argument', `to takes ${REDIRECT_ROWS.to.takes}; got ${quote(to)}.`);
  }
  const rate =
    perSecond === undefined
      ? ({ kind: 'share', perSecond: percent === undefined ? DRAIN_SHARE : percent / 100 } as const)
      : ({ kind: 'clients', perSecond } as const);
  administration.drain({ rate, to });
}

function banRow({ until, ...ban }: Ban): BanRow {
  return { ...ban, until: until === undefined ? undefined : new Date(until).toISOString() };
}

async function* addBan(
  broker: Broker,
  { kind, value, seconds, reason = '' }: Questions['ban'],
): AsyncGenerator<RowsOf['ban'], void> {
  const until = seconds === undefined ? undefined : Date.now() + seconds * 1000;
  const banned: Ban = { kind, value, until, reason, by: 'operator' };
  const sweep = broker.ban(banned);
  while (sweep.step()) await turn();
  yield banRow(banned);
}

function* progressRows({ administration }: Broker): Generator<RowsOf['drain'], void> {
  const { drainProgress } = administration;
  if (drainProgress !== undefined) yield drainProgress;
}

function explainRow({ inspection }: Broker, question: Questions['explain']): RowsOf['explain'] {
  const { action, topic, client: clientId, user, group, certificate, address, qos = 0, retain } = question;
  checkSubject(action, topic);
  const { explanation, identity, isConnected } = inspection.explain({
    action,
    topic,
    qos: qos === 0 || qos === 1 ? qos : 2,
    retain,
    clientId,
    user,
    address,
    certificate,
    groups: group.length === 0 ? undefined : group,
  });
  return {
    ...explanation,
    isConnected,
    user: identity.principal,
    address: identity.remote,
    certificate: identity.certificate,
    groups: identity.groups ?? [],
  };
}

function base64(payload: Uint8Array): string {
  return Buffer.from(payload).toString('base64');
}
