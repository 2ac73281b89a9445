// What can be asked of a running broker: one row an operation, from which its address (`/v1/NAME`), its method, the check of its parameters
// and the types of question and answer come. The broker's side and `vouch ctl` have the same table. Names and parameters stay as they
// are: scripts use them. What is new is added; what would break a script gets another number before it.
// Longer than 400 lines because it is a table.

import { UsageError } from '../base/errors.ts';
import type { Dismissal, EndedSession } from '../broker/administration.ts';
import type { Ban } from '../broker/bans.ts';
import type { DrainProgress } from '../broker/draining.ts';
import type { GroupView, RetainedView, SessionDetails, SessionView } from '../broker/inspection.ts';
import type { QueuedView } from '../broker/queue-view.ts';

/** The first part of every address. */
export const CONTROL_VERSION = 'v1';

/** How a parameter is read from what stands in the query. */
interface Parameter<Value> {
  /** What is allowed, after the word "takes". */
  readonly takes: string;
  /** `undefined`: it is not taken. An answer of its own for what is left out. */
  readonly read: (texts: readonly string[]) => { readonly value: Value } | undefined;
}

/** One operation, which is asked a `Question`. */
interface Operation<Question> {
  /** GET looks, POST changes. */
  readonly method: 'GET' | 'POST';
  readonly sentence: string;
  readonly parameters: { readonly [Name in keyof Question]-?: Parameter<Question[Name]> };
}

/** By what lists of sessions can be sorted; all but the first begin with the largest. */
export const SESSION_SORTS = [
  'client',
  'queue',
  'bytes',
  'inflight',
  'messages-in',
  'messages-out',
  'bytes-in',
  'bytes-out',
  'outbox',
  'subscriptions',
  'connected',
  'silent',
] as const;

/** By what a list of sessions is sorted. */
export type SessionSort = (typeof SESSION_SORTS)[number];

/** By what lists of shared subscriptions can be sorted; all begin with the largest. */
export const GROUP_SORTS = ['queue', 'bytes', 'lent', 'members'] as const;

/** By what a list of shared subscriptions is sorted. */
export type GroupSort = (typeof GROUP_SORTS)[number];

/** So many rows are kept where they have to be sorted. */
export const SORTED_ROWS_MAX = 10_000;

/** A question for a list of sessions. */
export interface ListQuestion {
  /** Patterns with `*` of client identifiers and of user names. */
  readonly filter: string | undefined;
  readonly user: string | undefined;
  readonly sort: SessionSort | undefined;
  readonly limit: number | undefined;
}

/** A question for a list of shared subscriptions. */
export interface GroupsQuestion {
  /** A pattern with `*` of their filters, `$share/` included. */
  readonly filter: string | undefined;
  readonly sort: GroupSort | undefined;
  readonly limit: number | undefined;
}

/** A question about one client, and what it is told. */
interface EndingQuestion {
  readonly id: string;
  readonly reason: string | undefined;
}

/** Who is banned. */
interface BanSubject {
  readonly kind: Ban['kind'];
  readonly value: string;
}

/** What is asked, by the name of the operation. */
export interface Questions {
  readonly broker: {};
  readonly clients: ListQuestion;
  readonly sessions: ListQuestion;
  readonly client: { readonly id: string };
  readonly queue: { readonly id: string; readonly limit: number | undefined; readonly payload: boolean };
  readonly groups: GroupsQuestion;
  readonly 'group-queue': { readonly filter: string; readonly limit: number | undefined; readonly payload: boolean };
  readonly retained: {
    readonly filter: string | undefined;
    readonly limit: number | undefined;
    readonly payload: boolean;
  };
  readonly explain: {
    readonly action: 'publish' | 'subscribe' | 'receive' | 'will';
    readonly topic: string;
    readonly client: string | undefined;
    readonly user: string | undefined;
    readonly group: readonly string[];
    readonly certificate: string | undefined;
    readonly address: string | undefined;
    readonly qos: number | undefined;
    readonly retain: boolean;
  };
  readonly drain: {};
  readonly kick: EndingQuestion;
  readonly 'end-session': EndingQuestion;
  readonly 'clear-retained': { readonly filter: string };
  readonly 'start-drain': {
    /** Clients a second, or percent of those that are there; neither: 5 %. */
    readonly perSecond: number | undefined;
    readonly percent: number | undefined;
    readonly to: string | undefined;
  };
  readonly 'cancel-drain': {};
  readonly bans: {};
  readonly ban: BanSubject & {
    /** How long; not said: until somebody ends it. */
    readonly seconds: number | undefined;
    readonly reason: string | undefined;
  };
  readonly unban: BanSubject;
  readonly reload: {};
  readonly stop: {};
}

