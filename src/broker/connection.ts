// One Network Connection of the broker: bytes become packets, each packet goes to the file that handles
// it (dispatch.ts), and what comes back is laid down in the transport's buffer. It is the try-boundary: a peer that
// breaks a rule ends its own connection with the specified reason, once, in the log and on the wire,
// and nobody else notices.
//
// States: `awaiting-connect` (nothing but CONNECT is taken, 64 KiB and 10 s at most), `connecting`
// (CONNECT is being decided, which may take time: nothing is read), `awaiting-auth` (the client was asked something first:
// section 4.12; then `connecting` again), `open`, `closed`.
// A connection has a session from the moment CONNECT is accepted until it ends.
// Longer than 400 lines because every way in which a connection goes on or ends meets the others here.

import type { LogFields } from '../base/log.ts';
import { earliest, type Millis, millis } from '../base/millis.ts';
import type { PeerCertificate } from '../base/peer-certificate.ts';
import { PacketDecoder } from '../packet/decoder.ts';
import type { Packet } from '../packet/packet.ts';
import type { PacketId } from '../packet/packet-id.ts';
import { ProtocolError, violation } from '../packet/protocol-error.ts';
import { type ProtocolVersion, versionName } from '../packet/protocol-version.ts';
import { REASON_CODES } from '../packet/reason-code-table.ts';
import { Reason, type ReasonCode, reasonName } from '../packet/reason-codes.ts';
import { isLastAnswer } from '../session/output.ts';
import type { NetworkConnection, NetworkHandler } from '../transport/contract.ts';
import { type ClientAuthentication, expiryOf } from './authenticating.ts';
import type { BrokerState, Timed } from './broker-state.ts';
import type { ClientSession } from './client-session.ts';
import { ClientRates } from './client-rates.ts';
import { CommitGate, type GateOutlet } from './commit.ts';
import { connect, connectTimeout, EXPIRED } from './connecting.ts';
import { dispatch } from './dispatch.ts';
import type { Ending, Hold } from './ending.ts';
import { Intake } from './intake.ts';
import { limitOfError } from './limit-news.ts';
import { PacketOutlet } from './packet-outlet.ts';
import { refuseConnection, refuseUnlessBegun } from './refusing.ts';
import type { ConnectedClient } from './revoking.ts';
import type { SessionDelivery } from './session-delivery.ts';
import { originOf } from './visitors.ts';

/** The broker's side of one connection. */
export class Connection implements NetworkHandler, GateOutlet, Timed {
  private readonly broker: BrokerState;
  private readonly network: NetworkConnection;
  /** The place that the peer counts for (visitors.ts). */
  readonly origin: string;
  private readonly decoder: PacketDecoder;
  readonly outlet: PacketOutlet;
  readonly gate: CommitGate;
  readonly intake: Intake;
  private state: 'awaiting-connect' | 'connecting' | 'awaiting-auth' | 'open' | 'closed';
  session: ClientSession | undefined;
  /** When it was opened, and with Clean Start or not; `undefined`: it was not yet. */
  opened: { readonly at: Millis; readonly cleanStart: boolean } | undefined;
  /** Set where CONNECT has an Authentication Method. */
  authentication: ClientAuthentication | undefined;
  /** When what the client was let in with expires; `undefined`: it does not. */
  private expiresAt: Millis | undefined;
  /** The moment of the chunk, tick or event that is being handled. */
  now: Millis;
  private ending: Ending | undefined;
  private hold: Hold | undefined;
  /** From CONNACK on, where there are limits. */
  rates: ClientRates | undefined;
  /** Messages of the client that were refused. */
  refusedCount: number;
  deadline: Millis;
  deadlineIndex: number;

