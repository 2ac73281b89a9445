// `npm run bench:security`: what each way to secure MQTT costs the broker, beside plain TCP: bytes on the wire and CPU for a
// connection and for a message. All listeners are of one broker process, and the clients are the same, so that the difference is
// what lies between TCP and MQTT. Bytes are those of the TCP streams, both ways, without the headers of TCP and IP.

import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { certificate, certificateFile, certificateText } from '../test/support/certificates.ts';
import { type Address, dial, type Pipe, type TlsTrust } from '../test/support/dial.ts';
import { freePort, startVouch } from './brokers.ts';
import { processSeconds } from './thread-cpu.ts';
import { connectBytes, publishAll, publishBytes, subscribeBytes } from './wire.ts';

const HELP = `Usage: npm run bench:security -- [options]

What TLS, client certificates and WebSocket cost the broker, per connection and per message. Needs Linux.

  --connections N   Per kind and round. Default: 1000.
  --messages N      Per kind and round, QoS 1, 64 bytes each. Default: 100000.
  --rounds N        Each kind is measured once a round; the median is told. Default: 3.
`;

const HOST = '127.0.0.1';
const WEB_PATH = '/mqtt';
const PAYLOAD = Buffer.alloc(64, 'x');
/** So many messages are unacknowledged at a time: alone, and as under load. */
const WINDOWS = [1, 100] as const;
/** With a window of one, each message takes a round trip. */
const ALONE_SHARE = 0.1;
/** Connections that are being opened at a time. */
const AT_A_TIME = 20;
const TRUST: TlsTrust = { ca: certificateText('ca.pem'), isVerified: true };
const CONNECT = connectBytes('c', true);
const DISCONNECT = Buffer.from([0xe0, 0]);

/** A way to secure MQTT. */
interface Kind {
  readonly name: string;
  readonly address: Address;
  /** Whether a connection goes on with the TLS session of the one before. */
  readonly isResumed: boolean;
}

/** What one kind cost in one round. */
interface Cost {
  readonly connectMicros: number;
  readonly connectBytes: number;
  /** By window. */
  readonly messageMicros: readonly number[];
  readonly messageBytes: readonly number[];
}

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '1000' },
    messages: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else await measure(Number(values.connections), Number(values.messages), Number(values.rounds));

