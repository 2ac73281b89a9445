// Runs the comparison: one trial after the other, each through a link of its own, with one client process against one server process. Which trials
// there are and how large they are is the scale's; what is drawn by chance, when messages come and connections break, comes from the seed
// and is the same for all rivals.

import { OperationError } from '../../base/errors.ts';
import { issue, makeAuthority } from '../../server/development-certificates.ts';
import { Child } from './child.ts';
import {
  type BurstRow,
  type Comparison,
  FULL_SCALE,
  QUICK_SCALE,
  type ReceptionRow,
  type Scale,
  type TransferRow,
  transferName,
  verdictsOf,
} from './comparison.ts';
import { Link, type LinkProfile } from './link.ts';
import type {
  ClientJob,
  ClientNews,
  ClientOrder,
  ReceiveJob,
  SendJob,
  ServerNews,
  ServerOrder,
} from './process-port.ts';
import { RECEIVERS, type ReceiverName, type Rival, SENDERS, type SenderName } from './rivals.ts';

/** What a comparison is to be. */
export interface CompareOptions {
  readonly isQuick: boolean;
  /** In place of the one that goes with `isQuick`. */
  readonly scale?: Scale;
  readonly seed: number;
  /** Ends it: the rows that there are then are the result. */
  readonly stop: AbortSignal;
  /** Called before each trial. */
  readonly progress: (trial: string, done: number, all: number) => void;
}

type Server = Child<ServerOrder, ServerNews>;
type Client = Child<ClientOrder, ClientNews>;
type Ports = ServerNews & { readonly kind: 'started' };

/** How long the last bytes of a connection may take to be counted. */
const SETTLE_MILLIS = 30;
/** When nothing has come for so long and a round trip, nothing is under way any more. */
const QUIET_MILLIS = 200;
/** For transfers and receptions, which all come to an end. */
const TRIAL_MILLIS_MAX = 60_000;
/** So many messages are sent before a burst is measured. */
const WARM_UP_COUNT = 20;
/** The certificate of a comparison is good from an hour before until a day after. */
const HOUR_MILLIS = 3_600_000;
const DAY_MILLIS = 24 * HOUR_MILLIS;
/** Points of a curve. */
const CURVE_POINTS = 200;

/** Runs all trials. */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const validity = { from: new Date(Date.now() - HOUR_MILLIS), until: new Date(Date.now() + DAY_MILLIS) };
  const authority = await makeAuthority('vouch bench http', validity);
  const request = { kind: 'server', hosts: ['localhost', '127.0.0.1'] } as const;
  const { certificate: cert, key } = await issue(authority, request, validity);
  const server: Server = new Child('server-process');
  const client: Client = new Child('client-process');
  try {
    server.tell({ kind: 'start', cert, key });
    const ports = await server.hear('started');
    return await new Trials(options, server, client, ports, authority.certificate).run();
  } finally {
    await Promise.all([server.end(), client.end()]);
  }
}

class Trials {
  private readonly options: CompareOptions;
  private readonly scale: Scale;
  private readonly server: Server;
  private readonly client: Client;
  private readonly ports: Ports;
  private readonly ca: string;
  private done: number;

  constructor(options: CompareOptions, server: Server, client: Client, ports: Ports, ca: string) {
    this.options = options;
    this.scale = options.scale ?? (options.isQuick ? QUICK_SCALE : FULL_SCALE);
    this.server = server;
    this.client = client;
    this.ports = ports;
    this.ca = ca;
    this.done = 0;
  }

  async run(): Promise<Comparison> {
    const { scale, options } = this;
    const transfers: TransferRow[] = [];
    const bursts: BurstRow[] = [];
    const receptions: ReceptionRow[] = [];
    const transferTrials = scale.transfers.flatMap((size) => SENDERS.map((rival) => ({ size, rival })));
    const burstTrials = scale.burstLinks.flatMap((link) => SENDERS.map((rival) => ({ link, rival })));
    const receptionTrials = scale.receptionLinks.flatMap((link) => RECEIVERS.map((rival) => ({ link, rival })));
    const all = transferTrials.length + burstTrials.length + receptionTrials.length;
    const begin = (trial: string, { title }: Rival<string>): boolean => {
      if (options.stop.aborted) return false;
      options.progress(`${trial}: ${title}`, this.done++, all);
      return true;
    };
    for (const { size, rival } of transferTrials) {
      if (begin(transferName(size), rival)) transfers.push(await this.transfer(size, rival));
    }
    for (const { link, rival } of burstTrials) {
      if (begin(link.title, rival)) bursts.push(await this.burst(link, rival));
    }
    for (const { link, rival } of receptionTrials) {
      if (begin(`receiving, ${link.title}`, rival)) receptions.push(await this.reception(link, rival));
    }
    return {
      seed: options.seed,
      isQuick: options.isQuick,
      isStopped: options.stop.aborted,
      node: process.version,
      transfers,
      bursts,
      receptions,
      verdicts: verdictsOf({ transfers, bursts, receptions }),
    };
  }

