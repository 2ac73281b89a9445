// The client without a network: what one message costs between `publish` and the output buffer, and between a chunk and `onMessage`,
// acknowledgements included.
//
//     node bench/client.bench.ts
//
// Each line is the best of many rounds of a window, in nanoseconds per message: on a shared machine the best is what the code needs,
// and the rest is what the neighbours took. Somebody waits for the promise of each message that is published.

import { ByteWriter } from '../src/base/byte-writer.ts';
import { SILENT_LOG } from '../src/base/log.ts';
import type { Client } from '../src/client/client.ts';
import { connect } from '../src/client/connect.ts';
import { PacketDecoder } from '../src/packet/decoder.ts';
import { encodePacket, PACKET_SIZE_MAX } from '../src/packet/encode.ts';
import type { Packet, QoS } from '../src/packet/packet.ts';
import { packetId } from '../src/packet/packet-id.ts';
import { NO_CONNACK_PROPERTIES, NO_MESSAGE_PROPERTIES, NO_REASON_PROPERTIES } from '../src/packet/properties.ts';
import type { ProtocolVersion } from '../src/packet/protocol-version.ts';
import { Reason } from '../src/packet/reason-codes.ts';
import { createTopicTable } from '../src/packet/topic-name.ts';
import { nodeClientParts } from '../src/server/client-parts.ts';
import type { NetworkConnection, NetworkHandler } from '../src/transport/contract.ts';

const TOPIC = 'bench/devices/17/temperature';
const WINDOW = 1_000;
const ROUNDS = 400;
const PARTS = nodeClientParts(SILENT_LOG);

/** The broker: takes the client's bytes, and answers when it is told to. */
class Answerer implements NetworkConnection {
  readonly remote = 'bench';
  private readonly version: ProtocolVersion;
  private readonly output: ByteWriter;
  private handler: NetworkHandler | undefined;

  constructor(version: ProtocolVersion) {
    this.version = version;
    this.output = new ByteWriter(new Uint8Array(65_536));
    this.handler = undefined;
  }

  /** Accepts the client. */
  async open(): Promise<Client> {
    const { version } = this;
    const connecting = connect(
      { version, clientId: 'bench', inFlightMax: WINDOW, reconnect: false },
      {
        ...PARTS,
        dial: async (_target, handler) => {
          this.handler = handler;
          return this;
        },
      },
    );
    await turn();
    const properties = version === 5 ? { ...NO_CONNACK_PROPERTIES, topicAliasMaximum: 32 } : NO_CONNACK_PROPERTIES;
    this.feed(this.bytesOf([{ kind: 'connack', sessionPresent: false, reasonCode: Reason.success, properties }]));
    return await connecting;
  }

  /** What the client has sent; it is forgotten here. */
  taken(): readonly Packet[] {
    const decoder = new PacketDecoder({
      receives: 'from-client',
      maximumPacketSize: PACKET_SIZE_MAX,
      version: this.version,
      topics: createTopicTable(),
    });
    const packets: Packet[] = [];
    decoder.push(this.output.bytes.slice(0, this.output.position), 0, this.output.position);
    for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) packets.push(packet);
    this.output.position = 0;
    return packets;
  }

  feed(bytes: Uint8Array): void {
    this.handler?.receive(bytes, 0, bytes.length);
  }

  bytesOf(packets: readonly Packet[]): Uint8Array {
    const writer = new ByteWriter();
    for (const packet of packets) encodePacket(writer, packet, this.version);
    return writer.bytes.slice(0, writer.position);
  }

  writer(): ByteWriter {
    return this.output;
  }

  waitingBytes(): number {
    return 0;
  }

  wrote(): void {}
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

/** Runs from its making on. */
class Stopwatch {
  nanos = 0;
  private startedAt: bigint = process.hrtime.bigint();

  pause(): void {
    this.nanos += Number(process.hrtime.bigint() - this.startedAt);
  }

  goOn(): void {
    this.startedAt = process.hrtime.bigint();
  }
}

for (const version of [4, 5] as const) {
  for (const qos of [0, 1, 2] as const) await publishing(version, qos);
}
for (const version of [4, 5] as const) {
  for (const qos of [0, 1, 2] as const) await receiving(version, qos, 64);
}
await receiving(5, 1, 1_024);
process.exit();

