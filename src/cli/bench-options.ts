// The options of `vouch bench`: one table for every kind of load, of which each kind shows the rows that mean something to it, in its own
// words.

import type { LoadKind } from '../load/plan.ts';
import { CLIENTS, LOAD_DEFAULTS } from '../load/plan-options.ts';
import type { QoS } from '../packet/packet.ts';
import { CONNECTION_OPTIONS, type ConnectionOptions, qos } from './connection-options.ts';
import {
  integer,
  type Option,
  type OptionTable,
  switchOption,
  text,
  type ValuesOf,
  valueOption,
} from './option-table.ts';

const LOAD = 'Load';
const OUTPUT = 'Output';

/** The rows beside those of the connection. */
type LoadRows = {
  readonly clients: Option<number | undefined>;
  readonly publishers: Option<number | undefined>;
  readonly subscribers: Option<number | undefined>;
  readonly qos: Option<QoS | undefined>;
  readonly size: Option<number | undefined>;
  readonly seconds: Option<number | undefined>;
  readonly count: Option<number | undefined>;
  readonly rate: Option<number | undefined>;
  readonly window: Option<number | undefined>;
  readonly ahead: Option<number | undefined>;
  readonly shared: Option<boolean>;
  readonly hold: Option<number | undefined>;
  readonly opening: Option<number | undefined>;
  readonly threads: Option<number | undefined>;
  readonly topic: Option<string | undefined>;
  readonly patience: Option<number | undefined>;
  readonly json: Option<boolean>;
  readonly html: Option<string | undefined>;
};

/** Of the options of a connection, those that every client of a load can share. */
const SHARED_BY_ALL = [
  'bindAddress',
  'username',
  'pw',
  'cafile',
  'capath',
  'tlsUseOsCerts',
  'cert',
  'key',
  'servername',
  'tlsVersion',
  'tlsAlpn',
  'insecure',
  'protocolVersion',
  'keepalive',
  'quiet',
] as const satisfies readonly (keyof ConnectionOptions)[];

/** What the options of a load yield. */
export type LoadValues = ValuesOf<LoadRows & ConnectionOptions>;

/** What each kind of load does. */
export const SENTENCES: { readonly [Kind in LoadKind]: string } = {
  pub: 'Publishes as fast as the broker takes it.',
  sub: 'Subscribes, and checks what `vouch bench pub` publishes elsewhere.',
  pairs: 'Publishers, each with a subscriber of its own.',
  fanout: 'One publisher whom very many subscribers hear.',
  fanin: 'Very many publishers whom one subscriber hears.',
  conn: 'Opens very many connections, and holds them.',
  latency: 'How long messages take at a fixed rate, counted from when each was due.',
};

/** What there are many of. */
const CLIENTS_SENTENCES: { readonly [Kind in LoadKind]: string } = {
  pub: 'How many publishers.',
  sub: 'How many subscribers, each of which hears all.',
  pairs: 'How many pairs.',
  fanout: 'How many subscribers.',
  fanin: 'How many publishers.',
  conn: 'How many connections.',
  latency: 'How many pairs share the rate.',
};

/** Which rows mean nothing to a kind. */
const WITHOUT: { readonly [Kind in LoadKind]: readonly (keyof LoadRows)[] } = {
  pub: ['publishers', 'subscribers', 'shared', 'hold', 'ahead'],
  sub: ['publishers', 'subscribers', 'shared', 'hold', 'ahead', 'size', 'count', 'rate', 'window', 'patience'],
  pairs: ['publishers', 'subscribers', 'shared', 'hold'],
  fanout: ['subscribers', 'shared', 'hold'],
  fanin: ['publishers', 'hold'],
  conn: [
    'publishers',
    'subscribers',
    'shared',
    'ahead',
    'qos',
    'size',
    'seconds',
    'count',
    'window',
    'topic',
    'patience',
  ],
  latency: ['publishers', 'subscribers', 'shared', 'hold', 'ahead'],
};

