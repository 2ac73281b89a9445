// One Network Connection as packets: bytes become packets, packets bytes. It is the boundary of the
// connection: what the server does wrong ends here, as a call of `linkFailed`, and nowhere else; bugs of our own pass.
// It knows neither what the packets mean nor what comes after the connection.

import type { Millis } from '../base/millis.ts';
import { PacketDecoder } from '../packet/decoder.ts';
import { encodePacket, encodePublish } from '../packet/encode.ts';
import { remainingExpiry } from '../packet/message.ts';
import type { Packet } from '../packet/packet.ts';
import type { PacketId } from '../packet/packet-id.ts';
import { ProtocolError } from '../packet/protocol-error.ts';
import type { ProtocolVersion } from '../packet/protocol-version.ts';
import { createTopicTable } from '../packet/topic-name.ts';
import type { Delivery } from '../session/output.ts';
import type { NetworkConnection, NetworkHandler } from '../transport/contract.ts';

/** Who stands behind a link. */
export interface LinkOwner {
  /** The moment; asked once a chunk. */
  now(): Millis;

  /**
   * Takes a packet.
   * @throws {ProtocolError} when it breaks a rule.
   */
  receivePacket(packet: Packet, now: Millis): void;

  /** All packets of a chunk are handled. */
  chunkHandled(now: Millis): void;

  /** The network takes more again. */
  networkDrained(now: Millis): void;

  /** The server broke a rule. The link is still open, to say so. */
  linkFailed(error: ProtocolError): void;

  /** The network connection is over; the last call. */
  linkClosed(cause: Error | undefined): void;
}

/** Shared by all clients of the process; bounded. */
const TOPICS = createTopicTable();

/** The client's end of one connection. */
export class Link implements NetworkHandler {
  private readonly owner: LinkOwner;
  private readonly version: ProtocolVersion;
  private readonly decoder: PacketDecoder;
  private network: NetworkConnection | undefined;
  private state: 'dialing' | 'open' | 'ending' | 'closed';
  private paused: boolean;
  private first: number | undefined;

  constructor(owner: LinkOwner, version: ProtocolVersion, receiveBytesMax: number) {
    this.owner = owner;
    this.version = version;
    this.decoder = new PacketDecoder({
      receives: 'from-server',
      maximumPacketSize: receiveBytesMax,
      version,
      topics: TOPICS,
    });
    this.network = undefined;
    this.state = 'dialing';
    this.paused = false;
    this.first = undefined;
  }

  /** The network connection is there. */
  attach(network: NetworkConnection): void {
    this.network = network;
    if (this.state === 'dialing') this.state = 'open';
  }

  /** Whether reading has stopped. */
  get isPaused(): boolean {
    return this.paused;
  }

  /** What came first; `undefined`: nothing has. */
  get firstByte(): number | undefined {
    return this.first;
  }

  /** Bytes that the network has not taken yet. */
  get waitingBytes(): number {
    return this.network?.waitingBytes() ?? 0;
  }

  /** Sends any packet but PUBLISH. */
  send(packet: Packet): void {
    if (this.state !== 'open' || this.network === undefined) return;
    encodePacket(this.network.writer(), packet, this.version);
    this.network.wrote();
  }

  /** Sends a PUBLISH; the arguments are those of `SessionOutput.publish`. hot: */
  sendPublish(
    delivery: Delivery,
    id: PacketId | undefined,
    dup: boolean,
    topicAlias: number,
    omitTopic: boolean,
    now: Millis,
  ): void {
    if (this.state !== 'open' || this.network === undefined) return;
    const { message, qos, retain, subscriptionIdentifiers } = delivery;
    const expiryInterval = remainingExpiry(message, now);
    const form = { qos, retain, dup, id: id ?? 0, topicAlias, omitTopic, subscriptionIdentifiers, expiryInterval };
    encodePublish(this.network.writer(), this.version, message, form);
    this.network.wrote();
  }

  /** Takes no further packet, not even of the chunk at hand, until `resume`. */
  pause(): void {
    this.paused = true;
    this.network?.pause();
  }

  /** Goes on where `pause` stopped. Not from inside `receivePacket`. */
  resume(): void {
    if (!this.paused || this.state !== 'open') return;
    this.paused = false;
    this.handlePackets();
    if (!this.paused) this.network?.resume();
  }

  /** Runs what may find that the server broke a rule. */
  attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.owner.linkFailed(error);
    }
  }

  /** Sends what was written, then closes. */
  end(): void {
    if (this.state === 'open') this.state = 'ending';
    this.network?.end();
  }

  /** Closes at once. */
  destroy(): void {
    if (this.state === 'open') this.state = 'ending';
    this.network?.destroy();
  }

  // What the network says.

  /** hot: */
  receive(bytes: Uint8Array, start: number, end: number): void {
    if (this.state !== 'open') return;
    this.first ??= bytes[start];
    this.decoder.push(bytes, start, end);
    this.handlePackets();
  }

  drained(): void {
    if (this.state === 'open') this.owner.networkDrained(this.owner.now());
  }

  closed(cause: Error | undefined): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.owner.linkClosed(cause);
  }

  private handlePackets(): void {
    const now = this.owner.now();
    this.attempt(() => this.handleEach(now));
    if (this.state !== 'open') return;
    this.decoder.keep();
    this.owner.chunkHandled(now);
  }

  /** hot: */
  private handleEach(now: Millis): void {
    while (this.state === 'open' && !this.paused) {
      const packet = this.decoder.next();
      if (packet === undefined) return;
      this.owner.receivePacket(packet, now);
    }
  }
}
