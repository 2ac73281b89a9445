// Queues without a network: what a message costs that waits for absent clients, per client, with a store that does nothing, and
// what a queued message costs on its way back from a store in memory to its client. Nanoseconds of CPU.
// Run: node bench/queue.bench.ts [messages]

import { randomBytes } from 'node:crypto';
import { ALLOW_ALL, ANONYMOUS } from '../src/auth/allow-all.ts';
import { ByteWriter } from '../src/base/byte-writer.ts';
import { SILENT_LOG } from '../src/base/log.ts';
import { Broker } from '../src/broker/broker.ts';
import { DEFAULT_LIMITS } from '../src/broker/limits.ts';
import { encodePacket } from '../src/packet/encode.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS, type Packet } from '../src/packet/packet.ts';
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

/** A connection whose output goes nowhere. */
class Sink implements NetworkConnection {
  readonly remote = 'bench';
  readonly output: ByteWriter = new ByteWriter(new Uint8Array(65_536));
  writer(): ByteWriter {
    return this.output;
  }
  wrote(): void {
    if (this.output.position > 60_000) this.output.position = 0;
  }
  waitingBytes(): number {
    return this.output.position;
  }
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

const SESSIONS = 1_000;
const WINDOW = 1_000;
const PER_CHUNK = 25;
const SLICES = 9;
const messages = Number(process.argv[2] ?? 500_000);

await measureAbsent();
await measureDrain();

/** One publisher, a thousand absent sessions with one subscription each. */
async function measureAbsent(): Promise<void> {
  const store = new MemoryStore();
  const broker = await open(store);
  for (let index = 0; index < SESSIONS; index++) {
    const client = connect(broker, `away-${index}`, false);
    feed(client, [subscribe('bench/away')]);
    client.closed(undefined);
  }
  // The store's own work is not to be measured here.
  store.append = () => store.durable;
  const publisher = connect(broker, 'publisher', true);
  const chunk = encode(Array.from({ length: PER_CHUNK }, (_, index) => publish('bench/away', index + 1)));
  const rounds = Math.ceil(messages / SESSIONS / PER_CHUNK / SLICES) * 10;
  const slices: number[] = [];
  for (let slice = -2; slice < SLICES; slice++) {
    const started = process.cpuUsage().user;
    for (let round = 0; round < rounds; round++) publisher.receive(chunk, 0, chunk.length);
    const spent = (process.cpuUsage().user - started) * 1000;
    if (slice >= 0) slices.push(spent / (rounds * PER_CHUNK * SESSIONS));
  }
  print(`waiting for ${SESSIONS} absent`, slices, 'a recipient');
}

/** One session that comes back to many messages, and acknowledges in whole windows. */
async function measureDrain(): Promise<void> {
  const slices: number[] = [];
  for (let slice = -1; slice < SLICES; slice++) {
    const broker = await open(new MemoryStore());
    const gone = connect(broker, 'away', false);
    feed(gone, [subscribe('bench/away')]);
    gone.closed(undefined);
    const publisher = connect(broker, 'publisher', true);
    const chunk = encode(Array.from({ length: PER_CHUNK }, (_, index) => publish('bench/away', index + 1)));
    const count = Math.ceil(messages / SLICES / PER_CHUNK) * PER_CHUNK;
    for (let sent = 0; sent < count; sent += PER_CHUNK) publisher.receive(chunk, 0, chunk.length);
    const acks = encode(
      Array.from({ length: 1_024 }, (_, index) => ({
        kind: 'puback',
        id: packetId(index + 1),
        reasonCode: 0,
        properties: NO_REASON_PROPERTIES,
      })),
    );
    const started = process.cpuUsage().user;
    const client = connect(broker, 'away', false);
    while (broker.queues.messages > 0) {
      await new Promise(setImmediate);
      client.receive(acks, 0, acks.length);
    }
    if (slice >= 0) slices.push(((process.cpuUsage().user - started) * 1000) / count);
  }
  print('drain, window 1000', slices, 'a message');
}

async function open(store: MemoryStore): Promise<Broker> {
  const broker = new Broker({
    store,
    authenticator: ANONYMOUS,
    authorizer: ALLOW_ALL,
    clock: NODE_CLOCK,
    random: { next: Math.random, bytes: (count) => randomBytes(count) },
    log: SILENT_LOG,
    limits: { ...DEFAULT_LIMITS, inFlightMax: WINDOW },
    events: {},
  });
  await broker.open();
  return broker;
}

function connect(broker: Broker, clientId: string, clean: boolean): NetworkHandler {
  const handler = broker.accept(new Sink());
  feed(handler, [
    {
      kind: 'connect',
      version: 4,
      bridge: false,
      clientId,
      clean,
      keepAlive: 0,
      userName: undefined,
      password: undefined,
      will: undefined,
      properties: NO_CONNECT_PROPERTIES,
    },
  ]);
  return handler;
}

function subscribe(filter: string): Packet {
  const options = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  return {
    kind: 'subscribe',
    id: packetId(1),
    subscriptions: [{ filter, options }],
    properties: NO_SUBSCRIBE_PROPERTIES,
  };
}

function publish(topic: string, id: number): Packet {
  return {
    kind: 'publish',
    dup: false,
    qos: 1,
    retain: false,
    topic,
    id: packetId(id),
    payload: new Uint8Array(256),
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

function print(name: string, slices: number[], of: string): void {
  slices.sort((a, b) => a - b);
  const [best = 0, median = 0] = [slices[0], slices[SLICES >> 1]];
  process.stdout.write(
    `${name.padEnd(24)} best ${best.toFixed(0).padStart(5)}, median ${median.toFixed(0).padStart(5)} ns ${of}\n`,
  );
}
