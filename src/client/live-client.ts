// A client at work: one session machine, one link, and the promises that wait for them.
//
// States go one way: connecting, open, over. Whatever ends the connection goes through `finish`, once; if it
// is decided while a packet is being handled, it waits until the packet is, since nothing may pull the
// session away from under itself. When the state is over, every promise that was given out is settled.
// `onMessage` is called from inside the session, as its output; it may publish, subscribe and disconnect.

import { assert, unreachable } from '../base/assert.ts';
import { OperationError } from '../base/errors.ts';
import { type Millis, millis } from '../base/millis.ts';
import type { DisconnectPacket, Packet, SubscribePacket, UnsubscribePacket } from '../packet/packet.ts';
import type { ConnackProperties } from '../packet/properties.ts';
import { type ProtocolError, violation } from '../packet/protocol-error.ts';
import { versionName } from '../packet/protocol-version.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import type { SessionOutput } from '../session/output.ts';
import { Session } from '../session/session.ts';
import type { Client, DisconnectOptions, PublishOptions, SubscribeOptions, SubscribeRequest } from './client.ts';
import { type ClientEnd, endingError, farewell } from './endings.ts';
import { type Agreement, agree, refusalOf, versionHint } from './handshake.ts';
import { Inbox, type InboxOwner } from './inbox.ts';
import { Link, type LinkOwner } from './link.ts';
import type { Settings } from './options.ts';
import { Outbox, type Publication, type Published, SENT, settlePublication } from './outbox.ts';
import { outgoingDisconnect, outgoingMessage, outgoingSubscribe, outgoingUnsubscribe } from './outgoing.ts';
import type { ClientParts } from './parts.ts';
import { Requests } from './requests.ts';

/** From here on nothing is sent until the network has taken what it was given. */
const SEND_BYTES_MARK = 1024 * 1024;

/** The one implementation of `Client`. */
export class LiveClient implements Client, LinkOwner {
  readonly closed: Promise<ClientEnd>;
  private readonly settings: Settings;
  private readonly parts: ClientParts;
  private readonly link: Link;
  private readonly session: Session<Publication>;
  private readonly outbox: Outbox;
  private readonly inbox: Inbox;
  private readonly requests: Requests;
  private readonly handshake: PromiseWithResolvers<void>;
  private readonly over: PromiseWithResolvers<ClientEnd>;
  private state: 'connecting' | 'open' | 'over';
  /** Set with CONNACK. */
  private agreement: Agreement | undefined;
  /** Set when the state is over. */
  private end: ClientEnd | undefined;
  /** A packet is being handled. */
  private isHandling: boolean;
  /** What is to be done when it is. */
  private afterPacket: (() => void) | undefined;
  private cancelAlarm: () => void;

  constructor(settings: Settings, parts: ClientParts) {
    this.settings = settings;
    this.parts = parts;
    this.link = new Link(this, settings.connect.version, settings.receiveBytesMax);
    this.session = new Session(this.sessionOutput());
    this.outbox = new Outbox();
    this.inbox = new Inbox(settings.onMessage, this.inboxOwner());
    this.requests = new Requests(settings.connect.version);
    this.handshake = Promise.withResolvers();
    // A refusal may come when nobody waits any more; `open` tells what became of the attempt.
    this.handshake.promise.catch(() => undefined);
    this.over = Promise.withResolvers();
    this.closed = this.over.promise;
    this.state = 'connecting';
    this.agreement = undefined;
    this.end = undefined;
    this.isHandling = false;
    this.afterPacket = undefined;
    this.cancelAlarm = () => undefined;
  }

  get clientId(): string {
    return this.agreed().clientId;
  }

  get sessionPresent(): boolean {
    return this.agreed().sessionPresent;
  }

  get keepAliveSeconds(): number {
    return this.agreed().keepAliveSeconds;
  }

  get serverProperties(): ConnackProperties {
    return this.agreed().properties;
  }

  /** Opens the network connection and waits for CONNACK. Called once. */
  async open(): Promise<void> {
    const { host, port, connectTimeout, connect, signal } = this.settings;
    const giveUp = new AbortController();
    const onAbort = (): void => giveUp.abort(signal?.reason);
    signal?.throwIfAborted();
    signal?.addEventListener('abort', onAbort, { once: true });
    const cancelTimeout = this.parts.setAlarm(connectTimeout, () => giveUp.abort(this.timeout()));
    giveUp.signal.addEventListener('abort', () => this.handshake.reject(giveUp.signal.reason), { once: true });
    try {
      const network = await this.parts.dial({ host, port, signal: giveUp.signal }, this.link);
      this.link.attach(network);
      giveUp.signal.throwIfAborted();
      this.link.send(connect); // [MQTT-3.1.0-1]
      await this.handshake.promise;
    } catch (error) {
      this.state = 'over';
      this.link.destroy();
      throw error;
    } finally {
      cancelTimeout();
      signal?.removeEventListener('abort', onAbort);
    }
    this.endWith(signal);
  }