  constructor(broker: BrokerState, network: NetworkConnection) {
    this.broker = broker;
    this.network = network;
    this.origin = originOf(network.remote);
    this.decoder = new PacketDecoder({
      receives: 'from-client',
      maximumPacketSize: broker.limits.connectPacketBytesMax,
      version: undefined,
      filtersMax: broker.limits.subscribeFiltersMax,
      topics: broker.topics,
      arena: broker.arena,
    });
    this.outlet = new PacketOutlet(network, broker.fanOut, broker.counters);
    this.gate = new CommitGate(broker.store, this, broker.holding, broker.elision);
    this.intake = new Intake(broker, network, this.gate, this);
    this.state = 'awaiting-connect';
    this.session = undefined;
    this.opened = undefined;
    this.authentication = undefined;
    this.expiresAt = undefined;
    this.now = broker.clock.monotonic();
    this.ending = undefined;
    this.hold = undefined;
    this.rates = undefined;
    this.refusedCount = 0;
    this.deadline = millis(0);
    this.deadlineIndex = -1;
    broker.connections.add(this);
    broker.counters.socketsOpened++;
    broker.deadlines.set(this, millis(this.now + broker.limits.connectTimeout));
    broker.visitors.enter(this);
  }

  /** The peer's address. */
  get remote(): string {
    return this.network.remote;
  }

  /** The peer's certificate, if it has shown one. */
  get certificate(): PeerCertificate | undefined {
    return this.network.certificate;
  }

  /** What an operator may have something against; `undefined`: it is over. */
  get client(): ConnectedClient | undefined {
    const { network, session } = this;
    if (this.state === 'closed') return undefined;
    const subscriptions = session?.subscriptions?.values() ?? [];
    return { network, identity: session?.identity, subscriptions, will: session?.will?.will };
  }

  /** The protocol version; 4 until CONNECT has said it. */
  get version(): ProtocolVersion {
    return this.decoder.version ?? 4;
  }

  /** The protocol version for people. */
  get versionName(): string {
    return versionName(this.version);
  }

  /** Whether what the client was let in with is not good any more. */
  get isExpired(): boolean {
    return this.expiresAt !== undefined && this.expiresAt <= this.now;
  }

  /** Whether the connection is past CONNACK and not yet over. */
  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** Whether the connection has ended, perhaps while its packet was being handled. */
  private get isOver(): boolean {
    return this.state === 'closed';
  }

  /** Whether CONNECT is being decided. */
  get isConnecting(): boolean {
    return this.state === 'connecting';
  }

  /** Whether the client was asked something before CONNECT is decided. */
  get isAwaitingAuth(): boolean {
    return this.state === 'awaiting-auth';
  }

  /** What is kept in memory for it, as far as it may be much: what waits to be read, here and there, and the queue that ends with it. */
  get bytesKept(): number {
    const queue = this.session?.key === 0 ? this.session.queue.bytes : 0;
    return this.network.waitingBytes() + this.decoder.waitingBytes + queue;
  }

  /** Whether no message of QoS 1 or 2 is taken from the client any more. hot: */
  get isPublisherHeld(): boolean {
    return this.hold !== undefined;
  }

  /** Whether nothing is read from the client for now. */
  get isReadingPaused(): boolean {
    return this.intake.isPaused;
  }

  /** Bytes that wait for the client to read them. */
  get waitingBytes(): number {
    return this.network.waitingBytes();
  }

  /** Whether the client reads so slowly that nothing more should be produced for it. hot: */
  get isCongested(): boolean {
    if (this.network.waitingBytes() > this.broker.limits.outboxBytesMax) return true;
    return this.rates?.passedOut(this.broker.clock.monotonic()) !== undefined;
  }

  /** Of one that is. */
  get whyCongested(): 'slow-reader' | 'rate-limit' {
    return this.network.waitingBytes() > this.broker.limits.outboxBytesMax ? 'slow-reader' : 'rate-limit';
  }

  /** Whether the client is not to be read from, since it has sent more than it may. hot: */
  get isTooFast(): boolean {
    return this.rates?.passedIn(this.broker.clock.monotonic()) !== undefined;
  }

  // What the transport says.

  /** hot: */
  receive(bytes: Uint8Array, start: number, end: number): void {
    if (this.state === 'closed') return;
    this.now = this.broker.clock.monotonic();
    this.broker.counters.bytesReceived += end - start;
    this.outlet.traffic.bytesReceived += end - start;
    this.rates?.takeBytesIn(end - start, this.now);
    this.decoder.push(bytes, start, end);
    this.handlePackets();
    this.broker.elision.releaseMoved();
    if (this.isOver) return; // What came behind is not worth a copy.
    this.decoder.keep();
    if (this.state === 'awaiting-connect' || this.state === 'awaiting-auth')
      this.broker.visitors.noteSilent(this, this.decoder.waitingBytes);
  }

