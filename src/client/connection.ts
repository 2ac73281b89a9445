// One attempt to connect, and if it succeeds one Network Connection with its session: dialing, CONNECT and CONNACK, then packets in and
// out, keep-alive, and the end.
// States go one way: new, dialing, open, over. Whatever ends it goes through `finish`, once; if that is decided while a packet is
// being handled, it waits until the packet is, since nothing may pull the session away from under itself.
// It knows nothing of other connections of the client: whether there is another attempt is live-client.ts's to say.

import { assert } from '../base/assert.ts';
import { OperationError, UsageError } from '../base/errors.ts';
import { type Millis, millis } from '../base/millis.ts';
import { PACKET_SIZE_MAX } from '../packet/encode.ts';
import type { AuthPacket, ConnackPacket, ConnectPacket, DisconnectPacket, Packet } from '../packet/packet.ts';
import { ProtocolError, violation } from '../packet/protocol-error.ts';
import { Reason } from '../packet/reason-codes.ts';
import type { NetworkConnection } from '../transport/contract.ts';
import type { Authentication, AuthenticationOwner } from './authentication.ts';
import { type ClientEnd, endingError, farewell } from './endings.ts';
import { type Agreement, agree, foreignLanguage, refusalOf, refuseMethod, versionHint } from './handshake.ts';
import type { ClientExtras } from './extras.ts';
import { Link, type LinkOwner } from './link.ts';
import type { Settings } from './options.ts';
import type { ClientParts, SetAlarm } from './parts.ts';
import type { ServerAddress } from './redirecting.ts';
import { CLIENT_TUNING } from './tuning.ts';

/** Who stands behind a connection. Nothing is called after `connectionOver`. */
export interface ConnectionOwner {
  /** The CONNECT of this attempt. Rejected: there are no credentials, say; that ends the attempt. */
  connectPacket(signal: AbortSignal): Promise<ConnectPacket>;
  /** CONNACK came, and accepts. */
  connected(agreement: Agreement, now: Millis): void;
  /**
   * Takes a packet, other than CONNACK.
   * @throws {ProtocolError} when it breaks a rule.
   */
  receivePacket(packet: Packet, now: Millis): void;
  /** There may be something to send. */
  pump(): void;
  /** When `tick` is due; `undefined`: never. */
  nextDeadline(): Millis | undefined;
  /** @throws {ProtocolError} `keep-alive-timeout`. */
  tick(now: Millis, isReading: boolean): void;
  /** It has come to an end: nothing is sent or received any more. */
  connectionEnded(end: ClientEnd): void;
  /** Nothing of it is left on the network, either. */
  connectionOver(end: ClientEnd): void;
}

/** One connection of a client. */
export class Connection implements LinkOwner, AuthenticationOwner {
  readonly link: Link;
  readonly setAlarm: SetAlarm;
  /** For an attempt, and for an authentication after it. */
  readonly timeout: Millis;
  /** Set with CONNACK. */
  agreement: Agreement | undefined;
  private readonly owner: ConnectionOwner;
  private readonly server: ServerAddress;
  private readonly authentication: Authentication | undefined;
  private readonly settings: Settings;
  private readonly parts: ClientParts;
  private readonly giveUp: AbortController;
  private state: 'dialing' | 'open' | 'over';
  private connect: ConnectPacket | undefined;
  private end: ClientEnd | undefined;
  /**
   * How many messages may be in flight: one identifier is left for requests. A SUBSCRIBE without one would wait for messages that the broker does
   * not take before others are acknowledged, which may wait for that SUBSCRIBE.
   */
  private readonly messagesMax: number;
  private isAttached: boolean;
  /** CONNACK has come, whatever it said. */
  private isAnswered: boolean;
  /** The owner has been told. */
  private isOver: boolean;
  private isHandling: boolean;
  /** What is to be done when the packet at hand is. */
  private afterPacket: (() => void) | undefined;
  private cancelAlarm: () => void;

  /** @param newAuthentication  Where the settings have a method. */
  constructor(
    owner: ConnectionOwner,
    server: ServerAddress,
    settings: Settings,
    parts: ClientParts,
    newAuthentication: ClientExtras['authentication'],
  ) {
    this.owner = owner;
    this.server = server;
    this.settings = settings;
    this.parts = parts;
    this.link = new Link(this, settings.connect.version, settings.receiveBytesMax);
    this.agreement = undefined;
    this.authentication =
      settings.authentication === undefined ? undefined : newAuthentication(settings.authentication, this);
    this.setAlarm = parts.setAlarm;
    this.timeout = settings.connectTimeout;
    this.giveUp = new AbortController();
    this.state = 'dialing';
    this.connect = undefined;
    this.end = undefined;
    this.messagesMax = (parts.tuning ?? CLIENT_TUNING).packetIdMax - 1;
    this.isAttached = false;
    this.isAnswered = false;
    this.isOver = false;
    this.isHandling = false;
    this.afterPacket = undefined;
    this.cancelAlarm = () => undefined;
  }

