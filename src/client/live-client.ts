// A client at work: one session, one connection after another, and the calls of the application. Each concern has a file of its own;
// here is what goes where, and the life of the client as a whole.
//
// States: an attempt is made ('connecting'), CONNACK comes ('connected'), the connection ends and the next attempt is waited for
// ('waiting'), and so on, until an end that is the last one ('closed'): because the application wants it, because it
// cannot be helped (retry.ts says what can), or because the store failed. Whatever ends the client goes through `leave`, and then `over`,
// once; when it is over, every promise that was given out is settled.
// `onMessage` is called from inside the session, as its output; it may publish, subscribe and disconnect.
// Longer than 400 lines because it is the one place where all parts meet, and the interface of the client is wide.

import { assert, unreachable } from '../base/assert.ts';
import { OperationError, UsageError } from '../base/errors.ts';
import { type Millis, millis } from '../base/millis.ts';
import type { Message } from '../packet/message.ts';
import type { ConnectPacket, DisconnectPacket, Packet } from '../packet/packet.ts';
import { violation } from '../packet/protocol-error.ts';
import { versionName } from '../packet/protocol-version.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import type { Arrival } from './arrival.ts';
import type {
  Abortable,
  Client,
  ConnectionFacts,
  DisconnectOptions,
  Publishing,
  PublishOptions,
  RequestOptions,
  Responder,
  SubscribeOptions,
  SubscribeRequest,
  Subscription,
} from './client.ts';
import type { ClientStore } from './client-store.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { CredentialSource } from './credentials.ts';
import { ClientEmitter } from './emitter.ts';
import { type ClientEnd, endingError, farewell, staysInOutbox } from './endings.ts';
import type { ClientEventName, ClientListener } from './events.ts';
import type { ClientExtras, RequestsAndResponses, Servers } from './extras.ts';
import { handOver } from './hand-over.ts';
import type { Agreement } from './handshake.ts';
import type { Link } from './link.ts';
import type { Settings } from './options.ts';
import { outgoingDisconnect, outgoingMessage, unsendable } from './outgoing.ts';
import type { ClientParts } from './parts.ts';
import { newPublication, PublishHandle } from './publication.ts';
import type { ReceivedMessage } from './received-message.ts';
import { Requests } from './requests.ts';
import { Retry } from './retry.ts';
import { serversFor } from './servers.ts';
import { SessionState } from './session-state.ts';
import { Subscriptions } from './subscriptions.ts';
import { CLIENT_TUNING } from './tuning.ts';

/** How long messages may wait for others to leave with. */
const MOMENT = millis(1);
/** A message that nobody has subscribed to is worth a word when it has waited so long. */
const UNCLAIMED_AFTER = millis(1_000);
/** The word is said for so many topics. */
const UNCLAIMED_TOPICS_MAX = 100;

/** The one implementation of `Client`. */
export class LiveClient implements Client, ConnectionOwner {
  readonly closed: Promise<ClientEnd>;
  state: Client['state'];
  private readonly settings: Settings;
  private readonly parts: ClientParts;
  private readonly extras: ClientExtras;
  private readonly emitter: ClientEmitter;
  private readonly retry: Retry;
  private readonly credentials: CredentialSource;
  private readonly servers: Servers;
  private readonly requests: Requests;
  private readonly subscriptions: Subscriptions;
  /** Made with the first request, or the first responder. */
  private requestResponse: RequestsAndResponses | undefined;
  private readonly first: PromiseWithResolvers<void>;
  private readonly gone: PromiseWithResolvers<ClientEnd>;
  /** Made with the first topic. */
  private unclaimedTold: Set<string> | undefined;
  private kept: ClientStore | undefined;
  /** Set when the store is open. */
  private opened: SessionState | undefined;
  private isConnectedOnce: boolean;
  /** An attempt has ended between CONNECT and CONNACK: if the broker had lost the session, it has said so to nobody. */
  private isSessionInDoubt: boolean;
  /** Why there will be no other attempt. */
  private lastEnd: ClientEnd | undefined;
  /** There is no connection, not even one that is ending, but there will be. */
  private isRetryDue: boolean;
  private cancelRetry: () => void;
  private isUnclaimedWatched: boolean;
  /** Messages of QoS 0. */
  private droppedCount: number;
  private isSteeringDue: boolean;
  // The present connection, or the last one.
  private current: Connection | undefined;
  private agreement: Agreement | undefined;