  private async transfer(size: Scale['transfers'][number], rival: Rival<SenderName>): Promise<TransferRow> {
    const rows: TransferRow[] = [];
    for (let repeat = 0; repeat < this.scale.repeats; repeat++) rows.push(await this.transferOnce(size, rival));
    // The fastest of all: what else the machine had to do meanwhile is nobody's.
    const least = (pick: (row: TransferRow) => number): number => Math.min(...rows.map(pick));
    return {
      ...size,
      rival: rival.title,
      setUpBytes: median(rows.map((row) => row.setUpBytes)),
      setUpMillis: least((row) => row.setUpMillis),
      bytes: median(rows.map((row) => row.bytes)),
      millis: least((row) => row.millis),
    };
  }

  private async transferOnce(size: Scale['transfers'][number], rival: Rival<SenderName>): Promise<TransferRow> {
    const job = this.sendJob(rival, { ...size, concurrency: 1, pauses: true, millisMax: TRIAL_MILLIS_MAX });
    return await this.withClient(job, undefined, async (client, link) => {
      client.tell({ kind: 'begin', job: { ...job, port: link.port } });
      const { micros } = await client.hear('opened');
      await pause(SETTLE_MILLIS);
      const before = link.counts();
      client.tell({ kind: 'go' });
      const sent = await client.hear('done');
      const arrivals = await this.arrivals(size.count);
      client.tell({ kind: 'end' });
      await client.hear('closed');
      await pause(SETTLE_MILLIS);
      const after = link.counts();
      const lastAt = Math.max(sent.settledAt, ...arrivals.map(([, at]) => at));
      return {
        ...size,
        rival: rival.title,
        setUpBytes: before.up + before.down,
        setUpMillis: rival.name === 'https-new' ? 0 : micros / 1000,
        bytes: after.up + after.down,
        millis: (micros + lastAt - sent.startedAt) / 1000,
      };
    });
  }

  private async burst(profile: LinkProfile, rival: Rival<SenderName>): Promise<BurstRow> {
    const { burstCount: count, burstMillis: millisMax } = this.scale;
    const { concurrency } = rival;
    const job = this.sendJob(rival, { count, payloadBytes: 1, concurrency, pauses: false, millisMax });
    const warmUp = { ...job, count: WARM_UP_COUNT, concurrency: 1 };
    return await this.withClient(warmUp, profile, async (client, link) => {
      const begunAt = now();
      link.startCuts(chance(this.options.seed)());
      client.tell({ kind: 'begin', job: { ...job, port: link.port } });
      await client.hear('opened');
      const sent = await client.hear('done');
      // With QoS 0 nothing is under way to who sent it, and much may be to the server.
      const moments = (await this.lastArrivals(count, profile)).map(([, at]) => (at - begunAt) / 1e6);
      const { up, down, connections } = link.counts();
      client.tell({ kind: 'end' });
      await client.hear('closed');
      const inTime = moments.filter((seconds) => seconds * 1000 <= millisMax).sort((a, b) => a - b);
      const arrived = inTime.length;
      const seconds = arrived === count ? (inTime.at(-1) ?? 0) : millisMax / 1000;
      return {
        link: profile.title,
        rival: rival.title,
        concurrency: Math.min(rival.concurrency, count),
        sent: count,
        arrived,
        seconds,
        messagesPerHour: (arrived / seconds) * 3600,
        cpuSecondsPerHour: (sent.cpuMicros / 1e6 / seconds) * 3600,
        cpuMicrosPerMessage: sent.cpuMicros / Math.max(1, arrived),
        bytes: up + down,
        connections,
        retries: sent.retries,
        curve: curveOf(inTime),
      };
    });
  }

