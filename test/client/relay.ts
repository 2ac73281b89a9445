// The way from a client to a broker, as a test needs it: it listens in, cuts connections in the middle of a packet, falls silent,
// and leads to another broker. What passes is handed on as it is.

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

import { PacketDecoder } from '../../src/packet/decoder.ts';
import type { Packet } from '../../src/packet/packet.ts';
import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import { createTopicTable } from '../../src/packet/topic-name.ts';
import { sever } from '../support/sever.ts';

const TOPICS = createTopicTable();
const PACKET_BYTES_MAX = 16 * 1024 * 1024;

/** A relay on loopback. */
export class Relay {
  /** Every packet that clients have sent, over all connections. */
  readonly fromClients: Packet[];
  /** Every packet that the broker has sent. */
  readonly fromBroker: Packet[];
  private readonly server: Server;
  private readonly version: ProtocolVersion;
  private readonly sockets: Set<Socket>;
  private target: number | undefined;
  private isSilent: boolean;
  /** How many bytes each of the next connections may carry before it is cut. */
  private readonly cuts: number[];
  private readonly inFlight: Set<number>;
  private mostInFlight: number;
  private watchers: (() => void)[];

  private constructor(version: ProtocolVersion, target: number) {
    this.fromClients = [];
    this.fromBroker = [];
    this.version = version;
    this.sockets = new Set();
    this.target = target;
    this.isSilent = false;
    this.cuts = [];
    this.inFlight = new Set();
    this.mostInFlight = 0;
    this.watchers = [];
    this.server = createServer({ noDelay: true }, (near) => this.join(near));
  }

  /** Starts one. */
  static async start(version: ProtocolVersion, target: number): Promise<Relay> {
    const relay = new Relay(version, target);
    relay.server.listen(0, '127.0.0.1');
    await once(relay.server, 'listening');
    return relay;
  }

  /** Where clients connect to. */
  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Connections to come lead to this port; `undefined`: nowhere. */
  leadTo(target: number | undefined): void {
    this.target = target;
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.sockets) sever(socket);
  }

  /** Cuts each of the next connections when it has carried so many bytes, both ways taken together. */
  cutAfter(bytes: readonly number[]): void {
    this.cuts.push(...bytes);
  }

  /** How many of the cuts that were asked for are still to come. */
  get cutsLeft(): number {
    return this.cuts.length;
  }

  /** Connections stay open, and nothing passes. */
  fallSilent(): void {
    this.isSilent = true;
  }

  /** Cuts what was silent; connections to come work again. */
  speak(): void {
    this.isSilent = false;
    this.cut();
  }

  /** The most messages of QoS 1 and 2 that a client had in flight, as this end of the line saw it; one client only. */
  get inFlightMax(): number {
    return this.mostInFlight;
  }

  /** Waits until the packets that clients have sent are like that. */
  async sent(isEnough: (packets: readonly Packet[]) => boolean): Promise<void> {
    while (!isEnough(this.fromClients)) {
      await new Promise<void>((resolve) => {
        this.watchers.push(resolve);
      });
    }
  }

  /** Cuts all connections and takes no more. */
  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.cut();
    await closed;
  }

  private join(near: Socket): void {
    if (this.target === undefined) {
      sever(near);
      return;
    }
    const far = connect({ host: '127.0.0.1', port: this.target, noDelay: true });
    let bytesLeft = this.cuts.shift() ?? Number.POSITIVE_INFINITY;
    const cut = (): void => {
      sever(near);
      sever(far);
    };
    const pass = (from: Socket, to: Socket, hear: (bytes: Uint8Array) => void): void => {
      this.sockets.add(from);
      from.on('data', (chunk: Buffer) => {
        if (this.isSilent) return;
        const passing = chunk.subarray(0, bytesLeft);
        bytesLeft -= passing.length;
        hear(passing);
        // The last bytes must be there before the connection ends: a cut discards what waits.
        if (bytesLeft > 0) to.write(passing);
        else to.write(passing, cut);
      });
      // 'close' follows.
      from.on('error', () => {});
      from.on('close', (hadError) => {
        this.sockets.delete(from);
        // Nothing passes, not even an end.
        if (this.isSilent) return;
        if (hadError) sever(to);
        else to.end();
      });
    };
    pass(near, far, this.listener('from-client', this.fromClients));
    pass(far, near, this.listener('from-server', this.fromBroker));
  }

  /** A PUBLISH is in flight until PUBACK or PUBCOMP. */
  private count(packet: Packet, receives: 'from-client' | 'from-server'): void {
    if (receives === 'from-client') {
      if (packet.kind === 'publish' && packet.id !== undefined) this.inFlight.add(packet.id);
      this.mostInFlight = Math.max(this.mostInFlight, this.inFlight.size);
    } else if (packet.kind === 'puback' || packet.kind === 'pubcomp') {
      this.inFlight.delete(packet.id);
    }
  }

  /** Takes the bytes of one direction of one connection, and notes its packets. */
  private listener(receives: 'from-client' | 'from-server', packets: Packet[]): (bytes: Uint8Array) => void {
    const decoder = new PacketDecoder({
      receives,
      maximumPacketSize: PACKET_BYTES_MAX,
      version: receives === 'from-client' ? undefined : this.version,
      topics: TOPICS,
    });
    return (bytes) => {
      decoder.push(bytes, 0, bytes.length);
      for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
        packets.push(packet.kind === 'publish' ? { ...packet, payload: packet.payload.slice() } : packet);
        this.count(packet, receives);
      }
      decoder.keep();
      const { watchers } = this;
      this.watchers = [];
      for (const wake of watchers) wake();
    };
  }
}