  constructor(settings: Settings, parts: ClientParts, extras: ClientExtras) {
    this.settings = settings;
    this.parts = parts;
    this.extras = extras;
    this.state = 'connecting';
    this.emitter = new ClientEmitter(parts.log);
    this.retry = new Retry(settings.retry, parts.random);
    this.credentials = new CredentialSource(settings);
    this.servers = serversFor(settings, parts, extras);
    this.requests = new Requests({
      lendId: () => this.session.machine.lendId(),
      send: (packet) => this.current?.link.send(packet),
    });
    this.subscriptions = new Subscriptions({
      version: settings.connect.version,
      filterTrie: extras.filterTrie,
      ask: (make, signal, isRenewal) => this.requests.ask(make, signal, isRenewal),
      emit: (name, ...facts) => this.emitter.emit(name, ...facts),
      handlerFailed: (error) => this.handlerFailed(error),
      claimed: () => this.session.inbox.claim(),
      unclaimed: (arrival) => {
        if (!this.handToRest(arrival)) this.session.inbox.handling.unclaim(arrival);
      },
      handToRest: (arrival) => this.handToRest(arrival),
      isConnected: () => this.state === 'connected',
      taken: () => this.steerReading(),
    });
    this.requestResponse = undefined;
    this.first = Promise.withResolvers();
    // Nobody waits for the first connection of a client that starts offline.
    this.first.promise.catch(() => undefined);
    this.gone = Promise.withResolvers();
    this.closed = this.gone.promise;
    this.unclaimedTold = undefined;
    this.kept = undefined;
    this.opened = undefined;
    this.isConnectedOnce = false;
    this.isSessionInDoubt = false;
    this.lastEnd = undefined;
    this.isRetryDue = false;
    this.cancelRetry = () => undefined;
    this.isUnclaimedWatched = false;
    this.droppedCount = 0;
    this.isSteeringDue = false;
    this.current = undefined;
    this.agreement = undefined;
  }

  get clientId(): string {
    return this.kept?.clientId ?? this.agreement?.clientId ?? this.settings.connect.clientId;
  }

  get connection(): ConnectionFacts | undefined {
    if (this.agreement === undefined) return undefined;
    const { clientId, sessionPresent, keepAliveSeconds, serverProperties } = this.agreement;
    return { clientId, sessionPresent, keepAliveSeconds, serverProperties };
  }

  get unsettledCount(): number {
    return this.session.outbox.unsettled.count;
  }

  /** Opens the store, if there is one, and makes the first attempt. Called once. */
  async start(): Promise<void> {
    const { signal, startsOffline, connect, store } = this.settings;
    signal?.throwIfAborted();
    if (store !== undefined) {
      this.kept = await this.extras.openStore(this.parts.makeStore(store), store, connect.clientId, this.parts.random, {
        storeMoved: () => this.opened?.storeMoved(),
        storeFull: (isFull) => this.sayFull(isFull),
        storeFailed: (error) => this.storeFailed({ kind: 'store-failed', error }),
      });
    }
    this.opened = new SessionState(
      {
        now: () => this.parts.clock.monotonic(),
        dispatch: (arrival) => this.dispatch(arrival),
        unclaimed: () => this.watchUnclaimed(),
        soon: (task) => void this.parts.setAlarm(MOMENT, task),
        dropped: (topic) => this.countDropped(topic),
        undelivered: (topic, error) => this.undelivered(topic, error),
        moved: () => this.steerReading(),
      },
      this.settings,
      this.kept,
      this.parts.tuning ?? CLIENT_TUNING,
    );
    this.endWith(signal);
    if (this.lastEnd === undefined) this.attempt();
    this.opened.inbox.pump();
    try {
      if (startsOffline) signal?.throwIfAborted();
      else await this.first.promise;
    } catch (error) {
      // Whoever tries again finds the store closed.
      await this.closed;
      throw error;
    }
  }