  /** Of a CONNECT that is one message of WebSocket nothing is seen before all of it is there: what the transport holds of it counts as silence. */
  gathering(bytes: number): boolean {
    // While CONNECT is decided nothing is read.
    if (this.state === 'connecting') return true;
    if (this.state === 'open' || this.isOver) return false;
    const { visitors } = this.broker;
    const error = visitors.errorOfGathered(bytes);
    if (error !== undefined) this.fail(error);
    else visitors.noteSilent(this, this.decoder.waitingBytes + bytes);
    return !this.isOver;
  }

  drained(): void {
    if (this.state === 'closed') return;
    this.now = this.broker.clock.monotonic();
    this.resumeIfCaughtUp();
    if (this.state === 'open') this.session?.readerCaughtUp(this.now);
    this.broker.elision.releaseMoved();
  }

  closed(cause: Error | undefined): void {
    if (this.state === 'closed') return;
    this.now = this.broker.clock.monotonic();
    const why = cause === undefined ? 'without DISCONNECT' : `(${cause.message})`;
    this.broker.log.info(`${this.describe()} closed the connection ${why}.`, this.facts(undefined));
    this.leave(true, undefined);
    this.broker.elision.releaseMoved();
  }

  // What time says.

  tick(now: Millis): void {
    this.now = now;
    if (this.state !== 'open') {
      this.broker.limitNews.count('connectTimeout');
      this.fail(connectTimeout(this.broker, this));
      return;
    }
    const { hold } = this;
    if (this.isExpired) return this.finishEnding({ reasonCode: Reason.notAuthorized, detail: EXPIRED });
    if (hold !== undefined && hold.until <= now && this.gate.heldAnswers === 0) return this.finishEnding(hold);
    // A client that we do not read from is not timed out for its silence.
    if (this.intake.isPaused) this.session?.machine.noteReceived(now);
    const authDue = this.authentication?.deadline;
    if (authDue !== undefined && authDue <= now) {
      if (!this.intake.isPaused) return this.authentication?.giveUp();
      this.authentication?.postpone(now);
    }
    this.guard(() => this.session?.machine.tick(now));
    if (this.rates !== undefined && this.state === 'open') {
      this.resumeIfCaughtUp();
      if (!this.isCongested) this.session?.readerCaughtUp(now);
    }
    if (this.state === 'open') this.watch();
  }

  /**
   * Asks to be woken when the machine is due, when the publisher has been held long enough, when the client is late to authenticate,
   * and when what it was let in with expires.
   */
  watch(): void {
    const { hold, gate, expiresAt } = this;
    const holdEnds = hold !== undefined && hold.until <= this.now && gate.heldAnswers > 0 ? undefined : hold?.until;
    const authDue = this.authentication?.deadline;
    const rateDue = this.rates?.nextDeadline(this.now);
    const answerDue = earliest(this.session?.machine.nextDeadline(), authDue);
    const next = earliest(earliest(answerDue, holdEnds), earliest(rateDue, expiresAt));
    if (next === undefined) this.broker.deadlines.remove(this);
    else this.broker.deadlines.set(this, next);
  }

  // What the broker asks for.

  /** CONNACK is written: the session's packets may flow. */
  open(cleanStart: boolean): void {
    this.state = 'open';
    this.opened = { at: this.now, cleanStart };
    this.decoder.maximumPacketSize = this.broker.limits.packetBytesMax;
    this.rates = ClientRates.of(this.broker, this, this.now);
  }

  /** Lets no chunk come for now: CONNECT takes time to decide. */
  pauseReading(): void {
    this.intake.pause();
  }

  /** CONNECT cannot be decided before the client has said more: reads again, and takes AUTH. On an open connection all goes on anyway. */
  awaitAuth(): void {
    if (this.state !== 'connecting') return;
    this.state = 'awaiting-auth';
    this.broker.visitors.noteSilent(this, 0);
  }