  private async reception(profile: LinkProfile, rival: Rival<ReceiverName>): Promise<ReceptionRow> {
    const { receptionCount: count, receptionBytes: payloadBytes, receptionGapMillis } = this.scale;
    const base = { kind: 'receive', rival: rival.name, port: 0, ca: this.ca } as const;
    const job: ReceiveJob = { ...base, count, millisMax: TRIAL_MILLIS_MAX };
    return await this.withClient(job, profile, async (client, link) => {
      client.tell({ kind: 'begin', job: { ...job, port: link.port } });
      await client.hear('opened');
      await pause(SETTLE_MILLIS + profile.roundTripMillis);
      const before = link.counts();
      client.tell({ kind: 'go' });
      const qos = rival.name === 'mqtt-0' ? 0 : rival.name === 'mqtt-2' ? 2 : 1;
      this.server.tell({
        kind: 'emit',
        offsets: offsetsOf(this.options.seed, count, receptionGapMillis),
        payloadBytes,
        qos,
      });
      const { moments } = await this.server.hear('emitted');
      const { arrivals } = await client.hear('done');
      const after = link.counts();
      client.tell({ kind: 'end' });
      await client.hear('closed');
      const delays = arrivals.map(([id, at]) => (at - (moments[id] ?? at)) / 1000);
      return {
        link: profile.title,
        rival: rival.title,
        arrived: arrivals.length,
        count,
        delayMean: delays.reduce((sum, delay) => sum + delay, 0) / delays.length,
        delayMax: Math.max(...delays),
        bytesPerMessage: (after.up + after.down - before.up - before.down) / count,
        setUpBytes: before.up + before.down,
      };
    });
  }

  /** Runs one trial with a warm client and a new link. */
  private async withClient<Result>(
    warmUp: ClientJob,
    profile: LinkProfile | undefined,
    trial: (client: Client, link: Link) => Promise<Result>,
  ): Promise<Result> {
    const { client } = this;
    const targetPort = this.portFor(warmUp.rival);
    const link = await Link.open(targetPort, profile);
    try {
      client.tell({ kind: 'warm-up', job: { ...warmUp, port: targetPort } });
      await client.hear('warm');
      this.server.tell({ kind: 'reset' });
      await this.server.hear('ready');
      return await trial(client, link);
    } finally {
      await link.close();
    }
  }

  private sendJob(
    rival: Rival<SenderName>,
    rest: Pick<SendJob, 'count' | 'payloadBytes' | 'concurrency' | 'pauses' | 'millisMax'>,
  ): SendJob {
    return { kind: 'send', rival: rival.name, port: 0, ca: this.ca, ...rest };
  }

  /** What has come to the server, as soon as it is so much. */
  private async arrivals(count: number): Promise<readonly (readonly [number, number])[]> {
    const from = now();
    for (;;) {
      this.server.tell({ kind: 'report' });
      const { arrivals } = await this.server.hear('arrivals');
      if (arrivals.length >= count) return arrivals;
      if (now() - from > 5e6) {
        throw new OperationError('timed-out', `Of ${count} messages only ${arrivals.length} came to the server.`);
      }
      await pause(5);
    }
  }

  /** What has come when all has, or nothing comes any more. */
  private async lastArrivals(count: number, profile: LinkProfile): Promise<readonly (readonly [number, number])[]> {
    for (let before = -1; ; ) {
      const arrivals = await this.arrivals(0);
      if (arrivals.length >= count || arrivals.length === before) return arrivals;
      before = arrivals.length;
      await pause(profile.roundTripMillis + QUIET_MILLIS);
    }
  }

  private portFor(rival: SenderName | ReceiverName): number {
    const { mqttPort, httpsPort, http2Port } = this.ports;
    if (rival.startsWith('mqtt')) return mqttPort;
    return rival.endsWith('http2') ? http2Port : httpsPort;
  }
}

/** When messages are published: the same for everybody with the same seed. */
function offsetsOf(seed: number, count: number, [least, most]: readonly [number, number]): readonly number[] {
  const next = chance(seed);
  let at = 0;
  return Array.from({ length: count }, () => {
    at += least + next() * (most - least);
    return Math.round(at);
  });
}

/** Numbers from 0 to 1 that a seed repeats (mulberry32). */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function curveOf(inTime: readonly number[]): BurstRow['curve'] {
  const step = Math.max(1, Math.floor(inTime.length / CURVE_POINTS));
  return inTime
    .map((seconds, index) => [seconds, index + 1] as const)
    .filter(([, arrived]) => arrived % step === 0 || arrived === inTime.length);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function now(): number {
  return Number(process.hrtime.bigint()) / 1e3;
}

async function pause(millis: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, millis);
  });
}