  on<Name extends ClientEventName>(event: Name, listener: ClientListener<Name>): () => void {
    return this.emitter.on(event, listener);
  }

  /** hot: */
  publish(topic: string, payload: string | Uint8Array, options: PublishOptions = {}): Publishing {
    const handle = new PublishHandle(topic, this.session.outbox.unsettled.epoch, this);
    let message: Message;
    try {
      message = this.check(topic, payload, options);
    } catch (error) {
      handle.settle(asError(error));
      return handle;
    }
    this.take(message, handle, options.signal);
    return handle;
  }

  ready(): Promise<void> {
    return this.session.outbox.ready();
  }

  settled(): Promise<void> {
    return this.session.outbox.unsettled.settled();
  }

  async subscribe(
    filters: string | SubscribeRequest | readonly (string | SubscribeRequest)[],
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    const subscribing = this.subscriptions.subscribe(filters, options);
    this.steerReading();
    return await subscribing;
  }

  async unsubscribe(filters: string | readonly string[], { signal }: Abortable = {}): Promise<readonly ReasonCode[]> {
    const unsubscribing = this.subscriptions.unsubscribe(typeof filters === 'string' ? [filters] : filters, signal);
    this.steerReading();
    return await unsubscribing;
  }

  async request(topic: string, payload: string | Uint8Array, options: RequestOptions = {}): Promise<ReceivedMessage> {
    const requesting = this.requestsAndResponses().request(topic, payload, options);
    this.steerReading();
    return await requesting;
  }

  async respond(
    filter: string | SubscribeRequest,
    responder: Responder,
    options: Abortable = {},
  ): Promise<Subscription> {
    return await this.requestsAndResponses().respond(filter, responder, options);
  }

  async reauthenticate(): Promise<void> {
    if (this.settings.authentication === undefined) {
      throw new UsageError('invalid-argument', 'reauthenticate is for clients with the option authentication.');
    }
    if (this.lastEnd !== undefined) throw endingError(this.lastEnd);
    if (this.current === undefined || this.state !== 'connected') {
      throw new OperationError('not-connected', 'There is no connection; the next one begins with an authentication.');
    }
    await this.current.reauthenticate();
  }

  async disconnect(options: DisconnectOptions = {}): Promise<void> {
    const { version, properties } = this.settings.connect;
    const interval = this.agreement?.serverProperties.sessionExpiryInterval ?? properties.sessionExpiryInterval ?? 0;
    this.leave({ kind: 'disconnected' }, outgoingDisconnect(options, version, interval === 0));
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect();
  }

  // What a connection asks for and tells.

  async connectPacket(signal: AbortSignal): Promise<ConnectPacket> {
    const { version, clean } = this.settings.connect;
    // On 3.x the flag also says how long the session is kept.
    const isCleanNow = clean && (version !== 5 || !this.isConnectedOnce);
    return await this.credentials.connectPacket(isCleanNow, this.clientId, signal);
  }

