// The broker without a network: chunks of PUBLISH go in at one end, bytes come out in an output buffer. What is
// measured is the code between the sockets: nanoseconds of CPU per delivered message.
// Run: node bench/broker.bench.ts [messages]

import { randomBytes } from 'node:crypto';
import { ALLOW_ALL, ANONYMOUS } from '../src/auth/allow-all.ts';
import { ByteWriter } from '../src/base/byte-writer.ts';
import { SILENT_LOG } from '../src/base/log.ts';
import { Broker } from '../src/broker/broker.ts';
import { DEFAULT_LIMITS } from '../src/broker/limits.ts';
import { encodePacket } from '../src/packet/encode.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS, type Packet, type QoS } from '../src/packet/packet.ts';
import { packetId } from '../src/packet/packet-id.ts';
import {
  NO_CONNECT_PROPERTIES,
  NO_MESSAGE_PROPERTIES,
  NO_REASON_PROPERTIES,
  NO_SUBSCRIBE_PROPERTIES,
} from '../src/packet/properties.ts';
import { NODE_CLOCK } from '../src/server/node-parts.ts';
import { MemoryStore } from '../src/store/memory/memory-store.ts';
import type { NetworkConnection, NetworkHandler } from '../src/transport/contract.ts';

/** A connection whose output goes nowhere; `outputBytes` counts it. */
class Sink implements NetworkConnection {
  readonly remote = 'bench';
  readonly output: ByteWriter = new ByteWriter(new Uint8Array(65_536));
  outputBytes = 0;
  writer(): ByteWriter {
    return this.output;
  }
  wrote(): void {
    if (this.output.position < 60_000) return;
    this.outputBytes += this.output.position;
    this.output.position = 0;
  }
  waitingBytes(): number {
    return this.output.position;
  }
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

const broker = new Broker({
  store: new MemoryStore(),
  authenticator: ANONYMOUS,
  authorizer: ALLOW_ALL,
  clock: NODE_CLOCK,
  random: { next: Math.random, bytes: (count) => randomBytes(count) },
  log: SILENT_LOG,
  limits: { ...DEFAULT_LIMITS, inFlightMax: 65_535 },
  events: {},
});
await broker.open();

const messages = Number(process.argv[2] ?? 2_000_000);
const SLICES = 15;
const PAIRS = 100;
const PER_CHUNK = 25;
/** The identifiers that the broker gives out for 25 messages in flight: its tables then have 32. */
const ID_COUNT = 32;

for (const qos of [0, 1, 2] as const) measurePairs(qos);
measureFanOut(1000);

function measurePairs(qos: QoS): void {
  const pairs: {
    publisher: NetworkHandler;
    subscriber: NetworkHandler;
    chunk: Uint8Array;
    acks: Uint8Array;
    rels: Uint8Array;
    comps: Uint8Array;
  }[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const topic = `bench/pair/${qos}/${pair}`;
    const subscriber = connect(`sub-${qos}-${pair}`);
    feed(subscriber, [subscribe(topic, qos)]);
    const publisher = connect(`pub-${qos}-${pair}`);
    const ids = Array.from({ length: PER_CHUNK }, (_, index) => packetId(index + 1));
    const givenIds = Array.from({ length: ID_COUNT }, (_, index) => packetId(index + 1));
    pairs.push({
      publisher,
      subscriber,
      chunk: encode(ids.map((id) => publish(topic, qos, id))),
      // Every identifier that the broker may have given out; those not in flight are ignored.
      acks: encode(
        givenIds.map((id) => ({
          kind: qos === 1 ? 'puback' : 'pubrec',
          id,
          reasonCode: 0,
          properties: NO_REASON_PROPERTIES,
        })),
      ),
      rels: encode(ids.map((id) => ({ kind: 'pubrel', id, reasonCode: 0, properties: NO_REASON_PROPERTIES }))),
      comps: encode(givenIds.map((id) => ({ kind: 'pubcomp', id, reasonCode: 0, properties: NO_REASON_PROPERTIES }))),
    });
  }
  const rounds = Math.ceil(messages / (PAIRS * PER_CHUNK) / SLICES);
  measure(`${PAIRS} pairs, QoS ${qos}`, rounds * PAIRS * PER_CHUNK, () => {
    for (let round = 0; round < rounds; round++) {
      for (const { publisher, subscriber, chunk, acks, rels, comps } of pairs) {
        publisher.receive(chunk, 0, chunk.length);
        if (qos > 0) subscriber.receive(acks, 0, acks.length);
        if (qos === 2) {
          publisher.receive(rels, 0, rels.length);
          subscriber.receive(comps, 0, comps.length);
        }
      }
    }
  });
}

function measureFanOut(subscribers: number): void {
  for (let index = 0; index < subscribers; index++) feed(connect(`fan-${index}`), [subscribe('bench/fan', 0)]);
  const publisher = connect('fan-publisher');
  const chunk = encode(Array.from({ length: PER_CHUNK }, () => publish('bench/fan', 0, packetId(1))));
  const rounds = Math.ceil(messages / (subscribers * PER_CHUNK) / SLICES);
  measure(`fan-out 1 to ${subscribers}`, rounds * PER_CHUNK * subscribers, () => {
    for (let round = 0; round < rounds; round++) publisher.receive(chunk, 0, chunk.length);
  });
}

function connect(clientId: string): NetworkHandler {
  const handler = broker.accept(new Sink());
  feed(handler, [
    {
      kind: 'connect',
      version: 4,
      bridge: false,
      clientId,
      clean: true,
      keepAlive: 0,
      userName: undefined,
      password: undefined,
      will: undefined,
      properties: NO_CONNECT_PROPERTIES,
    },
  ]);
  return handler;
}

function subscribe(filter: string, qos: QoS): Packet {
  const options = { qos, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  return {
    kind: 'subscribe',
    id: packetId(1),
    subscriptions: [{ filter, options }],
    properties: NO_SUBSCRIBE_PROPERTIES,
  };
}

function publish(topic: string, qos: QoS, id: ReturnType<typeof packetId>): Packet {
  return {
    kind: 'publish',
    dup: false,
    qos,
    retain: false,
    topic,
    id: qos === 0 ? undefined : id,
    payload: new Uint8Array(16),
    topicAlias: 0,
    subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
    properties: NO_MESSAGE_PROPERTIES,
  };
}

function feed(handler: NetworkHandler, packets: readonly Packet[]): void {
  const bytes = encode(packets);
  handler.receive(bytes, 0, bytes.length);
}

function encode(packets: readonly Packet[]): Uint8Array {
  const writer = new ByteWriter();
  for (const packet of packets) encodePacket(writer, packet, 4);
  return writer.bytes.slice(0, writer.position);
}

/** Runs the work in slices, the first two to warm up, and prints the best and the median one: a noisy neighbour only ever adds. */
function measure(name: string, count: number, work: () => void): void {
  const slices: number[] = [];
  for (let slice = -2; slice < SLICES; slice++) {
    const started = process.cpuUsage().user;
    work();
    if (slice >= 0) slices.push(((process.cpuUsage().user - started) * 1000) / count);
  }
  slices.sort((a, b) => a - b);
  const [best = 0, median = 0] = [slices[0], slices[SLICES >> 1]];
  process.stdout.write(
    `${name.padEnd(24)} best ${best.toFixed(0).padStart(5)}, median ${median.toFixed(0).padStart(5)} ns per message\n`,
  );
}