/** The rows as they are where a kind says nothing else. */
const ROWS: LoadRows = {
  clients: valueOption(
    {
      short: 'n',
      metavar: 'COUNT',
      group: LOAD,
      sentence: 'How many.',
    },
    integer(1, 1_000_000),
  ),
  publishers: valueOption(
    { metavar: 'COUNT', group: LOAD, sentence: 'How many publishers, each of whom all hear.', defaultText: '1' },
    integer(1, 10_000),
  ),
  subscribers: valueOption(
    { metavar: 'COUNT', group: LOAD, sentence: 'How many subscribers, each of which hears all.', defaultText: '1' },
    integer(1, 10_000),
  ),
  shared: switchOption({
    group: LOAD,
    sentence: 'The subscribers share one subscription: each message goes to one of them.',
  }),
  qos: valueOption(
    {
      short: 'q',
      metavar: 'QOS',
      group: LOAD,
      sentence: '0, 1 or 2, on both sides.',
      defaultText: String(LOAD_DEFAULTS.qos),
    },
    qos,
  ),
  size: valueOption(
    {
      short: 's',
      metavar: 'BYTES',
      group: LOAD,
      sentence: 'The size of a payload; at least 16.',
      defaultText: String(LOAD_DEFAULTS.payloadBytes),
    },
    integer(16, 268_000_000),
  ),
  seconds: valueOption(
    {
      short: 't',
      metavar: 'SECONDS',
      group: LOAD,
      sentence: 'How long.',
      defaultText: `${LOAD_DEFAULTS.seconds}; with --count until all are sent`,
    },
    integer(1, 86_400),
  ),
  count: valueOption(
    { short: 'm', metavar: 'COUNT', group: LOAD, sentence: 'How many messages each publisher sends.' },
    integer(1, 2_000_000_000),
  ),
  rate: valueOption(
    {
      short: 'r',
      metavar: 'RATE',
      group: LOAD,
      sentence: 'How many messages a second, of all publishers together.',
      defaultText: 'as many as go',
    },
    integer(1, 100_000_000),
  ),
  window: valueOption(
    {
      short: 'w',
      metavar: 'COUNT',
      group: LOAD,
      sentence:
        'How many messages of QoS 1 and 2 a publisher sends ahead of their acknowledgement, where the broker takes as many.',
      defaultText: String(LOAD_DEFAULTS.window),
    },
    integer(1, 65_535),
  ),
  ahead: valueOption(
    {
      metavar: 'COUNT',
      group: LOAD,
      sentence: 'How many messages a publisher may be ahead of its subscribers.',
      defaultText: 'as --window with QoS 0, else ten times that',
    },
    integer(1, 10_000_000),
  ),
  hold: valueOption(
    {
      metavar: 'SECONDS',
      group: LOAD,
      sentence: 'How long the connections are held.',
      defaultText: String(LOAD_DEFAULTS.holdSeconds),
    },
    integer(0, 86_400),
  ),
  opening: valueOption(
    {
      metavar: 'COUNT',
      group: LOAD,
      sentence: 'How many connections each thread opens at a time.',
      defaultText: String(LOAD_DEFAULTS.opening),
    },
    integer(1, 10_000),
  ),
  threads: valueOption(
    {
      metavar: 'COUNT',
      group: LOAD,
      sentence: 'In how many threads.',
      defaultText: 'one less than there are cores, at most 4',
    },
    integer(1, 256),
  ),
  topic: valueOption(
    { metavar: 'TOPIC', group: LOAD, sentence: 'What all topics begin with.', defaultText: LOAD_DEFAULTS.topic },
    text,
  ),
  patience: valueOption(
    {
      metavar: 'SECONDS',
      group: LOAD,
      sentence: 'When nothing has come for so long, what is missing is lost.',
      defaultText: String(LOAD_DEFAULTS.patienceSeconds),
    },
    integer(1, 3600),
  ),
  json: switchOption({ group: OUTPUT, sentence: 'Print the result as JSON.' }),
  html: valueOption(
    {
      metavar: 'FILE',
      group: OUTPUT,
      sentence: 'Write a report with plots over time: one file that needs nothing else.',
    },
    text,
  ),
};

/** The rows of one kind. */
export function rowsOf(kind: LoadKind): OptionTable {
  const without: ReadonlySet<string> = new Set(WITHOUT[kind]);
  const isLatency = kind === 'latency';
  const rows: LoadRows = {
    ...ROWS,
    clients: { ...ROWS.clients, sentence: CLIENTS_SENTENCES[kind], defaultText: String(CLIENTS[kind]) },
    rate: {
      ...ROWS.rate,
      sentence: kind === 'conn' ? 'How many connections a second.' : ROWS.rate.sentence,
      defaultText: isLatency ? String(LOAD_DEFAULTS.latencyRate) : 'as many as go',
    },
    window: {
      ...ROWS.window,
      defaultText: String(isLatency ? LOAD_DEFAULTS.latencyWindow : LOAD_DEFAULTS.window),
    },
  };
  const own = Object.entries(rows).filter(([name]) => !without.has(name));
  const shared = SHARED_BY_ALL.map((name) => [name, CONNECTION_OPTIONS[name]] as const);
  return { ...Object.fromEntries(own), ...Object.fromEntries(shared) };
}

/** The values of a command line that says nothing. */
export function nothingSaid(): LoadValues {
  const all: LoadRows & ConnectionOptions = { ...CONNECTION_OPTIONS, ...ROWS };
  const values = Object.entries(all).map(([name, option]: [string, Option<unknown>]) => [name, option.read([])]);
  // Every row yields what its own type says of it.
  return Object.fromEntries(values) as LoadValues;
}