  connected(agreement: Agreement, now: Millis): void {
    assert(this.current !== undefined, 'CONNACK comes on a connection');
    this.agreement = agreement;
    this.isConnectedOnce = true;
    this.state = 'connected';
    this.retry.succeeded(now);
    this.credentials.accepted();
    this.session.open(agreement, this.current.link, now);
    // MQTT 3.1 does not say whether the subscriptions are there; of a CONNECT with Clean Start that comes late nobody hears.
    const isUntold = agreement.terms.version === 3 || (this.settings.connect.clean && this.retry.mayComeLate(now));
    if (!agreement.sessionPresent || this.isSessionInDoubt || isUntold) this.subscriptions.renew();
    this.isSessionInDoubt = false;
    this.requests.opened(agreement);
    const { clientId, sessionPresent } = agreement;
    const { host, port } = this.servers.latest;
    const version = versionName(agreement.terms.version);
    this.parts.log.debug(`Connected to ${host}, port ${port}.`, { clientId, version, sessionPresent });
    this.first.resolve();
    if (this.connection !== undefined) this.emitter.emit('connected', this.connection);
  }

  /** hot: */
  receivePacket(packet: Packet, now: Millis): void {
    const { machine } = this.session;
    switch (packet.kind) {
      case 'publish':
      case 'puback':
      case 'pubrec':
      case 'pubrel':
      case 'pubcomp':
      case 'pingresp':
        return machine.receive(packet, now);
      case 'suback':
      case 'unsuback':
        machine.noteReceived(now);
        machine.returnId(packet.id);
        return this.requests.settle(packet);
      case 'disconnect':
        return this.receiveDisconnect(packet);
      case 'connack':
        throw violation('MQTT-3.2.0-2', 'A second CONNACK came.');
      case 'auth':
        machine.noteReceived(now);
        return this.current?.receiveAuth(packet);
      case 'connect':
      case 'subscribe':
      case 'unsubscribe':
      case 'pingreq':
        throw violation('', `A broker does not send ${packet.kind.toUpperCase()}.`);
      default:
        return unreachable(packet);
    }
  }

  pump(): void {
    this.requests.sendWaiting();
    this.session.pump();
    this.steerReading();
  }

  nextDeadline(): Millis | undefined {
    return this.session.machine.nextDeadline();
  }

  tick(now: Millis, isReading: boolean): void {
    // A broker that we do not listen to is not silent.
    if (!isReading) this.session.machine.noteReceived(now);
    this.session.machine.tick(now);
  }

  connectionEnded(end: ClientEnd): void {
    this.state = 'waiting';
    this.requests.connectionEnded();
    this.session.close(endingError(end));
  }

  connectionOver(end: ClientEnd): void {
    const isFirstOfAll = !this.isConnectedOnce && !this.settings.startsOffline;
    const now = this.parts.clock.monotonic();
    if (this.current?.isUnanswered === true) {
      this.isSessionInDoubt = true;
      this.retry.unanswered(now);
    }
    const followed = this.lastEnd === undefined ? this.servers.follow(end) : undefined;
    const isLast = this.lastEnd !== undefined || isFirstOfAll;
    const isAtOnce = followed?.isAtOnce === true;
    const later = isLast || isAtOnce ? undefined : this.retry.next(end, this.credentials, now, followed !== undefined);
    const delay = isAtOnce ? millis(0) : later;
    if (end.kind !== 'disconnected') this.parts.log.debug(endingError(end).message, { retryMillis: delay });
    if (delay !== undefined) {
      this.isRetryDue = true;
      this.cancelRetry = this.parts.setAlarm(delay, () => this.attempt(), true);
    }
    this.emitter.emit('disconnected', end, delay);
    if (followed !== undefined && this.isRetryDue) this.emitter.emit('redirected', followed.redirect);
    // A listener may have ended the client.
    if (delay === undefined) this.over(this.lastEnd ?? end);
  }

  // What a handle tells.

  unwitnessed(handle: PublishHandle, error: Error): void {
    // The caller of `publish` has the handle only when this turn is over.
    const tell = (): void => {
      if (!handle.isWitnessed) this.undelivered(handle.topic, error);
    };
    this.parts.setAlarm(millis(0), tell, true);
  }

  private get session(): SessionState {
    assert(this.opened !== undefined, 'a client is handed out with its session');
    return this.opened;
  }