  publish(topic: string, payload: string | Uint8Array, options: PublishOptions = {}): Promise<Published> {
    return new Promise((resolve, reject) => {
      const message = outgoingMessage(topic, payload, options, this.openAgreement());
      const { qos, retain } = message;
      this.outbox.push({ message, qos, retain, subscriptionIdentifiers: [], resolve, reject });
      this.pump();
    });
  }

  ready(): Promise<void> {
    return this.outbox.ready();
  }

  async subscribe(
    requests: readonly SubscribeRequest[],
    options: SubscribeOptions = {},
  ): Promise<readonly ReasonCode[]> {
    return await this.request(outgoingSubscribe(requests, options, this.openAgreement()), 'suback', requests.length);
  }

  async unsubscribe(filters: readonly string[]): Promise<readonly ReasonCode[]> {
    return await this.request(outgoingUnsubscribe(filters, this.openAgreement()), 'unsuback', filters.length);
  }

  async disconnect(options: DisconnectOptions = {}): Promise<void> {
    const { version, properties } = this.settings.connect;
    const expiresAtOnce =
      (this.agreement?.properties.sessionExpiryInterval ?? properties.sessionExpiryInterval ?? 0) === 0;
    const packet = outgoingDisconnect(options, version, expiresAtOnce);
    this.finish({ kind: 'disconnected' }, packet);
    await this.closed;
  }

  // What the link says.

  now(): Millis {
    return this.parts.clock.monotonic();
  }

  /** hot: */
  receivePacket(packet: Packet, now: Millis): void {
    this.isHandling = true;
    try {
      if (this.state === 'connecting') this.receiveFirst(packet, now);
      else if (this.state === 'open') this.handle(packet, now);
    } finally {
      this.isHandling = false;
    }
    const { afterPacket } = this;
    if (afterPacket === undefined) return;
    this.afterPacket = undefined;
    afterPacket();
  }

  chunkHandled(): void {
    this.pump();
  }

  networkDrained(): void {
    this.pump();
  }

  linkFailed(error: ProtocolError): void {
    if (this.state === 'connecting') {
      const { host, port, connect } = this.settings;
      const sentence = `${host}, port ${port}, did not answer CONNECT as a broker does: ${error.message} ${versionHint(connect.version)}`;
      this.handshake.reject(new OperationError('protocol-error', sentence, error.reasonCode, { cause: error }));
      return;
    }
    // A broker that has fallen silent would not hear it.
    const isSilent = error.kind === 'keep-alive-timeout';
    const last = isSilent ? undefined : farewell(error.reasonCode, this.settings.connect.version);
    this.finish({ kind: 'protocol-error', error }, last);
  }

  linkClosed(cause: Error | undefined): void {
    if (this.state === 'connecting') {
      const { host, port, connect } = this.settings;
      const sentence = `${host}, port ${port}, closed the connection without an answer to CONNECT. ${versionHint(connect.version)}`;
      this.handshake.reject(new OperationError('connection-lost', sentence, undefined, { cause }));
    } else {
      this.finish({ kind: 'connection-lost', cause }, undefined);
    }
    if (this.end !== undefined) this.over.resolve(this.end);
  }

  /** Once connected, the signal ends the connection; what comes of that is told by `closed`. */
  private endWith(signal: AbortSignal | undefined): void {
    const onAbort = (): void => void this.disconnect();
    signal?.addEventListener('abort', onAbort, { once: true });
    // Nothing rejects `closed`.
    void this.closed.then(() => signal?.removeEventListener('abort', onAbort));
    if (signal?.aborted === true) onAbort();
  }

  /** What the session asks for. */
  private sessionOutput(): SessionOutput<Publication> {
    return {
      publish: (publication, id, dup, topicAlias, omitTopic) =>
        this.link.sendPublish(publication, id, dup, topicAlias, omitTopic),
      send: (answer) => {
        this.link.send(answer);
        return true;
      },
      deliver: (packet, topic) => this.inbox.deliver(packet, topic),
      settle: settlePublication,
      // A client that forgets everything with its connection has nothing to write down.
      recordSending: () => undefined,
      recordReceived: () => undefined,
      recordReleased: () => undefined,
    };
  }

  /** What the inbox asks for. */
  private inboxOwner(): InboxOwner {
    return {
      receipt: ({ id, qos }) => (id === undefined || qos === 0 ? undefined : this.session.receipt(id, qos)),
      finished: (receipt) => {
        if (this.state === 'open' && receipt !== undefined) this.session.acknowledge(receipt, Reason.success);
      },
      handlerFailed: (error) => {
        this.finish(
          { kind: 'handler-failed', error },
          farewell(Reason.unspecifiedError, this.settings.connect.version),
        );
      },
      stopReading: () => this.link.pause(),
      goOnReading: () => this.link.resume(),
    };
  }