async function publishing(version: ProtocolVersion, qos: QoS): Promise<void> {
  const broker = new Answerer(version);
  const client = await broker.open();
  broker.taken();
  const payload = new Uint8Array(64).fill(0x61);
  const options = { qos };
  let settled = 0;
  const count = (): void => void settled++;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 1; round <= ROUNDS; round++) {
    const stopwatch = new Stopwatch();
    for (let i = 0; i < WINDOW; i++) void client.publish(TOPIC, payload, options).then(count, count);
    await Promise.resolve();
    stopwatch.pause();
    for (const answers of answersTo(broker.taken(), qos)) {
      const bytes = broker.bytesOf(answers);
      stopwatch.goOn();
      broker.feed(bytes);
      await Promise.resolve();
      stopwatch.pause();
    }
    broker.taken();
    best = Math.min(best, stopwatch.nanos);
    await turn();
    if (settled !== round * WINDOW) throw new Error(`${settled} messages are settled after ${round} rounds`);
  }
  report(`publish, QoS ${qos}, version ${version}, 64 B`, best);
}

/** What a broker answers in turn to all messages of a window. */
function answersTo(packets: readonly Packet[], qos: QoS): readonly (readonly Packet[])[] {
  const ids = packets.flatMap((packet) => (packet.kind === 'publish' ? [packet.id ?? 0] : []));
  const all = (kind: 'puback' | 'pubrec' | 'pubcomp'): readonly Packet[] => ids.map((id) => acknowledgement(kind, id));
  if (qos === 0) return [];
  return qos === 1 ? [all('puback')] : [all('pubrec'), all('pubcomp')];
}

async function receiving(version: ProtocolVersion, qos: QoS, payloadBytes: number): Promise<void> {
  const broker = new Answerer(version);
  const client = await broker.open();
  broker.taken();
  let received = 0;
  const subscribing = client.subscribe(TOPIC, { qos, onMessage: () => void received++ });
  const identifier = acceptSubscribe(broker, qos);
  await subscribing;
  // As Vouch sends: the topic once, then its alias.
  const publish = (at: number, topicAlias: number): Packet => ({
    kind: 'publish',
    dup: false,
    qos,
    retain: false,
    topic: topicAlias > 0 && at > 0 ? '' : TOPIC,
    id: qos === 0 ? undefined : packetId(at + 1),
    topicAlias,
    subscriptionIdentifiers: version === 5 ? [identifier] : [],
    properties: NO_MESSAGE_PROPERTIES,
    payload: new Uint8Array(payloadBytes).fill(0x61),
  });
  const window = Array.from({ length: WINDOW }, (_, at) => publish(at, version === 5 ? 1 : 0));
  const chunk = broker.bytesOf(window);
  const releases = broker.bytesOf(window.map((_, at) => acknowledgement('pubrel', at + 1)));
  let best = Number.POSITIVE_INFINITY;
  for (let round = 1; round <= ROUNDS; round++) {
    const stopwatch = new Stopwatch();
    broker.feed(chunk);
    if (qos === 2) broker.feed(releases);
    stopwatch.pause();
    best = Math.min(best, stopwatch.nanos);
    broker.taken();
    await turn();
    if (received !== round * WINDOW) throw new Error(`${received} messages have come after ${round} rounds`);
  }
  report(`receive, QoS ${qos}, version ${version}, ${payloadBytes} B`, best);
}

/** Answers the SUBSCRIBE, and tells its identifier. */
function acceptSubscribe(broker: Answerer, qos: QoS): number {
  for (const packet of broker.taken()) {
    if (packet.kind !== 'subscribe') continue;
    const { id } = packet;
    broker.feed(broker.bytesOf([{ kind: 'suback', id, reasonCodes: [qos], properties: NO_REASON_PROPERTIES }]));
    return packet.properties.subscriptionIdentifier ?? 0;
  }
  throw new Error('no SUBSCRIBE has come');
}

function acknowledgement(kind: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', id: number): Packet {
  return { kind, id: packetId(id), reasonCode: Reason.success, properties: NO_REASON_PROPERTIES };
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function report(name: string, nanos: number): void {
  process.stdout.write(`${name.padEnd(40)} ${(nanos / WINDOW).toFixed(0).padStart(6)} ns\n`);
}