/** The name of an operation. */
export type OperationName = keyof Questions;

/** Any question. */
export type ControlRequest = {
  readonly [Name in OperationName]: { readonly kind: Name; readonly question: Questions[Name] };
}[OperationName];

const SHOWN_LENGTH_MAX = 60;

const COUNT = optionalNumber(1, 1_000_000_000);

const LISTING: Operation<ListQuestion>['parameters'] = {
  filter: optionalText('a pattern of client identifiers with *'),
  user: optionalText('a pattern of user names with *'),
  sort: optional(word(SESSION_SORTS)),
  limit: COUNT,
};

/** A DISCONNECT carries no more than 65,535 bytes of it, and the log wants less. */
const REASON_LENGTH_MAX = 1_000;

/** What is said to a client, or of it: it has to fit into a packet. */
const REASON: Parameter<string | undefined> = optional({
  takes: `a text of at most ${REASON_LENGTH_MAX.toLocaleString('en')} characters without U+0000`,
  read: ([only = '', ...others]) =>
    others.length > 0 || only.length > REASON_LENGTH_MAX || only.includes('\0') ? undefined : { value: only },
});

const ENDING: Operation<EndingQuestion>['parameters'] = {
  id: text('a client identifier'),
  reason: REASON,
};

/** What can be banned. */
export const BAN_KINDS: readonly Ban['kind'][] = ['client', 'user', 'address'];

const BAN_SUBJECT: Operation<BanSubject>['parameters'] = {
  kind: word(BAN_KINDS),
  value: text('a client identifier, a user name, or an address'),
};

/** Every operation by its name. */
export const OPERATIONS: { readonly [Name in OperationName]: Operation<Questions[Name]> } = {
  broker: operation('GET', 'Which broker this is, and what can be asked of it.', {}),
  clients: operation('GET', 'Sessions whose clients are connected.', LISTING),
  sessions: operation('GET', 'All sessions.', LISTING),
  client: operation('GET', 'Everything about one session.', { id: text('a client identifier') }),
  queue: operation('GET', 'What a session is owed, in flight first.', {
    id: text('a client identifier'),
    limit: COUNT,
    payload: flag(),
  }),
  groups: operation('GET', 'Shared subscriptions.', {
    filter: optionalText('a pattern of filters with *'),
    sort: optional(word(GROUP_SORTS)),
    limit: COUNT,
  }),
  'group-queue': operation('GET', 'What waits for a shared subscription, and not for one of its members.', {
    filter: text('a Topic Filter with $share/'),
    limit: COUNT,
    payload: flag(),
  }),
  retained: operation('GET', 'Retained messages.', {
    filter: optionalText('a Topic Filter'),
    limit: COUNT,
    payload: flag(),
  }),
  explain: operation('GET', 'What the rules in force say.', {
    action: word(['publish', 'subscribe', 'receive', 'will']),
    topic: text('a topic'),
    client: optionalText('a client identifier'),
    user: optionalText('a user name'),
    group: { takes: 'groups', read: (value) => ({ value }) },
    certificate: optionalText('a Common Name'),
    address: optionalText('an IP address'),
    qos: optionalNumber(0, 2),
    retain: flag(),
  }),
  drain: operation('GET', 'How far a drain is.', {}),
  kick: operation('POST', 'Ends the connection of a client; its session stays.', ENDING),
  'end-session': operation('POST', 'Ends a session, with what it is owed.', ENDING),
  'clear-retained': operation('POST', 'Removes retained messages.', { filter: text('a Topic Filter') }),
  'start-drain': operation('POST', 'Lets nobody in any more and sends clients away.', {
    perSecond: optionalNumber(1, 1_000_000),
    percent: optionalNumber(1, 100),
    to: optionalText('a server'),
  }),
  'cancel-drain': operation('POST', 'Lets clients in again.', {}),
  bans: operation('GET', 'Who is banned.', {}),
  ban: operation('POST', 'Bans a client, a user or an address, and ends their connections.', {
    ...BAN_SUBJECT,
    seconds: COUNT,
    reason: REASON,
  }),
  unban: operation('POST', 'Ends a ban.', BAN_SUBJECT),
  reload: operation('POST', 'Reads users, rules, keys and certificates again.', {}),
  stop: operation('POST', 'Stops the broker in good order.', {}),
};