  private receiveFirst(packet: Packet, now: Millis): void {
    // [MQTT-3.2.0-1]
    if (packet.kind !== 'connack') throw violation('MQTT-3.2.0-1', `${packet.kind.toUpperCase()} came before CONNACK.`);
    const refusal = refusalOf(this.settings, packet);
    if (refusal !== undefined) {
      this.handshake.reject(refusal);
      return;
    }
    const agreement = agree(this.settings, packet);
    this.agreement = agreement;
    this.state = 'open';
    this.session.open(agreement.terms, now);
    this.watch(now);
    this.parts.log.debug(`Connected to ${this.settings.host}, port ${this.settings.port}.`, {
      clientId: agreement.clientId,
      version: versionName(agreement.terms.version),
      sessionPresent: agreement.sessionPresent,
    });
    this.handshake.resolve();
  }

  /** hot: */
  private handle(packet: Packet, now: Millis): void {
    switch (packet.kind) {
      case 'publish':
      case 'puback':
      case 'pubrec':
      case 'pubrel':
      case 'pubcomp':
      case 'pingresp':
        return this.session.receive(packet, now);
      case 'suback':
      case 'unsuback':
        this.session.noteReceived(now);
        this.requests.settle(packet);
        this.session.returnId(packet.id);
        return;
      case 'disconnect':
        return this.receiveDisconnect(packet);
      case 'connack':
        throw violation('MQTT-3.2.0-2', 'A second CONNACK came.');
      case 'auth':
        throw violation('', 'AUTH came, but CONNECT had no Authentication Method.');
      case 'connect':
      case 'subscribe':
      case 'unsubscribe':
      case 'pingreq':
        throw violation('', `A broker does not send ${packet.kind.toUpperCase()}.`);
      default:
        return unreachable(packet);
    }
  }

  private receiveDisconnect({ reasonCode, properties }: DisconnectPacket): void {
    const { reasonString, serverReference } = properties;
    this.finish({ kind: 'disconnected-by-broker', reasonCode, reasonString, serverReference }, undefined);
  }

  /** Sends what waits, as far as the broker's window and the network allow. */
  private pump(): void {
    if (this.state !== 'open' || this.outbox.length === 0) return;
    const now = this.now();
    for (let next = this.outbox.peek(); next !== undefined; next = this.outbox.peek()) {
      if (this.link.waitingBytes > SEND_BYTES_MARK) return;
      if (next.qos > 0 && !this.session.canPublish()) return;
      this.outbox.shift();
      this.session.publish(next, now);
      if (next.qos === 0) next.resolve(SENT);
    }
  }

  private async request(
    packet: SubscribePacket | UnsubscribePacket,
    answer: 'suback' | 'unsuback',
    filterCount: number,
  ): Promise<readonly ReasonCode[]> {
    const id = this.session.lendId();
    if (id === undefined) {
      throw new OperationError('rejected', 'All 65,535 packet identifiers are in use.', Reason.quotaExceeded);
    }
    this.link.send({ ...packet, id });
    return await this.requests.waitFor(answer, id, filterCount);
  }

  /** Sets the alarm for the session's next deadline. */
  private watch(now: Millis): void {
    const deadline = this.session.nextDeadline();
    if (deadline === undefined) return;
    this.cancelAlarm = this.parts.setAlarm(millis(Math.max(0, deadline - now)), () => this.ring());
  }

  private ring(): void {
    if (this.state !== 'open') return;
    const now = this.now();
    // A broker that we do not listen to is not silent.
    if (this.link.isPaused) this.session.noteReceived(now);
    this.link.attempt(() => this.session.tick(now));
    if (this.state === 'open') this.watch(now);
  }

  /** The connection ends, with this packet as the last one if there is one. The first end counts. */
  private finish(end: ClientEnd, last: DisconnectPacket | undefined): void {
    if (this.state !== 'open') return;
    if (this.isHandling) this.afterPacket ??= () => this.finishNow(end, last);
    else this.finishNow(end, last);
  }

  private finishNow(end: ClientEnd, last: DisconnectPacket | undefined): void {
    if (this.state !== 'open') return;
    if (last !== undefined) this.link.send(last);
    this.state = 'over';
    this.end = end;
    this.cancelAlarm();
    const error = endingError(end);
    // What is past PUBREC is the broker's already.
    this.session.forEachInFlight((publication, state) => {
      if (state === 'released') publication.resolve(SENT);
      else publication.reject(error);
    });
    this.session.close();
    for (let next = this.outbox.shift(); next !== undefined; next = this.outbox.shift()) next.reject(error);
    this.outbox.wakeAll();
    this.requests.rejectAll(error);
    // [MQTT-3.14.4-1] [MQTT-3.14.4-2] A broker that has fallen silent will not read the last bytes either.
    if (end.kind === 'protocol-error' && end.error.kind === 'keep-alive-timeout') this.link.destroy();
    else this.link.end();
  }

  private openAgreement(): Agreement {
    if (this.state === 'over') throw endingError(this.end ?? { kind: 'disconnected' });
    return this.agreed();
  }

  private agreed(): Agreement {
    assert(this.agreement !== undefined, 'a client is handed out with its CONNACK');
    return this.agreement;
  }

  private timeout(): OperationError {
    const { host, port, connectTimeout } = this.settings;
    const sentence = `The broker at ${host}, port ${port}, did not answer within ${connectTimeout / 1000} s.`;
    return new OperationError('timed-out', sentence);
  }
}
