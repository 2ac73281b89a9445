// Where attacks are tried: a whole broker behind real sockets of every kind, peers that send any bytes, and a bystander who must
// notice nothing. The bytes are made by conformance/wire, which shares no code with the broker.
//
// What is not here: how much an attack costs over time; that is what soak/ is for.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { WebSocket } from 'ws';

import { type Frame, FrameSplitter } from '../../conformance/wire/frame.ts';
import { type PacketName, packetName } from '../../conformance/wire/types.ts';
import { type ConnectFields, connect, type Level, PINGREQ, publish, subscribe } from '../../conformance/wire/write.ts';
import { type BrokerOptions, createBroker, type EmbeddedBroker } from '../../src/exports/broker.ts';
import { certificateFile, certificateText } from '../support/certificates.ts';

/** How bytes travel. */
export const TRANSPORTS = ['tcp', 'tls', 'ws', 'wss'] as const;

/** One of them. */
export type TransportName = (typeof TRANSPORTS)[number];

/** A version of MQTT, as CONNECT says it. */
export interface Version {
  readonly name: '3.1' | '3.1.1' | '5.0';
  readonly level: Level;
  readonly fields: ConnectFields;
}

/** The versions that are spoken. */
export const VERSIONS: readonly Version[] = [
  { name: '3.1', level: 4, fields: { protocolName: 'MQIsdp', protocolLevel: 3 } },
  { name: '3.1.1', level: 4, fields: {} },
  { name: '5.0', level: 5, fields: {} },
];

/** MQTT 5.0. */
export const V5: Version = { name: '5.0', level: 5, fields: {} };

/** MQTT 3.1.1. */
export const V311: Version = { name: '3.1.1', level: 4, fields: {} };

const HOST = '127.0.0.1';
const CA = certificateText('ca.pem');
const SERVER = { cert: certificateFile('server.pem'), key: certificateFile('server.key') };