/** A message of a queue as it is told. */
export interface QueuedRow extends Omit<QueuedView, 'payload'> {
  readonly payloadBytes: number;
  /** In base64, where it was asked for. */
  readonly payload: string | undefined;
}

/** A retained message as it is told. */
export interface RetainedRow extends Omit<RetainedView, 'payload'> {
  readonly payloadBytes: number;
  /** In base64, where it was asked for. */
  readonly payload: string | undefined;
}

/** An answer about rights. */
export interface ExplainRow {
  readonly isAllowed: boolean;
  readonly sentence: string;
  readonly rule: string | undefined;
  readonly tell: string | undefined;
  /** Whether facts of a connected client were taken, and whom it was asked about. */
  readonly isConnected: boolean;
  readonly user: string | undefined;
  readonly address: string;
  readonly certificate: string | undefined;
  readonly groups: readonly string[];
}

/** A ban as it is told. */
export interface BanRow extends Omit<Ban, 'until'> {
  /** As `2026-01-31T12:00:00.000Z`; left out: when somebody ends it. */
  readonly until: string | undefined;
}

/** What became of one of the things that are read from files. */
export interface ReloadRow {
  /** For people, as in "the password file". */
  readonly what: string;
  readonly files: readonly string[];
  /** `refused`: what was in force stays so. */
  readonly result: 'changed' | 'unchanged' | 'refused';
  /** What is wrong, or what to look after; sentences. */
  readonly remarks: readonly string[];
}

/** What a broker says of itself. */
export interface BrokerRow {
  readonly vouch: string;
  readonly pid: number;
  readonly connections: number;
  readonly sessions: number;
  readonly subscriptions: number;
  readonly retained: number;
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  readonly operations: readonly { readonly method: string; readonly path: string; readonly sentence: string }[];
}

/** One row of the answer to each operation; lists have any number, the others one. What is not there is left out in JSON. */
export interface RowsOf {
  readonly broker: BrokerRow;
  readonly clients: SessionView;
  readonly sessions: SessionView;
  readonly client: SessionDetails;
  readonly queue: QueuedRow;
  readonly groups: GroupView;
  readonly 'group-queue': QueuedRow;
  readonly retained: RetainedRow;
  readonly explain: ExplainRow;
  /** None: the broker is not being drained. */
  readonly drain: DrainProgress;
  readonly kick: Dismissal;
  readonly 'end-session': EndedSession;
  readonly 'clear-retained': { readonly cleared: number };
  readonly 'start-drain': DrainProgress;
  readonly 'cancel-drain': { readonly wasDraining: boolean };
  readonly bans: BanRow;
  readonly ban: BanRow;
  readonly unban: { readonly wasBanned: boolean };
  readonly reload: ReloadRow;
  readonly stop: { readonly isStopping: boolean };
}