  private attempt(): void {
    if (this.lastEnd !== undefined) return;
    this.isRetryDue = false;
    this.state = 'connecting';
    this.current = new Connection(this, this.servers.next(), this.settings, this.parts, this.extras.authentication);
    // What comes of it is told to `connected`, or `connectionOver`.
    void this.current.open();
  }

  /** Makes the message, and checks whether it can be sent at all, as far as that is known. */
  private check(topic: string, payload: string | Uint8Array, options: PublishOptions): Message {
    options.signal?.throwIfAborted();
    if (this.lastEnd !== undefined) throw endingError(this.lastEnd);
    const message = outgoingMessage(topic, payload, options, this.settings.connect.version, this.parts.clock);
    const problem = this.agreement === undefined ? undefined : unsendable(message, this.agreement);
    if (problem !== undefined) throw problem;
    if (message.qos === 0 && this.state !== 'connected') throw notConnected(topic);
    return message;
  }

  /** hot: */
  private take(message: Message, handle: PublishHandle, signal: AbortSignal | undefined): void {
    const { session, agreement } = this;
    if (signal !== undefined) this.abortWith(signal, handle);
    if (message.qos > 0) {
      session.outbox.add(message, handle, agreement);
      session.pump();
    } else session.sendSoon(newPublication(message, 0, handle, agreement));
    this.steerReading();
  }

