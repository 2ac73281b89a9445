// One connection of a load: opened, kept alive, and read with the scanner. What is done with it, to publish or to subscribe, is its
// role's. It connects once: a load generator that came back by itself would hide what it is to find.

import { OperationError } from '../base/errors.ts';
import type { Dial } from '../client/parts.ts';
import { foreignLanguage, refusalOf, versionHint } from '../client/handshake.ts';
import { encodePacket, PACKET_SIZE_MAX } from '../packet/encode.ts';
import type { ConnackPacket, Packet } from '../packet/packet.ts';
import { PINGREQ } from '../packet/packet.ts';
import { PacketType } from '../packet/packet-type.ts';
import { NO_DISCONNECT_PROPERTIES } from '../packet/properties.ts';
import { ProtocolError } from '../packet/protocol-error.ts';
import type { ProtocolVersion } from '../packet/protocol-version.ts';
import { Reason, reasonName } from '../packet/reason-codes.ts';
import type { NetworkConnection, NetworkHandler } from '../transport/contract.ts';
import { PacketScanner, type PacketSink } from './packet-scanner.ts';
import type { LoadTarget } from './plan.ts';

/** For the network connection and CONNACK together. */
const CONNECT_MILLIS_MAX = 30_000;

/** What a connection is for. All are called while the connection is open, but `closed`. */
export interface ConnectionRole {
  /** A chunk begins. */
  beginChunk(): void;
  takePublish: PacketSink['takePublish'];
  takeAcknowledgement: PacketSink['takeAcknowledgement'];
  takeOther(packet: Packet): void;
  /** The chunk has been read. */
  endChunk(): void;
  /** What waited for the broker to read has left. */
  drained(): void;
  /** The connection is gone, and nobody here ended it. */
  closed(cause: string): void;
}

/** What comes of opening one. */
export interface OpenedConnection {
  readonly connection: LoadConnection;
  readonly receiveMaximum: number;
  readonly keepAliveSeconds: number;
}

/** An open connection. */
export class LoadConnection implements NetworkHandler, PacketSink {
  readonly version: ProtocolVersion;
  private readonly role: ConnectionRole;
  private readonly scanner: PacketScanner;
  private network: NetworkConnection | undefined;
  private state: 'connecting' | 'open' | 'ending' | 'closed';
  private answer: ((connack: ConnackPacket) => void) | undefined;
  private lost: ((cause: string) => void) | undefined;
  private trouble: string | undefined;
  private firstByte: number | undefined;

  private constructor(version: ProtocolVersion, role: ConnectionRole) {
    this.version = version;
    this.role = role;
    this.scanner = new PacketScanner(this, version);
    this.network = undefined;
    this.state = 'connecting';
    this.answer = undefined;
    this.lost = undefined;
    this.trouble = undefined;
    this.firstByte = undefined;
  }

