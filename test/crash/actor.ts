// A client of the harness across its connections: it connects, holds Session Present against what it knows, and is cut
// off. What it publishes or gets is its own business (publisher.ts, subscriber.ts).

import type { ConnackPacket, Packet } from '../../src/packet/packet.ts';
import { NO_DISCONNECT_PROPERTIES } from '../../src/packet/properties.ts';
import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import { Reason } from '../../src/packet/reason-codes.ts';
import type { Chronicle } from './chronicle.ts';
import { connectPacket } from './packets.ts';
import { Wire } from './wire.ts';

/** Who a client is. */
export interface ActorChoice {
  readonly name: string;
  readonly version: ProtocolVersion;
  /** Whether its session outlives its connections. */
  readonly isPersistent: boolean;
  /** MQTT 5 only; `undefined`: as many as there are packet identifiers. */
  readonly receiveMaximum: number | undefined;
}

/** A client with a name, and at most one connection that counts. */
export abstract class Actor {
  readonly name: string;
  protected readonly chronicle: Chronicle;
  /** The connection, from its CONNACK on. */
  protected wire: Wire | undefined;
  private readonly choice: ActorChoice;
  /** The connection, from its dialling on. */
  private dialled: Wire | undefined;
  /** Whether the broker has a session for it, as far as it can know. */
  private session: 'none' | 'there' | 'unknown';
  /** What Session Present of the CONNACK under way must be. */
  private expected: boolean | undefined;

  constructor(choice: ActorChoice, chronicle: Chronicle) {
    this.name = choice.name;
    this.chronicle = chronicle;
    this.wire = undefined;
    this.choice = choice;
    this.dialled = undefined;
    this.session = 'none';
    this.expected = undefined;
  }

  /** Whether it has been let in. */
  get isConnected(): boolean {
    return this.wire !== undefined;
  }

  /** Whether anything is under way to let it in. */
  get isAway(): boolean {
    return this.dialled === undefined;
  }

  /**
   * Dials and sends CONNECT. An open connection is left to the broker, which must end it: the session is taken over.
   * @param asksForClean  Ends the session that there may be. One that is not persistent always begins clean.
   */
  connect(port: number, asksForClean?: boolean): void {
    const clean = asksForClean ?? !this.choice.isPersistent;
    this.drop();
    const wire = new Wire(port, this.choice.version, {
      receive: (packet) => {
        if (this.dialled === wire) this.receiveAny(wire, packet);
      },
      lose: () => {
        if (this.dialled === wire) this.drop();
      },
    });
    this.dialled = wire;
    wire.send(connectPacket({ ...this.choice, clientId: this.name, clean }));
    this.expected = clean ? false : { none: false, there: true, unknown: undefined }[this.session];
    // Until the CONNACK comes, nobody knows whether the CONNECT did.
    if (clean || this.session === 'none') this.session = 'unknown';
  }

  /** Ends the connection as a broken network does. */
  cut(): void {
    const { dialled } = this;
    this.drop();
    dialled?.cut();
  }

  /** Hears nothing more, as when the broker's machine has lost its power: what it still sends never arrives. */
  turnDeaf(): void {
    this.drop();
  }

  /** Leaves with DISCONNECT; a persistent session stays. */
  leave(): void {
    const { wire } = this;
    if (wire === undefined) return;
    wire.send({ kind: 'disconnect', reasonCode: Reason.normalDisconnection, properties: NO_DISCONNECT_PROPERTIES });
    wire.finish();
    this.drop();
  }

  /** It is let in. */
  protected abstract begin(wire: Wire, sessionPresent: boolean): void;
  /** Any packet but CONNACK and DISCONNECT. */
  protected abstract receive(wire: Wire, packet: Packet): void;
  /** The connection is over. */
  protected abstract end(): void;

  private receiveAny(wire: Wire, packet: Packet): void {
    this.chronicle.tick();
    if (packet.kind === 'connack') return this.receiveConnack(wire, packet);
    if (packet.kind !== 'disconnect') return this.receive(wire, packet);
    this.complainOfRefusal('sent away', packet.reasonCode);
  }

  private receiveConnack(wire: Wire, { sessionPresent, reasonCode }: ConnackPacket): void {
    if (reasonCode !== Reason.success) {
      this.complainOfRefusal('refused', reasonCode);
      return;
    }
    this.chronicle.greet({ client: this.name, expected: this.expected, found: sessionPresent });
    if (this.choice.isPersistent) this.session = 'there';
    this.wire = wire;
    this.begin(wire, sessionPresent);
  }

  private complainOfRefusal(what: string, reasonCode: number): void {
    if (this.chronicle.isBrokerStopping) return;
    if (this.chronicle.mayBeFull && reasonCode === Reason.quotaExceeded) return;
    this.chronicle.complain(`${this.name} was ${what} with 0x${reasonCode.toString(16)}`);
  }

  private drop(): void {
    if (this.dialled === undefined) return;
    this.chronicle.tick();
    this.dialled = undefined;
    this.wire = undefined;
    this.end();
  }
}