  /** What the client was let in with is good until then, by the clock on the wall. */
  authenticatedUntil(wall: Millis | undefined): void {
    this.expiresAt = expiryOf(wall, this.broker.clock, this.now);
  }

  /** The authentication of the client goes on, before CONNACK or behind it. */
  goOnWith(authenticate: () => void): void {
    if (this.state === 'connecting') return this.resumeAfter(authenticate);
    if (this.state !== 'open') return;
    this.now = this.broker.clock.monotonic();
    this.guard(authenticate);
    this.broker.elision.releaseMoved();
  }

  /** CONNECT is decided, or its client is asked something, or a long packet is done: goes on with it, and with what came behind it. */
  resumeAfter(decide: () => void): void {
    this.now = this.broker.clock.monotonic();
    this.guard(decide);
    if (this.ending !== undefined) this.finishEnding(this.ending);
    if (this.state !== 'open' && this.state !== 'awaiting-auth') return;
    this.handlePackets();
    if (this.isOver) return;
    this.decoder.keep();
    this.intake.resumeIfCaughtUp();
  }

  /** Another connection of the same client takes the session over. */
  takeOver(by: string): void {
    this.now = this.broker.clock.monotonic();
    this.broker.log.info(
      `${this.describe()} was taken over by a connection from ${by}.`,
      this.facts(Reason.sessionTakenOver),
    );
    this.sendDisconnect(Reason.sessionTakenOver, undefined);
    this.leave(true, Reason.sessionTakenOver);
  }

  /** Ends the connection for a reason that is for the log alone; DISCONNECT says the code, or CONNACK. */
  expel(reasonCode: ReasonCode, why: string): void {
    if (this.state === 'closed') return;
    this.now = this.broker.clock.monotonic();
    const sentence = `${this.describe()} was disconnected: ${reasonName(reasonCode)}. ${why}`;
    this.broker.log.warn(sentence, this.facts(reasonCode));
    if (this.state === 'open') this.sendDisconnect(reasonCode, undefined);
    else refuseUnlessBegun(this, reasonCode);
    this.leave(this.state === 'open', reasonCode);
  }

  /**
   * An operator ends the connection.
   * @param isPatient  What was taken of the client is acknowledged first, and no more of QoS 1 and 2 taken meanwhile.
   */
  dismiss(reasonCode: ReasonCode, detail: string, serverReference: string | undefined, isPatient: boolean): void {
    if (this.state === 'closed') return;
    this.now = this.broker.clock.monotonic();
    if (this.state !== 'open') {
      refuseUnlessBegun(this, Reason.serverUnavailable);
      return this.leave(false, reasonCode);
    }
    const ending: Ending = { reasonCode, detail, asked: { serverReference } };
    if (!isPatient || this.gate.heldAnswers === 0) return this.finishEnding(ending);
    this.hold = { ...ending, until: this.now };
    this.watch();
  }

  /** The broker stops: tells the client and closes. The Will waits for its delay as after any other end. */
  shutDown(): void {
    if (this.state === 'closed') return;
    this.now = this.broker.clock.monotonic();
    if (this.state === 'open') this.sendDisconnect(Reason.serverShuttingDown, undefined);
    else refuseUnlessBegun(this, Reason.serverUnavailable);
    this.leave(this.state === 'open', Reason.serverShuttingDown);
  }

  /** The store failed: ends the connection without another acknowledgement. What it changed is for the next start to find. */
  abandon(): void {
    if (this.state === 'closed') return;
    if (this.state === 'open') this.sendDisconnect(Reason.unspecifiedError, undefined);
    else refuseUnlessBegun(this, Reason.serverUnavailable);
    this.close();
    if (this.session !== undefined)
      this.broker.events.clientDisconnected?.(this.session.clientId, this.network.remote, Reason.unspecifiedError);
  }

  /**
   * Takes no more messages of QoS 1 and 2 from the client, says nothing of it, and ends the connection after a while: for 3.x, which has
   * no word for a refusal, so that the client does not try again at once. What was taken before is acknowledged first, or it would come again.
   */
  holdPublisher(reasonCode: ReasonCode, detail: string): void {
    if (this.hold !== undefined) return;
    this.hold = { reasonCode, detail, until: millis(this.now + this.broker.limits.publisherHoldMillis) };
    this.watch();
  }