  /**
   * Opens a connection, and waits for the broker to take it.
   * @returns The connection; how many messages of QoS 1 and 2 the broker takes ahead of their acknowledgement; and the Keep Alive that
   *   holds, in seconds, 0: none (section 3.2.2.3.14).
   * @throws {OperationError} `connection-refused`, `timed-out`, `tls-failed`, `connection-lost`.
   */
  static async open(dial: Dial, target: LoadTarget, clientId: string, role: ConnectionRole): Promise<OpenedConnection> {
    const { host, port, transport } = target;
    const connect = { ...target.connect, clientId };
    const connection = new LoadConnection(connect.version, role);
    const signal = AbortSignal.timeout(CONNECT_MILLIS_MAX);
    const timeOut = (): OperationError =>
      new OperationError('timed-out', `${host}, port ${port}, did not answer within ${CONNECT_MILLIS_MAX / 1000} s.`);
    try {
      const network = await dial({ host, port, transport, signal, packetBytesMax: PACKET_SIZE_MAX }, connection);
      const answered = connection.awaitAnswer(network, { host, port }, signal);
      encodePacket(network.writer(), connect, connect.version);
      network.wrote();
      const connack = await answered;
      const refusal = refusalOf({ host, port }, connect, connack);
      if (refusal !== undefined) throw refusal;
      connection.state = 'open';
      const { receiveMaximum = 65_535, serverKeepAlive = connect.keepAlive } = connack.properties;
      return { connection, receiveMaximum, keepAliveSeconds: serverKeepAlive };
    } catch (error) {
      connection.cut();
      throw signal.aborted ? timeOut() : error;
    }
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** The connection to write to. Only while it is open. hot: */
  get output(): NetworkConnection {
    if (this.network === undefined) throw new OperationError('not-connected', 'The connection is not open.');
    return this.network;
  }

  /** Lays down a packet that is not one of very many. */
  send(packet: Packet): void {
    if (this.state !== 'open' || this.network === undefined) return;
    encodePacket(this.network.writer(), packet, this.version);
    this.network.wrote();
  }

  /** Shows the broker that somebody is there. */
  ping(): void {
    this.send(PINGREQ);
  }

  /** Ends in good order. */
  end(): void {
    this.send({ kind: 'disconnect', reasonCode: Reason.normalDisconnection, properties: NO_DISCONNECT_PROPERTIES });
    if (this.state === 'closed') return;
    this.state = 'ending';
    this.network?.end();
  }

  /** Ends at once. */
  cut(): void {
    if (this.state === 'closed') return;
    this.state = 'ending';
    this.network?.destroy();
  }

  /** hot: */
  receive(bytes: Uint8Array, start: number, end: number): void {
    const { role } = this;
    this.firstByte ??= bytes[start];
    role.beginChunk();
    try {
      this.scanner.push(bytes, start, end);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.trouble = `The broker broke a rule of MQTT: ${error.message}`;
      this.network?.destroy();
      return;
    }
    role.endChunk();
  }

  takePublish(firstByte: number, id: number, bytes: Uint8Array, start: number, end: number): void {
    this.role.takePublish(firstByte, id, bytes, start, end);
  }

  takeAcknowledgement(type: number, id: number, reasonCode: number): void {
    this.role.takeAcknowledgement(type, id, reasonCode);
  }

  takeOther(packet: Packet): void {
    if (packet.kind === 'connack') {
      this.answer?.(packet);
      this.answer = undefined;
    } else if (packet.kind === 'disconnect') {
      this.trouble = `The broker ended the connection: ${reasonName(packet.reasonCode)}.`;
    } else this.role.takeOther(packet);
  }

  drained(): void {
    if (this.state === 'open') this.role.drained();
  }

  closed(cause: Error | undefined): void {
    const before = this.state;
    this.state = 'closed';
    if (before === 'ending' && this.trouble === undefined) return;
    const why = this.trouble ?? cause?.message ?? 'The broker closed the connection.';
    if (before === 'connecting') this.lost?.(why);
    else this.role.closed(why);
  }

  private awaitAnswer(
    network: NetworkConnection,
    { host, port }: Pick<LoadTarget, 'host' | 'port'>,
    signal: AbortSignal,
  ): Promise<ConnackPacket> {
    this.network = network;
    return new Promise((resolve, reject) => {
      this.answer = resolve;
      this.lost = (cause) => {
        const hint = foreignLanguage(this.firstByte) ?? `${cause} ${versionHint(this.version)}`;
        const sentence = `${host}, port ${port}, did not answer CONNECT as a broker does. ${hint}`;
        reject(new OperationError('connection-lost', sentence));
      };
      signal.addEventListener('abort', () => reject(new OperationError('timed-out', 'No answer to CONNECT.')), {
        once: true,
      });
    });
  }
}

/** Lays down an acknowledgement without a reason: four bytes. hot: */
export function writeAcknowledgement(output: NetworkConnection, type: number, id: number): void {
  const writer = output.writer();
  writer.reserve(4);
  writer.u8((type << 4) | (type === PacketType.pubrel ? 2 : 0));
  writer.u8(2);
  writer.u16(id);
  output.wrote();
}