  /** Whether packets may be sent. */
  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** CONNECT may have come to a broker whose answer has not come here. */
  get isUnanswered(): boolean {
    return this.isAttached && !this.isAnswered;
  }

  /** Makes the attempt; what comes of it is told to the owner. Called once. */
  async open(): Promise<void> {
    const { host, port } = this.server;
    const { signal } = this.giveUp;
    this.cancelAlarm = this.setAlarm(this.timeout, () => this.fail(this.lateness()));
    let connect: ConnectPacket;
    let network: NetworkConnection;
    try {
      connect = await this.owner.connectPacket(signal);
      const { authentication } = this;
      if (this.state === 'dialing' && authentication !== undefined) connect = await authentication.complete(connect);
      if (this.state !== 'dialing') return;
      this.connect = connect;
      const { transport, receiveBytesMax } = this.settings;
      const packetBytesMax = Math.min(receiveBytesMax, PACKET_SIZE_MAX);
      network = await this.parts.dial({ host, port, signal, transport, packetBytesMax }, this.link);
    } catch (error) {
      this.failForApplication(error);
      return;
    }
    this.isAttached = true;
    this.link.attach(network);
    // [MQTT-3.1.0-1]
    if (this.state === 'dialing') this.link.send(connect);
    else this.link.destroy();
  }

  /** Ends it with this packet as the last one, if there is one; before CONNACK, gives the attempt up. The first end counts. */
  finish(end: ClientEnd, last: DisconnectPacket | undefined): void {
    if (this.state === 'over') return;
    if (this.isHandling) this.afterPacket ??= () => this.finishNow(end, last);
    else this.finishNow(end, last);
  }

  /**
   * Takes AUTH.
   * @throws {ProtocolError} when nobody has asked for it [MQTT-4.12.0-6], or not now.
   */
  receiveAuth(packet: AuthPacket): void {
    if (this.authentication === undefined) {
      throw violation('MQTT-4.12.0-6', 'AUTH came, but CONNECT had no Authentication Method.');
    }
    this.authentication.receive(packet, this.state === 'open');
  }

  /** Has the broker authenticate the client again. Only while the connection is open, and with an Authentication Method. */
  reauthenticate(): Promise<void> {
    assert(this.authentication !== undefined && this.state === 'open', 'there is a method, and a connection');
    return this.authentication.reauthenticate();
  }

  // What the authentication says.

  packetBytesMax(): number {
    return this.agreement?.maximumPacketSize ?? PACKET_SIZE_MAX;
  }

  send(packet: AuthPacket): void {
    this.link.send(packet);
  }

  authenticationFailed(error: unknown): void {
    if (this.state === 'dialing') return this.failForApplication(error);
    // [MQTT-4.12.1-2]
    const last = farewell(Reason.notAuthorized, this.settings.connect.version);
    if (error instanceof UsageError) return this.finish({ kind: 'handler-failed', error }, last);
    const reported = asOperationError(error, 'The authentication failed');
    this.finish({ kind: 'authentication-failed', error: reported }, last);
  }

  /** The alarm is set anew: the deadline may be another one. */
  private watch(now: Millis): void {
    this.cancelAlarm();
    const deadline = this.owner.nextDeadline();
    if (deadline === undefined) return;
    this.cancelAlarm = this.setAlarm(millis(Math.max(0, deadline - now)), () => this.ring());
  }

  // What the link says.

  now(): Millis {
    return this.parts.clock.monotonic();
  }

  /** hot: */
  receivePacket(packet: Packet, now: Millis): void {
    this.isHandling = true;
    try {
      if (this.state === 'open') this.owner.receivePacket(packet, now);
      else if (this.state === 'dialing') this.receiveFirst(packet, now);
    } finally {
      this.isHandling = false;
    }
    const { afterPacket } = this;
    if (afterPacket === undefined) return;
    this.afterPacket = undefined;
    afterPacket();
  }

  chunkHandled(): void {
    if (this.state === 'open') this.owner.pump();
  }

  networkDrained(): void {
    if (this.state === 'open') this.owner.pump();
  }

  linkFailed(error: ProtocolError): void {
    if (this.state === 'dialing') {
      const { host, port } = this.server;
      const { connect } = this.settings;
      const why = foreignLanguage(this.link.firstByte) ?? `${error.message} ${versionHint(connect.version)}`;
      const sentence = `${host}, port ${port}, did not answer CONNECT as a broker does. ${why}`;
      this.fail(new OperationError('protocol-error', sentence, error.reasonCode, { cause: error }));
      return;
    }
    // A broker that has fallen silent would not hear it.
    const isSilent = error.kind === 'keep-alive-timeout';
    const last = isSilent ? undefined : farewell(error.reasonCode, this.settings.connect.version);
    this.finish({ kind: 'protocol-error', error }, last);
  }