/** The collector of garbage, which Node.js hides. */
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes that this process holds when nothing is left to collect: the broker's, and those of its peers in the test. */
export async function memoryHeld(): Promise<number> {
  // What buffers held is given back a little after they were collected.
  for (let n = 0; n < 3; n++) {
    collect();
    await new Promise(setImmediate);
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

let names = 0;

/** A client identifier that nobody else uses. */
export function freshId(): string {
  names++;
  return `peer-${names}`;
}

/** A peer: a connection and what came on it. */
export class Caller {
  /** What came, in order. */
  readonly frames: Frame[];
  private readonly write: (bytes: Uint8Array) => void;
  private readonly cutOff: () => void;
  private readonly splitter: FrameSplitter;
  private taken: number;
  private isGone: boolean;
  private wake: () => void;

  constructor(write: (bytes: Uint8Array) => void, cutOff: () => void) {
    this.write = write;
    this.cutOff = cutOff;
    this.frames = [];
    this.splitter = new FrameSplitter();
    this.taken = 0;
    this.isGone = false;
    this.wake = () => {};
  }

  /** Whether the connection is over. */
  get isOver(): boolean {
    return this.isGone;
  }

  /** Sends bytes as they are. */
  send(...parts: readonly Uint8Array[]): void {
    if (!this.isGone) this.write(Buffer.concat(parts));
  }

  /** Ends the connection without a word. */
  cut(): void {
    this.cutOff();
  }

  /** The next packet that came or comes; `undefined`: the connection ended. */
  async next(): Promise<Frame | undefined> {
    for (;;) {
      const frame = this.frames[this.taken];
      if (frame !== undefined) {
        this.taken++;
        return frame;
      }
      if (this.isGone) return undefined;
      await this.news();
    }
  }

  /** The next packet, which must be of this type. */
  async expect(name: PacketName): Promise<Frame> {
    const frame = await this.next();
    assert.equal(frame === undefined ? 'the end of the connection' : packetName(frame.type), name);
    assert.ok(frame !== undefined);
    return frame;
  }

  /** Waits for the end, and says what came before it: `connack 0x00`, `disconnect 0x82`, `publish a/b`. */
  async ending(): Promise<readonly string[]> {
    while (!this.isGone) await this.news();
    const rest = this.frames.slice(this.taken);
    this.taken = this.frames.length;
    return rest.map(sayFrame);
  }

  /** Forgets what was taken: for who takes more than should be kept. */
  forget(): void {
    this.frames.splice(0, this.taken);
    this.taken = 0;
  }

  /** Everything that comes until the answer to a PINGREQ, which is sent now. */
  async untilPong(): Promise<readonly string[]> {
    this.send(PINGREQ);
    const said: string[] = [];
    for (;;) {
      const frame = await this.next();
      assert.ok(frame !== undefined, `the connection ended after: ${said.join(', ')}`);
      if (packetName(frame.type) === 'pingresp') return said;
      said.push(sayFrame(frame));
    }
  }

  /** For the transport: bytes came. */
  receive(chunk: Uint8Array): void {
    this.frames.push(...this.splitter.push(chunk));
    this.wake();
  }

  /** For the transport: the connection is over. */
  close(): void {
    this.isGone = true;
    this.wake();
  }

  private news(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}

/** A packet in a few words: its name, and the code or topic that matters in it. */
export function sayFrame({ type, flags, body }: Frame): string {
  const name = packetName(type) ?? `type ${type}`;
  const code = (value: number | undefined): string => `0x${(value ?? 0).toString(16).padStart(2, '0')}`;
  switch (name) {
    case 'publish':
      return `publish ${topicOf(body)}`;
    case 'connack':
      return `connack ${code(body[1])}`;
    case 'disconnect':
      return `disconnect ${code(body[0])}`;
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return `${name} ${code(body[2])}`;
    case 'suback':
    case 'unsuback':
      return `${name} ${code(body.at(-1))}`;
    default:
      return flags === 0 ? name : `${name} with flags ${flags}`;
  }
}

function topicOf(body: Uint8Array): string {
  const length = ((body[0] ?? 0) << 8) | (body[1] ?? 0);
  return Buffer.from(body.subarray(2, 2 + length)).toString();
}

/** A broker with a listener for each transport, and somebody who uses it. */
export class Stage {
  readonly broker: EmbeddedBroker;
  readonly ports: ReadonlyMap<TransportName, number>;
  /** Every sentence of the log, from `debug` on, with its level before it. */
  readonly log: readonly string[];
  private readonly callers: Caller[];
  private bystander: Caller | undefined;
  private rounds: number;

  private constructor(broker: EmbeddedBroker, ports: ReadonlyMap<TransportName, number>, log: readonly string[]) {
    this.broker = broker;
    this.ports = ports;
    this.log = log;
    this.callers = [];
    this.bystander = undefined;
    this.rounds = 0;
  }

  /** Opens it for one test. */
  static async open(context: TestContext, options: BrokerOptions = {}): Promise<Stage> {
    const log: string[] = [];
    const note =
      (level: string) =>
      (sentence: string): void =>
        void log.push(`${level}: ${sentence}`);
    const broker = createBroker({
      log: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
      ...options,
    });
    const listeners = {
      tcp: await broker.listen({ port: 0 }),
      tls: await broker.listen({ port: 0, tls: SERVER }),
      ws: await broker.listen({ port: 0, webSocket: true }),
      wss: await broker.listen({ port: 0, webSocket: true, tls: SERVER }),
    };
    const ports = new Map(TRANSPORTS.map((name) => [name, listeners[name].port]));
    const stage = new Stage(broker, ports, log);
    context.after(async () => {
      for (const caller of stage.callers) caller.cut();
      await broker.close();
    });
    return stage;
  }

  /** The port of a transport. */
  port(transport: TransportName): number {
    return this.ports.get(transport) ?? 0;
  }

  /** A connection that has said nothing of MQTT yet. */
  async dial(transport: TransportName = 'tcp'): Promise<Caller> {
    const port = this.port(transport);
    const caller =
      transport === 'ws' || transport === 'wss'
        ? await dialWebSocket(transport, port)
        : await dialSocket(transport, port);
    this.callers.push(caller);
    return caller;
  }

  /** A client past its CONNACK, which must be a yes. */
  async connect(version: Version = V5, fields: ConnectFields = {}, transport: TransportName = 'tcp'): Promise<Caller> {
    const caller = await this.dial(transport);
    caller.send(connect(version.level, { clientId: freshId(), ...version.fields, ...fields }));
    assert.equal(sayFrame(await caller.expect('connack')), 'connack 0x00');
    return caller;
  }

  /** Begins to watch: somebody is subscribed to everything from here on. */
  async watch(): Promise<void> {
    this.bystander = await this.connect(V5, { clientId: 'bystander' });
    this.bystander.send(subscribe(5, 1, [['#', 2]]));
    await this.bystander.expect('suback');
  }

  /** Claims that the bystander is served as before, and heard of nothing but these topics since it was asked last. */
  async expectUnharmed(...topics: readonly string[]): Promise<void> {
    const { bystander } = this;
    assert.ok(bystander !== undefined, 'nobody watches');
    const mine = `bystander/${++this.rounds}`;
    bystander.send(publish(5, { topic: mine }));
    const heard = await bystander.untilPong();
    assert.deepEqual(
      heard,
      [...topics, mine].map((topic) => `publish ${topic}`),
    );
  }
}

async function dialSocket(transport: 'tcp' | 'tls', port: number): Promise<Caller> {
  const socket: Socket =
    transport === 'tcp'
      ? connectTcp({ port, host: HOST, noDelay: true })
      : connectTls({ port, host: HOST, ca: CA, servername: 'localhost' });
  const caller = callerOn(socket);
  await once(socket, transport === 'tcp' ? 'connect' : 'secureConnect');
  return caller;
}

/** A peer on a socket of the test's own making. */
export function callerOn(socket: Socket): Caller {
  const caller = new Caller(
    (bytes) => void socket.write(bytes),
    () => void socket.destroy(),
  );
  socket.on('data', (chunk: Buffer) => caller.receive(chunk));
  // A reset is an end like another.
  socket.on('error', () => {});
  socket.on('end', () => caller.close());
  socket.on('close', () => caller.close());
  return caller;
}

async function dialWebSocket(transport: 'ws' | 'wss', port: number): Promise<Caller> {
  const webSocket = new WebSocket(`${transport}://localhost:${port}/mqtt`, 'mqtt', {
    ca: CA,
    perMessageDeflate: false,
    family: 4,
  });
  const caller = new Caller(
    (bytes) => webSocket.send(bytes),
    () => webSocket.terminate(),
  );
  webSocket.on('message', (message: Buffer) => caller.receive(message));
  webSocket.on('error', () => {});
  webSocket.on('close', () => caller.close());
  await once(webSocket, 'open');
  return caller;
}

/** Hexadecimal digits as bytes; spaces are for people. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits.replaceAll(' ', ''), 'hex'));
}