  /** Ends the connection once the packet at hand is handled. Nothing more is sent but DISCONNECT. */
  closeBecause(reasonCode: ReasonCode, detail: string): void {
    this.ending ??= { reasonCode, detail };
  }

  /** Ends the connection because of what the peer did. */
  fail(error: ProtocolError): void {
    if (this.state === 'closed') return;
    const isOpen = this.state === 'open';
    // A second CONNECT may break a rule that DISCONNECT has no word for [MQTT-3.14.2-1].
    const hasWord = !isOpen || REASON_CODES.disconnectFromServer.has(error.reasonCode);
    const reasonCode = hasWord ? error.reasonCode : Reason.protocolError;
    const limit = limitOfError(error, isOpen);
    if (limit !== undefined) this.broker.limitNews.count(limit);
    const { message, statement } = error;
    const which = limit === undefined || statement !== '' ? '' : ` (${limit})`;
    const sentence = `${this.describe()} was disconnected: ${message}${which}`;
    this.broker.refusalLines.tell(this, error.kind, sentence, { reasonCode, statement, limit });
    if (isOpen) this.sendDisconnect(reasonCode, error.message);
    else if (error.kind !== 'not-mqtt') refuseConnection(this, reasonCode, this.outlet.fitting(error.message));
    // Who was refused has no Will, not even if its session waited for the store already.
    this.leave(isOpen, reasonCode);
  }

  /** Answers from a gate, or directly. hot: */
  writePacket(packet: Packet): void {
    if (this.state === 'closed' || this.ending !== undefined) return;
    const excess = this.outlet.writePacket(packet, this.version);
    // A client that cannot be answered would wait for ever. DISCONNECT and CONNACK are followed by the end anyway.
    if (excess === 0 || packet.kind === 'disconnect' || packet.kind === 'connack') return;
    const limit = `its Maximum Packet Size of ${this.outlet.packetBytesMax}`;
    this.closeBecause(Reason.packetTooLarge, `${packet.kind.toUpperCase()} takes ${excess} bytes, more than ${limit}.`);
  }

  /** hot: */
  writePublish(
    delivery: SessionDelivery,
    id: PacketId | undefined,
    dup: boolean,
    topicAlias: number,
    omitTopic: boolean,
    now: Millis,
  ): void {
    if (this.state === 'closed' || this.ending !== undefined) return;
    const { outlet, rates } = this;
    if (rates === undefined) return outlet.writePublish(delivery, this.version, id, dup, topicAlias, omitTopic, now);
    const { counters } = this.broker;
    const bytesBefore = counters.bytesSent;
    outlet.writePublish(delivery, this.version, id, dup, topicAlias, omitTopic, now);
    rates.takeOut(counters.bytesSent - bytesBefore, now);
  }

  heldPacketLeft(packet: Packet): void {
    if (isLastAnswer(packet)) this.session?.machine.answerLeft();
    if (this.ending !== undefined) this.finishEnding(this.ending);
  }

  gateMoved(): void {
    if (this.hold !== undefined && this.state === 'open') this.watch();
    this.resumeIfCaughtUp();
  }

  /** Whether a message is too large for the peer. hot: */
  isTooLarge(delivery: SessionDelivery): boolean {
    return this.outlet.isTooLarge(delivery, this.version);
  }

  /** Who this is, in a sentence. */
  describe(): string {
    const from = `at ${this.network.remote}`;
    return this.session === undefined ? `A peer ${from}` : `Client ${JSON.stringify(this.session.clientId)} ${from}`;
  }

  /** Who this is, as fields. */
  facts(reasonCode: ReasonCode | undefined): LogFields {
    return { clientId: this.session?.clientId, remote: this.network.remote, reasonCode };
  }

  /** hot: */
  private handlePackets(): void {
    this.guard(() => this.handleEach());
    if (this.state !== 'open') return;
    this.session?.pumpIfMoved(this.now);
    this.intake.pauseIfBehind();
    const ending = this.rates?.heedIn(this.now);
    if (ending !== undefined) this.finishEnding(ending);
  }