  linkClosed(cause: Error | undefined): void {
    if (this.state === 'dialing') {
      const { host, port } = this.server;
      const { connect, transport } = this.settings;
      // Most servers that speak TLS hang up on what does not.
      const tlsHint = transport.kind === 'tcp' ? ' Or it speaks TLS, and mqtts:// is meant.' : '';
      // A transport that knows why says it in words.
      const hint = cause instanceof OperationError ? cause.message : versionHint(connect.version) + tlsHint;
      const sentence = `${host}, port ${port}, closed the connection without an answer to CONNECT. ${hint}`;
      this.fail(new OperationError('connection-lost', sentence, undefined, { cause }));
    } else {
      this.finish({ kind: 'connection-lost', cause }, undefined);
    }
    if (this.end !== undefined) this.tellOver(this.end);
  }

  private receiveFirst(packet: Packet, now: Millis): void {
    const { settings, connect, authentication } = this;
    if (packet.kind === 'auth') return this.receiveAuth(packet);
    // [MQTT-3.2.0-1]
    if (packet.kind !== 'connack' || connect === undefined) {
      throw violation('MQTT-3.2.0-1', `${packet.kind.toUpperCase()} came before CONNACK.`);
    }
    this.isAnswered = true;
    const refusal = refusalOf(this.server, connect, packet);
    if (refusal !== undefined) return this.fail(refusal, packet.properties.serverReference);
    const agreement = agree(Math.min(settings.inFlightMax, this.messagesMax), connect, packet);
    if (authentication === undefined) refuseMethod(packet);
    else if (!this.believes(authentication, packet)) return;
    this.agreement = agreement;
    this.state = 'open';
    this.owner.connected(agreement, now);
    this.watch(now);
  }

  /** Has the application's method look at CONNACK, and says whether that is to be trusted. */
  private believes(authentication: Authentication, connack: ConnackPacket): boolean {
    try {
      authentication.finish(connack);
      return true;
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.failForApplication(error);
      return false;
    }
  }

  private ring(): void {
    if (this.state !== 'open') return;
    const now = this.now();
    // A broker that we do not listen to is not silent.
    this.link.attempt(() => this.owner.tick(now, !this.link.isPaused));
    if (this.state === 'open') this.watch(now);
  }

  /** The attempt has failed. */
  private fail(error: OperationError, serverReference?: string): void {
    if (this.state === 'dialing') this.finish({ kind: 'not-connected', error, serverReference }, undefined);
  }

  /** The attempt has failed, perhaps by a function of the application: what one of those gives by mistake is no better at the next attempt. */
  private failForApplication(error: unknown): void {
    if (error instanceof UsageError) this.finish({ kind: 'handler-failed', error }, undefined);
    else this.fail(asOperationError(error, 'The attempt to connect failed'));
  }

  private finishNow(end: ClientEnd, last: DisconnectPacket | undefined): void {
    if (this.state === 'over') return;
    if (last !== undefined && this.state === 'open') this.link.send(last);
    const wasOpen = this.state === 'open';
    this.state = 'over';
    this.end = end;
    this.cancelAlarm();
    this.authentication?.close(endingError(end));
    this.owner.connectionEnded(end);
    // [MQTT-3.14.4-1] [MQTT-3.14.4-2] A broker that has fallen silent will not read the last bytes either.
    const isSilent = end.kind === 'protocol-error' && end.error.kind === 'keep-alive-timeout';
    if (wasOpen && !isSilent) this.link.end();
    else this.link.destroy();
    this.giveUp.abort(endingError(end));
    // A network that never was does not close.
    if (!this.isAttached) this.tellOver(end);
  }

  private tellOver(end: ClientEnd): void {
    if (this.isOver) return;
    this.isOver = true;
    this.owner.connectionOver(end);
  }

  private lateness(): OperationError {
    const { host, port } = this.server;
    const sentence = `The broker at ${host}, port ${port}, did not answer within ${this.timeout / 1000} s.`;
    return new OperationError('timed-out', sentence);
  }
}

/** Whatever kept an attempt, or an authentication, from succeeding; what the application's own function threw is among it. */
function asOperationError(error: unknown, what: string): OperationError {
  if (error instanceof OperationError) return error;
  const sentence = `${what}: ${error instanceof Error ? error.message : String(error)}`;
  return new OperationError('connection-refused', sentence, undefined, { cause: error });
}
