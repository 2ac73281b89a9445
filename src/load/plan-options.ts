// From what a person asks for to a plan: defaults that fit the kind of load, and what does not go together is said in words.

import { availableParallelism } from 'node:os';

import { unreachable } from '../base/assert.ts';
import { UsageError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { type ConnectOptions, readOptions } from '../client/options.ts';
import { checkTopic } from '../client/topics.ts';
import type { QoS } from '../packet/packet.ts';
import { type LoadKind, type LoadPlan, PUBLISHERS_MAX } from './plan.ts';
import { STAMP_BYTES } from './stamp.ts';

/** What may be said about a load; all but the broker has a default. */
export interface LoadOptions {
  readonly kind: LoadKind;
  /** Where the broker is, and as whom. */
  readonly connect: ConnectOptions;
  /** What there are many of: pairs, publishers or subscribers, connections. */
  readonly clients?: number | undefined;
  /** Of the other side, where there are few. */
  readonly others?: number | undefined;
  readonly qos?: QoS | undefined;
  readonly payloadBytes?: number | undefined;
  readonly count?: number | undefined;
  readonly seconds?: number | undefined;
  readonly rate?: number | undefined;
  readonly window?: number | undefined;
  readonly ahead?: number | undefined;
  readonly opening?: number | undefined;
  readonly threads?: number | undefined;
  readonly topic?: string | undefined;
  readonly isShared?: boolean | undefined;
  readonly holdSeconds?: number | undefined;
  readonly patienceSeconds?: number | undefined;
}

/** How many clients there are, unless somebody says. */
export const CLIENTS: { readonly [Kind in LoadKind]: number } = {
  pub: 10,
  sub: 10,
  pairs: 10,
  fanout: 100,
  fanin: 100,
  conn: 1000,
  latency: 10,
};

/** What holds unless somebody says. */
export const LOAD_DEFAULTS = {
  qos: 1,
  payloadBytes: 64,
  seconds: 10,
  window: 100,
  latencyRate: 1000,
  latencyWindow: 1000,
  opening: 64,
  topic: 'vouch-bench',
  holdSeconds: 2,
  patienceSeconds: 3,
} as const;

/** With a count a run may take so long. */
const COUNT_SECONDS_MAX = 3600;
/** More threads than this are never started by themselves. */
const THREADS_MAX = 4;

/**
 * Completes and checks what was asked for.
 * @throws {UsageError} `invalid-option`, `invalid-argument`.
 */
export function planLoad(options: LoadOptions, random: Random): LoadPlan {
  const { kind, count, rate } = options;
  const qos = options.qos ?? LOAD_DEFAULTS.qos;
  const clients = options.clients ?? CLIENTS[kind];
  const { publishers, subscribers, idle } = castOf(kind, clients, options.others ?? 1);
  if (publishers > PUBLISHERS_MAX) throw wrong(`There can be ${PUBLISHERS_MAX} publishers; got ${publishers}`);
  const payloadBytes = options.payloadBytes ?? LOAD_DEFAULTS.payloadBytes;
  if (payloadBytes < STAMP_BYTES) {
    throw wrong(`A payload has at least ${STAMP_BYTES} bytes, for a number and a moment; got ${payloadBytes}`);
  }
  const isOpenLoop = kind === 'latency';
  const window = options.window ?? (isOpenLoop ? LOAD_DEFAULTS.latencyWindow : LOAD_DEFAULTS.window);
  const ahead = options.ahead ?? (qos === 0 ? window : 10 * window);
  const run = 1 + Math.floor(random.next() * 65_534);
  const topic = options.topic ?? LOAD_DEFAULTS.topic;
  checkTopic(topic);
  // `pub` and `sub` meet under the topic; runs that are whole by themselves keep out of each other's way.
  const prefix = kind === 'pub' || kind === 'sub' ? topic : `${topic}/${run.toString(36)}`;
  const auto = Math.max(1, Math.min(THREADS_MAX, availableParallelism() - 1, Math.ceil(clients / 2)));
  return {
    kind,
    target: targetOf(options.connect, random),
    run,
    threads: options.threads ?? auto,
    publishers,
    subscribers,
    idle,
    qos,
    payloadBytes,
    count,
    seconds: options.seconds ?? (count === undefined ? LOAD_DEFAULTS.seconds : COUNT_SECONDS_MAX),
    rate: rate ?? (isOpenLoop ? LOAD_DEFAULTS.latencyRate : undefined),
    window,
    ahead: isOpenLoop || kind === 'pub' || kind === 'sub' ? undefined : ahead,
    opening: options.opening ?? LOAD_DEFAULTS.opening,
    prefix,
    isShared: options.isShared ?? false,
    holdSeconds: options.holdSeconds ?? LOAD_DEFAULTS.holdSeconds,
    patienceSeconds: options.patienceSeconds ?? LOAD_DEFAULTS.patienceSeconds,
  };
}

function castOf(
  kind: LoadKind,
  clients: number,
  others: number,
): Pick<LoadPlan, 'publishers' | 'subscribers' | 'idle'> {
  switch (kind) {
    case 'pub':
      return { publishers: clients, subscribers: 0, idle: 0 };
    case 'sub':
      return { publishers: 0, subscribers: clients, idle: 0 };
    case 'pairs':
    case 'latency':
      return { publishers: clients, subscribers: clients, idle: 0 };
    case 'fanout':
      return { publishers: others, subscribers: clients, idle: 0 };
    case 'fanin':
      return { publishers: clients, subscribers: others, idle: 0 };
    case 'conn':
      return { publishers: 0, subscribers: 0, idle: clients };
    default:
      return unreachable(kind);
  }
}

function targetOf(options: ConnectOptions, random: Random): LoadPlan['target'] {
  const asked: ConnectOptions = {
    ...options,
    ...(options.version === undefined || options.version === 5 ? { receiveMaximum: 65_535, topicAliasMaximum: 0 } : {}),
  };
  const { host, port, transport, connect } = readOptions(asked, random);
  return { host, port, transport, connect };
}

function wrong(sentence: string): UsageError {
  return new UsageError('invalid-option', `${sentence}.`);
}