  /** hot: */
  private handleEach(): void {
    while (
      !this.intake.isBusy &&
      (this.state === 'open' || this.state === 'awaiting-connect' || this.state === 'awaiting-auth')
    ) {
      const packet = this.decoder.next();
      if (packet === undefined) return;
      this.broker.counters.packetsReceived++;
      if (this.state === 'open') {
        this.rates?.takePacketIn(packet, this.now);
        dispatch(this.broker, this.session as ClientSession, this, packet);
      } else if (this.state === 'awaiting-auth') this.handleAuth(packet);
      else this.handleFirst(packet);
      if (this.ending !== undefined) this.finishEnding(this.ending);
    }
  }

  /** The boundary: what a peer did wrong ends its connection and nothing else. Our own bugs pass. hot: */
  private guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail(error);
    }
  }

  private handleFirst(packet: Packet): void {
    if (packet.kind !== 'connect') {
      throw violation('MQTT-3.1.0-1', `The first packet was ${packet.kind.toUpperCase()}, not CONNECT.`);
    }
    this.state = 'connecting';
    this.broker.visitors.hear(this);
    connect(this.broker, this, packet);
  }

  /** Before CONNACK: AUTH, or the client gives up (section 4.12). */
  private handleAuth(packet: Packet): void {
    if (packet.kind === 'disconnect') {
      this.broker.log.info(
        `${this.describe()} disconnected before it was authenticated.`,
        this.facts(packet.reasonCode),
      );
      return this.leave(false, packet.reasonCode);
    }
    if (packet.kind !== 'auth') {
      throw violation('MQTT-3.1.2-30', `${packet.kind.toUpperCase()} came before the client was authenticated.`);
    }
    this.state = 'connecting';
    this.broker.visitors.hear(this);
    this.authentication?.receive(packet);
  }

  private finishEnding(ending: Ending): void {
    this.ending = undefined;
    this.now = this.broker.clock.monotonic(); // The store may have had its time.
    const { reasonCode, detail, asked } = ending;
    const sentence = `${this.describe()} was disconnected${asked === undefined ? '' : ' as the operator asked'}: ${detail}`;
    if (asked !== undefined) this.broker.log.info(sentence, this.facts(reasonCode));
    else this.broker.refusalLines.tell(this, reasonCode, sentence, { reasonCode });
    this.sendDisconnect(reasonCode, detail, asked?.serverReference);
    this.leave(true, reasonCode);
  }

  /** Sends DISCONNECT to those who know it [MQTT-3.14.0-1]. */
  private sendDisconnect(reasonCode: ReasonCode, reasonString: string | undefined, serverReference?: string): void {
    if (this.version !== 5 || this.state !== 'open') return;
    this.writePacket(this.outlet.disconnectPacket(reasonCode, reasonString, serverReference));
  }

  /**
   * The end, whatever led to it. What is to be sent before has been.
   * @param reasonCode  What DISCONNECT said, the client's or ours; for the embedder.
   */
  leave(publishWill: boolean, reasonCode: ReasonCode | undefined): void {
    const wasOpen = this.state === 'open';
    this.close();
    const { session } = this;
    if (session === undefined || session.connection !== this) return;
    this.broker.sessions.detach(session, publishWill, this.now);
    if (wasOpen) this.broker.events.clientDisconnected?.(session.clientId, this.network.remote, reasonCode);
  }

  /** Lets go of the network and of what is held. */
  private close(): void {
    this.state = 'closed';
    this.broker.connections.delete(this);
    this.broker.visitors.leave(this);
    this.rates?.leave(this.broker.clock.monotonic());
    this.broker.deadlines.remove(this);
    this.gate.close();
    this.intake.close();
    this.network.end();
  }

  /** Ends the connection at once and without another word: it takes what others need. */
  cutOff(): void {
    if (this.state !== 'closed') this.leave(false, undefined);
    this.network.destroy();
  }

  private resumeIfCaughtUp(): void {
    if (this.state !== 'open' || !this.intake.resumeIfCaughtUp()) return;
    // It could not be heard meanwhile; what it sent has yet to be read.
    this.session?.machine.noteReceived(this.broker.clock.monotonic());
  }
}
