// One connection between a client and the model of a broker, as the client's network: packets on their way, in both directions, each
// of which is read when a test says so.

import { ByteWriter } from '../../src/base/byte-writer.ts';
import { PacketDecoder } from '../../src/packet/decoder.ts';
import { encodePacket } from '../../src/packet/encode.ts';
import type { Packet } from '../../src/packet/packet.ts';
import { NO_CONNACK_PROPERTIES } from '../../src/packet/properties.ts';
import { createTopicTable } from '../../src/packet/topic-name.ts';
import type { NetworkConnection, NetworkHandler } from '../../src/transport/contract.ts';
import type { ModelBroker } from './model-broker.ts';

/** The connection. */
export class ModelWire implements NetworkConnection {
  readonly remote = 'model';
  /** CONNACK has been read. */
  isAccepted: boolean;
  /** CONNECT has been read. */
  private isAnswered: boolean;
  private handler: NetworkHandler | undefined;
  private readonly decoder: PacketDecoder;
  private readonly output: ByteWriter;
  private readonly toBroker: Packet[];
  private readonly toClient: Packet[];

  constructor(handler: NetworkHandler) {
    this.isAccepted = false;
    this.isAnswered = false;
    this.handler = handler;
    this.decoder = new PacketDecoder({
      receives: 'from-client',
      maximumPacketSize: 100_000,
      version: undefined,
      topics: createTopicTable(),
    });
    this.output = new ByteWriter();
    this.toBroker = [];
    this.toClient = [];
  }

  brokerReads(broker: ModelBroker, receiveMaximum: number | undefined): boolean {
    const packet = this.toBroker.shift();
    if (packet === undefined) return false;
    if (packet.kind !== 'connect') {
      this.toClient.push(...broker.take(packet));
      return true;
    }
    this.isAnswered = true;
    const { sessionPresent, packets } = broker.connect(packet.clean);
    const properties = { ...NO_CONNACK_PROPERTIES, receiveMaximum };
    this.toClient.push({ kind: 'connack', sessionPresent, reasonCode: 0, properties }, ...packets);
    return true;
  }

  brokerSends(broker: ModelBroker): boolean {
    if (!this.isAnswered || this.handler === undefined) return false;
    const packets = broker.send();
    this.toClient.push(...packets);
    return packets.length > 0;
  }

  clientReads(): boolean {
    const packet = this.toClient.shift();
    if (packet === undefined) return false;
    if (packet.kind === 'connack') this.isAccepted = true;
    const writer = new ByteWriter();
    encodePacket(writer, packet, 5);
    this.handler?.receive(writer.bytes, 0, writer.position);
    return true;
  }

  /** It breaks, as the client is told. */
  close(): void {
    const { handler } = this;
    this.forget();
    handler?.closed(undefined);
  }

  /** It is gone, and nobody is told. */
  forget(): void {
    this.handler = undefined;
    this.toBroker.length = 0;
    this.toClient.length = 0;
  }

  writer(): ByteWriter {
    return this.output;
  }

  wrote(): void {
    const bytes = this.output.bytes.slice(0, this.output.position);
    this.output.position = 0;
    if (this.handler === undefined) return;
    this.decoder.push(bytes, 0, bytes.length);
    for (let packet = this.decoder.next(); packet !== undefined; packet = this.decoder.next())
      this.toBroker.push(packet);
    this.decoder.keep();
  }

  waitingBytes(): number {
    return 0;
  }

  pause(): void {
    // What is read is the test's to say.
  }

  resume(): void {
    // As above.
  }

  end(): void {
    this.close();
  }

  destroy(): void {
    this.close();
  }
}
