// Runs the comparison: one trial after the other, each through a link of its own, with one client process against one server process. Which trials
// there are and how large they are is the scale's; how often rivals take turns is up to the verdicts (rounds.ts, verdict.ts). What is drawn by
// chance, when messages come and connections break, comes from the seed and is the same for all rivals, in every round.

import { OperationError } from '../../base/errors.ts';
import { issue, makeAuthority } from '../../server/development-certificates.ts';
import { chance, offsetsOf } from './chance.ts';
import { Child } from './child.ts';
import {
  BURST_MEASURES,
  type BurstRow,
  type Comparison,
  FULL_SCALE,
  type Measure,
  middleRow,
  QUICK_SCALE,
  RECEPTION_MEASURES,
  type ReceptionRow,
  type Scale,
  type StreamRow,
  TRANSFER_MEASURES,
  type TransferRow,
  transferName,
  undecidedOf,
  usualTransfer,
  type Verdict,
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
import { inRounds, type Rounds } from './rounds.ts';

/** What a comparison is to be. */
export interface CompareOptions {
  readonly isQuick: boolean;
  /** In place of the one that goes with `isQuick`. */
  readonly scale?: Scale;
  readonly seed: number;
  /** Ends it: the rows that there are then are the result. */
  readonly stop: AbortSignal;
  /** Called before each rival's turn: `done` trials of `all` are over. */
  readonly progress: (turn: string, done: number, all: number) => void;
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
/** So many messages of those that go on and on are under way at once; with QoS 0 as many wait at a time for the network. */
const STREAM_AHEAD = 1024;
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
    const verdicts: Verdict[] = [];
    for (const size of scale.transfers) {
      const once = (rival: Rival<SenderName>): Promise<TransferRow> => this.transfer(size, rival);
      const result = await this.contest(transferName(size), SENDERS, scale.transferRounds, TRANSFER_MEASURES, once);
      transfers.push(...result.rows.flatMap(usualTransfer));
      verdicts.push(...result.verdicts);
    }
    for (const link of scale.burstLinks) {
      const once = (rival: Rival<SenderName>): Promise<BurstRow> => this.burst(link, rival);
      const result = await this.contest(link.title, SENDERS, scale.burstRounds, BURST_MEASURES, once);
      bursts.push(...result.rows.flatMap((rows) => middleRow(rows, ({ arrived, seconds }) => arrived / seconds)));
      verdicts.push(...result.verdicts);
    }
    const streams = await this.streams();
    for (const link of scale.receptionLinks) {
      const once = (rival: Rival<ReceiverName>): Promise<ReceptionRow> => this.reception(link, rival);
      const trial = `receiving, ${link.title}`;
      const result = await this.contest(trial, RECEIVERS, scale.receptionRounds, RECEPTION_MEASURES, once);
      receptions.push(...result.rows.flatMap((rows) => middleRow(rows, ({ delayMean }) => delayMean)));
      verdicts.push(...result.verdicts);
    }
    const { seed, isQuick, stop } = options;
    const rows = { transfers, bursts, streams, receptions, verdicts };
    return { seed, isQuick, isStopped: stop.aborted, node: process.version, ...rows };
  }

  /** Has rivals do the same in rounds. Yields the rows of each rival, and the verdicts. */
  private async contest<Name, Row extends { readonly rival: string }>(
    trial: string,
    rivals: readonly Rival<Name>[],
    rounds: Rounds,
    measures: readonly Measure<Row>[],
    once: (rival: Rival<Name>) => Promise<Row>,
  ): Promise<{ readonly rows: readonly (readonly Row[])[]; readonly verdicts: readonly Verdict[] }> {
    const { stop, progress } = this.options;
    const done = await inRounds({
      rivals,
      rounds,
      stop,
      measure: async (rival, round) => {
        progress(`${trial}, round ${round}: ${rival.title}`, this.done, this.trialCount);
        return await once(rival);
      },
      undecided: (measured) => undecidedOf(rivals, verdictsOf(trial, measured, measures)),
    });
    this.done++;
    const rows = rivals.map(({ title }) => done.flatMap((round) => round.filter(({ rival }) => rival === title)));
    return { rows, verdicts: verdictsOf(trial, done, measures) };
  }

  private get trialCount(): number {
    const { transfers, burstLinks, streams, receptionLinks } = this.scale;
    return transfers.length + burstLinks.length + streams.length + receptionLinks.length;
  }

  /** Everybody in turn, once over each link. */
  private async streams(): Promise<readonly StreamRow[]> {
    const { stop, progress } = this.options;
    const rows: StreamRow[] = [];
    for (const { link, millis } of this.scale.streams) {
      for (const rival of SENDERS) {
        if (stop.aborted) return rows;
        progress(`without a pause, ${link.title}: ${rival.title}`, this.done, this.trialCount);
        rows.push(await this.stream(link, millis, rival));
      }
      this.done++;
    }
    return rows;
  }

  private async stream(profile: LinkProfile, millis: number, rival: Rival<SenderName>): Promise<StreamRow> {
    const concurrency = Math.min(rival.concurrency, STREAM_AHEAD);
    const job = this.sendJob(rival, {
      count: undefined,
      payloadBytes: 1,
      concurrency,
      pauses: false,
      millisMax: millis,
    });
    const warmUp = { ...job, count: WARM_UP_COUNT, concurrency: 1 };
    return await this.withClient(warmUp, profile, async (client, link) => {
      const begunAt = now();
      link.startCuts(chance(this.options.seed)());
      client.tell({ kind: 'begin', job: { ...job, port: link.port } });
      await client.hear('opened');
      const { cpuMicros } = await client.hear('done');
      const arrived = (await this.arrivals(0)).filter(([, at]) => at - begunAt <= millis * 1000).length;
      client.tell({ kind: 'end' });
      await client.hear('closed');
      const hours = millis / HOUR_MILLIS;
      return {
        link: profile.title,
        rival: rival.title,
        seconds: millis / 1000,
        arrived,
        messagesPerHour: arrived / hours,
        cpuSecondsPerHour: cpuMicros / 1e6 / hours,
      };
    });
  }

  private async transfer(size: Scale['transfers'][number], rival: Rival<SenderName>): Promise<TransferRow> {
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

function curveOf(inTime: readonly number[]): BurstRow['curve'] {
  const step = Math.max(1, Math.floor(inTime.length / CURVE_POINTS));
  return inTime
    .map((seconds, index) => [seconds, index + 1] as const)
    .filter(([, arrived]) => arrived % step === 0 || arrived === inTime.length);
}

function now(): number {
  return Number(process.hrtime.bigint()) / 1e3;
}

async function pause(millis: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, millis);
  });
}