  private abortWith(signal: AbortSignal, handle: PublishHandle): void {
    const onAbort = (): void => this.session.outbox.abort(handle, asError(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    handle.onSettled = () => signal.removeEventListener('abort', onAbort);
  }

  private requestsAndResponses(): RequestsAndResponses {
    return (this.requestResponse ??= this.extras.requestResponse({
      version: this.settings.connect.version,
      publish: (topic, payload, options) => this.publish(topic, payload, options),
      subscribe: (filters, options) => this.subscribe(filters, options),
      connection: () => this.connection,
      random: this.parts.random,
      setAlarm: this.parts.setAlarm,
      log: this.parts.log,
    }));
  }

  private undelivered(topic: string, error: Error): void {
    if (this.emitter.listens('undelivered')) this.emitter.emit('undelivered', topic, error);
    else this.parts.log.warn(`A message was not delivered: ${error.message}`, { topic });
  }

  private sayFull(isFull: boolean): void {
    const directory = this.settings.store;
    if (isFull) this.parts.log.warn('The disk is full: nothing more is accepted or acknowledged', { directory });
    else this.parts.log.info('The disk has room again', { directory });
  }

  /** Told at the first, the tenth, the hundredth. */
  private countDropped(topic: string): void {
    this.droppedCount++;
    if (!Number.isInteger(Math.log10(this.droppedCount))) return;
    const sentence = 'Messages of QoS 0 are dropped: the application does not keep up with them';
    this.parts.log.warn(sentence, { topic, dropped: this.droppedCount });
  }

  private dispatch(arrival: Arrival): boolean {
    return this.subscriptions.dispatch(arrival) || this.handToRest(arrival);
  }

  /** For what no subscription of this process claims. */
  private handToRest(arrival: Arrival): boolean {
    const { onMessage } = this.settings;
    if (onMessage === undefined) return false;
    handOver(onMessage, arrival, 'automatic', (error) => this.handlerFailed(error));
    return true;
  }

  /** Stops reading while the application has more than enough, unless it waits for the broker itself. hot: */
  private steerReading(): void {
    const { current, session } = this;
    if (current === undefined || !current.isOpen) return;
    const { link } = current;
    const mayRead = !session.inbox.handling.isBehind || this.isWaitedFor;
    if (mayRead !== link.isPaused) return;
    if (mayRead) this.resumeSoon(link);
    else link.pause();
  }

  /** Reads again when the caller has returned: what comes then is handed over at once. */
  private resumeSoon(link: Link): void {
    if (this.isSteeringDue) return;
    this.isSteeringDue = true;
    queueMicrotask(() => {
      this.isSteeringDue = false;
      link.resume();
      this.steerReading();
    });
  }

  private get isWaitedFor(): boolean {
    return (
      this.session.outbox.unsettled.count > 0 ||
      this.requests.pendingCount > 0 ||
      (this.requestResponse?.pendingCount ?? 0) > 0
    );
  }

  private handlerFailed(error: unknown): void {
    this.leave({ kind: 'handler-failed', error }, farewell(Reason.unspecifiedError, this.settings.connect.version));
  }

  private receiveDisconnect({ reasonCode, properties }: DisconnectPacket): void {
    const { reasonString, serverReference } = properties;
    this.current?.finish({ kind: 'disconnected-by-broker', reasonCode, reasonString, serverReference }, undefined);
  }

  /** Messages have come that nobody wants: if that is still so in a while, it is told. */
  private watchUnclaimed(): void {
    if (this.isUnclaimedWatched) return;
    this.isUnclaimedWatched = true;
    this.parts.setAlarm(UNCLAIMED_AFTER, () => {
      this.isUnclaimedWatched = false;
      for (const topic of this.session.inbox.handling.unclaimedTopics) {
        const told = (this.unclaimedTold ??= new Set());
        if (told.size >= UNCLAIMED_TOPICS_MAX || told.has(topic)) continue;
        told.add(topic);
        this.parts.log.warn('A message waits for a subscription that nobody has made in this process', { topic });
        this.emitter.emit('unclaimed', topic);
      }
    });
  }

  /** The signal of `connect` ends the client. */
  private endWith(signal: AbortSignal | undefined): void {
    const onAbort = (): void => {
      this.first.reject(signal?.reason);
      this.leave({ kind: 'disconnected' }, outgoingDisconnect({}, this.settings.connect.version, false));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    // Nothing rejects `closed`.
    void this.closed.then(() => signal?.removeEventListener('abort', onAbort));
    if (signal?.aborted === true) onAbort();
  }

  /** An end that was to be in order is not, if the store fails before it is closed: what it was told last may not be there. */
  private storeFailed(end: ClientEnd): void {
    if (this.lastEnd?.kind === 'disconnected') this.lastEnd = end;
    else this.leave(end, undefined);
  }

  /** The client ends, with this packet as the last one of its connection if there is one. The first end counts. */
  private leave(end: ClientEnd, last: DisconnectPacket | undefined): void {
    if (this.lastEnd !== undefined) return;
    this.lastEnd = end;
    this.cancelRetry();
    this.opened?.inbox.stop();
    this.subscriptions.close(end.kind === 'disconnected' ? undefined : endingError(end));
    if (this.current === undefined || this.isRetryDue) this.over(end);
    else this.current.finish(end, last);
  }

  private over(end: ClientEnd): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.lastEnd = end;
    const error = endingError(end);
    this.first.reject(error);
    // Whether the latest ones are there, a store that has failed cannot tell.
    const isKept = end.kind !== 'store-failed';
    this.opened?.end((isStored) => (isStored && isKept ? staysInOutbox(error) : error));
    this.requests.rejectAll(error);
    this.requestResponse?.close(error);
    this.subscriptions.close(end.kind === 'disconnected' ? undefined : error);
    // `closed` is fulfilled all the same; a store that fails while it is closed says so (`storeFailed`).
    void this.closeStore().then(() => {
      const last = this.lastEnd ?? end;
      this.emitter.emit('closed', last);
      this.gone.resolve(last);
    });
  }

  private async closeStore(): Promise<void> {
    try {
      await this.kept?.store.close();
    } catch (error) {
      this.parts.log.error('The store could not be closed', { error: String(error) });
    }
  }
}

function notConnected(topic: string): OperationError {
  const sentence = `The message to ${JSON.stringify(topic)} has QoS 0, and there is no connection; QoS 1 and 2 wait for one.`;
  return new OperationError('not-connected', sentence);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new OperationError('closed', String(error), undefined, { cause: error });
}