async function measure(connections: number, messages: number, rounds: number): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-security-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const ports = {
    plain: await freePort(),
    tls: await freePort(),
    mutual: await freePort(),
    ws: await freePort(),
    wss: await freePort(),
  };
  const { child, kinds } = await start(ports);
  const costs = new Map<Kind, Cost[]>(kinds.map((kind) => [kind, []]));
  // Until the broker's code is compiled.
  for (const kind of kinds) await costOf(kind, child.pid ?? 0, connections / 10, messages / 10);
  for (let round = 1; round <= rounds; round++) {
    for (const [kind, known] of costs) {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[Kround ${round} of ${rounds}: ${kind.name}`);
      known.push(await costOf(kind, child.pid ?? 0, connections, messages));
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  child.kill('SIGKILL');
  console.log(
    '| | a connection: CPU, us | bytes | a message alone: CPU, us | bytes | with 100 in flight: CPU, us | bytes |',
  );
  console.log('|---|--:|--:|--:|--:|--:|--:|');
  for (const [{ name }, known] of costs) console.log(rowOf(name, known));
}

function rowOf(name: string, costs: readonly Cost[]): string {
  const numbers = [
    medianText(
      costs.map(({ connectMicros }) => connectMicros),
      0,
    ),
    medianText(
      costs.map(({ connectBytes: bytes }) => bytes),
      0,
    ),
    ...WINDOWS.flatMap((_, index) => [
      medianText(
        costs.flatMap(({ messageMicros }) => messageMicros[index] ?? []),
        1,
      ),
      medianText(
        costs.flatMap(({ messageBytes }) => messageBytes[index] ?? []),
        0,
      ),
    ]),
  ];
  return `| ${[name, ...numbers].join(' | ')} |`;
}

function medianText(numbers: readonly number[], digits: number): string {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]?.toFixed(digits) ?? '';
}

/** A kind that resumes differs in its connections alone. */
async function costOf(kind: Kind, pid: number, connections: number, messages: number): Promise<Cost> {
  const connecting = await connectMany(kind, pid, connections);
  if (kind.isResumed) return { ...connecting, messageMicros: [], messageBytes: [] };
  const passing = [];
  for (const window of WINDOWS) {
    const count = window === 1 ? Math.ceil(messages * ALONE_SHARE) : messages;
    passing.push(await passMany(kind, pid, count, window));
  }
  return {
    ...connecting,
    messageMicros: passing.map(({ micros }) => micros),
    messageBytes: passing.map(({ bytes }) => bytes),
  };
}

async function connectMany(
  kind: Kind,
  pid: number,
  count: number,
): Promise<Pick<Cost, 'connectMicros' | 'connectBytes'>> {
  let session = kind.isResumed ? await newSession(kind.address) : undefined;
  let bytes = 0;
  let next = 0;
  const before = processSeconds(pid);
  const lane = async (): Promise<void> => {
    while (next++ < count) {
      const pipe = await open(kind, CONNECT, session, (newer) => {
        if (kind.isResumed) session = newer;
      });
      const { sent, received } = pipe.traffic();
      bytes += sent + received;
      pipe.stream.end(DISCONNECT);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  await wait(100); // Until the broker has seen that all are gone.
  return { connectMicros: ((processSeconds(pid) - before) * 1e6) / count, connectBytes: bytes / count };
}

/** One client publishes, another one receives; both acknowledge. */
async function passMany(
  kind: Kind,
  pid: number,
  count: number,
  window: number,
): Promise<{ readonly micros: number; readonly bytes: number }> {
  const subscriber = await open(kind, connectBytes('subscriber', true));
  await answered(subscriber, subscribeBytes('t', 1));
  const publisher = await open(kind, connectBytes('publisher', true));
  const trafficBefore = trafficOf(publisher, subscriber);
  const before = processSeconds(pid);
  const received = acknowledgeAll(subscriber, count);
  await publishAll(publisher.stream, count, window, (n) => publishBytes('t', (n % 65_000) + 1, false, PAYLOAD));
  await received;
  const micros = ((processSeconds(pid) - before) * 1e6) / count;
  const bytes = (trafficOf(publisher, subscriber) - trafficBefore) / count;
  for (const { stream } of [publisher, subscriber]) stream.end(DISCONNECT);
  return { micros, bytes };
}

function trafficOf(...pipes: readonly Pipe[]): number {
  return pipes.reduce((sum, pipe) => sum + pipe.traffic().sent + pipe.traffic().received, 0);
}

/** Answers each PUBLISH with PUBACK, a chunk's at once. Fulfilled with the last. */
function acknowledgeAll({ stream }: Pipe, count: number): Promise<void> {
  const length = publishBytes('t', 1, false, PAYLOAD).length;
  return new Promise((resolve) => {
    let left = Buffer.alloc(0);
    let received = 0;
    stream.on('data', (chunk: Buffer) => {
      const bytes = left.length === 0 ? chunk : Buffer.concat([left, chunk]);
      const whole = Math.floor(bytes.length / length);
      const answers = Buffer.alloc(whole * 4);
      for (let i = 0; i < whole; i++) {
        // Fixed header of 2 bytes and a topic name of 3, then the identifier.
        const idAt = i * length + 5;
        answers.set([0x40, 2, bytes[idAt] ?? 0, bytes[idAt + 1] ?? 0], i * 4);
      }
      left = Buffer.from(bytes.subarray(whole * length));
      received += whole;
      if (whole > 0) stream.write(answers);
      if (received === count) resolve();
    });
  });
}

/** A session that the next connection can go on with. */
async function newSession(address: Address): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const pipe = await dial(address, resolve);
  const session = await promise;
  pipe.stream.destroy();
  return session;
}

/** A connection that the broker has accepted. */
async function open(
  { address }: Kind,
  connect: Buffer,
  session?: Buffer,
  onSession?: (session: Buffer) => void,
): Promise<Pipe> {
  const tls = address.tls === undefined ? undefined : { ...address.tls, session };
  const pipe = await dial({ ...address, tls }, onSession);
  pipe.stream.on('error', () => undefined);
  const connack = await answered(pipe, connect);
  if (connack[0] !== 0x20 || connack[3] !== 0) throw new Error('A client was not accepted.');
  return pipe;
}

function answered({ stream }: Pipe, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    stream.once('data', resolve);
    stream.once('close', () => reject(new Error('The broker closed a connection.')));
    stream.write(bytes);
  });
}

/** The broker, with a listener for each kind. */
async function start(
  ports: Readonly<Record<'plain' | 'tls' | 'mutual' | 'ws' | 'wss', number>>,
): Promise<{ readonly child: ChildProcess; readonly kinds: readonly Kind[] }> {
  const files = new URLSearchParams({ cert: certificateFile('server.pem'), key: certificateFile('server.key') });
  const mutual = new URLSearchParams([...files, ['ca', certificateFile('ca.pem')], ['clientCertificate', 'required']]);
  const listeners = [
    `mqtt://${HOST}:${ports.plain}`,
    `mqtts://${HOST}:${ports.tls}?${files.toString()}`,
    `mqtts://${HOST}:${ports.mutual}?${mutual.toString()}`,
    `ws://${HOST}:${ports.ws}${WEB_PATH}`,
    `wss://${HOST}:${ports.wss}${WEB_PATH}?${files.toString()}`,
  ];
  const known: TlsTrust = { ...TRUST, credentials: certificate('client') };
  const kind = (name: string, address: Omit<Address, 'host'>, isResumed = false): Kind => ({
    name,
    address: { host: HOST, ...address },
    isResumed,
  });
  const child = await startVouch(['--store', 'memory', '--listeners', listeners.join(',')]);
  return {
    child,
    kinds: [
      kind('TCP', { port: ports.plain }),
      kind('TLS 1.3', { port: ports.tls, tls: TRUST }),
      kind('TLS 1.3, resumed', { port: ports.tls, tls: TRUST }, true),
      kind('TLS 1.3, client certificate', { port: ports.mutual, tls: known }),
      kind('the same, resumed', { port: ports.mutual, tls: known }, true),
      kind('WebSocket', { port: ports.ws, webSocketPath: WEB_PATH }),
      kind('WebSocket over TLS 1.3', { port: ports.wss, tls: TRUST, webSocketPath: WEB_PATH }),
    ],
  };
}