/** Whether there is an operation of that name. */
export function isOperationName(name: string): name is OperationName {
  return Object.hasOwn(OPERATIONS, name);
}

/** Where an operation is found. */
export function pathOf(name: OperationName): string {
  return `/${CONTROL_VERSION}/${name}`;
}

/**
 * Reads the query of an operation: the parameters of its row and no others.
 * @throws {UsageError} `invalid-argument`: what is wrong with it.
 */
export function readQuestion(name: OperationName, query: URLSearchParams): ControlRequest {
  const parameters: { readonly [name: string]: Parameter<unknown> } = OPERATIONS[name].parameters;
  for (const given of query.keys()) {
    if (Object.hasOwn(parameters, given)) continue;
    const known = Object.keys(parameters);
    const takes = known.length === 0 ? 'no parameters' : known.join(', ');
    throw new UsageError('invalid-argument', `${JSON.stringify(given)} is not known: ${name} takes ${takes}.`);
  }
  const question: { [parameter: string]: unknown } = {};
  for (const [parameter, { takes, read }] of Object.entries(parameters)) {
    const given = query.getAll(parameter);
    const taken = read(given);
    if (taken === undefined) {
      const got = given.length === 0 ? 'nothing was said' : `got ${shown(given.join(' '))}`;
      throw new UsageError('invalid-argument', `${parameter} takes ${takes}; ${got}.`);
    }
    question[parameter] = taken.value;
  }
  // The loop has set every parameter of the row to what its reader yields; the compiler cannot tie both through the name.
  return { kind: name, question } as unknown as ControlRequest;
}

/** The query that says a question. */
export function writeQuestion(question: object): URLSearchParams {
  const query = new URLSearchParams();
  for (const [parameter, value] of Object.entries(question)) {
    if (value === undefined || value === false) continue;
    for (const each of Array.isArray(value) ? value : [value]) query.append(parameter, String(each));
  }
  return query;
}

/** A text as an error tells of it. */
function shown(given: string): string {
  return JSON.stringify(given.length > SHOWN_LENGTH_MAX ? `${given.slice(0, SHOWN_LENGTH_MAX)}...` : given);
}

function operation<Question>(
  method: 'GET' | 'POST',
  sentence: string,
  parameters: Operation<Question>['parameters'],
): Operation<Question> {
  return { method, sentence, parameters };
}

function text(takes: string): Parameter<string> {
  return {
    takes,
    read: ([only, ...others]) => (only === undefined || others.length > 0 ? undefined : { value: only }),
  };
}

/** The same parameter where it may be left out. */
function optional<Value>({ takes, read }: Parameter<Value>): Parameter<Value | undefined> {
  return { takes, read: (given) => (given.length === 0 ? { value: undefined } : read(given)) };
}

function optionalText(takes: string): Parameter<string | undefined> {
  return optional(text(takes));
}

function word<const Word extends string>(words: readonly Word[]): Parameter<Word> {
  return {
    takes: words.join(', '),
    read: ([only, ...others]) => {
      const value = others.length > 0 ? undefined : words.find((known) => known === only);
      return value === undefined ? undefined : { value };
    },
  };
}

function optionalNumber(minimum: number, maximum: number): Parameter<number | undefined> {
  return optional({
    takes: `a whole number from ${minimum} to ${maximum}`,
    read: ([only = '', ...others]) => {
      const value = /^\d{1,15}$/.test(only) ? Number(only) : Number.NaN;
      return others.length === 0 && value >= minimum && value <= maximum ? { value } : undefined;
    },
  });
}

function flag(): Parameter<boolean> {
  return {
    takes: 'true or false',
    read: ([only, ...others]) => {
      if (others.length > 0) return undefined;
      if (only === undefined || only === 'false') return { value: false };
      return only === 'true' ? { value: true } : undefined;
    },
  };
}
