// Requests and responses over topics (section 4.10 of MQTT 5.0). A requester subscribes to a Response Topic of its own, once, and
// tells responses apart by their Correlation Data; a responder sends its answer where the request says.
// Nothing here waits without an end: a request has a timeout, and is withdrawn with it if it has not been sent.

import { OperationError, UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { millis } from '../base/millis.ts';
import type { Random } from '../base/random.ts';
import { NO_CONNACK_PROPERTIES } from '../packet/properties.ts';
import { type ProtocolVersion, versionName } from '../packet/protocol-version.ts';
import { parseTopicName } from '../topic/topic-name.ts';
import { checkFunction, checkInteger } from './checks.ts';
import type {
  Abortable,
  Client,
  ConnectionFacts,
  RequestOptions,
  Responder,
  Response,
  SubscribeRequest,
  Subscription,
} from './client.ts';
import type { SetAlarm } from './parts.ts';
import type { ReceivedMessage } from './received-message.ts';
import { checkTopic } from './topics.ts';

/** Who stands behind requests and responses. */
export interface RequestResponseOwner {
  readonly version: ProtocolVersion;
  readonly random: Random;
  readonly setAlarm: SetAlarm;
  readonly log: Log;
  readonly publish: Client['publish'];
  readonly subscribe: Client['subscribe'];
  /** `Client.connection`. */
  connection(): ConnectionFacts | undefined;
}

/** A request that waits for its response. */
interface Request {
  readonly resolve: (response: ReceivedMessage) => void;
  /** Why it ends without a response. The first end counts. */
  readonly fail: (error: unknown) => void;
}

/** A Response Topic, and the subscription to it. */
interface Place {
  readonly topic: string;
  readonly subscription: Promise<Subscription>;
  /** How many requests wait for a response there. */
  waitingCount: number;
}

/** Whatever QoS a message was published with. */
const QOS_ANY = 2;
const TIMEOUT_MILLIS = 30_000;
const TIMEOUT_MILLIS_MAX = 2_147_483_647;
const TOPIC_BYTES = 12;
/** So that nobody guesses them. */
const CORRELATION_BYTES = 8;
/** Of the counter behind those. */
const COUNTER_BYTES = 4;
const NOT_CONNECTED = { clientId: '', serverProperties: NO_CONNACK_PROPERTIES };

/** The requests and responders of a client. */
export class RequestResponse {
  private readonly owner: RequestResponseOwner;
  /** By Correlation Data, in hexadecimal. */
  private readonly waiting: Map<string, Request>;
  /** By topic. */
  private readonly places: Map<string, Place>;
  private readonly receive: (response: ReceivedMessage) => void;
  /** The topic of those requests that name none; chosen with the first of them, and kept. */
  private ownTopic: string | undefined;
  private correlationStart: Uint8Array | undefined;
  private requestCount: number;

  constructor(owner: RequestResponseOwner) {
    this.owner = owner;
    this.waiting = new Map();
    this.places = new Map();
    this.receive = (response) => this.receiveResponse(response);
    this.ownTopic = undefined;
    this.correlationStart = undefined;
    this.requestCount = 0;
  }

  /** How many requests wait for their responses. */
  get pendingCount(): number {
    return this.waiting.size;
  }

  /** `Client.request`. */
  async request(topic: string, payload: string | Uint8Array, options: RequestOptions = {}): Promise<ReceivedMessage> {
    this.refuseOldVersion('request');
    const { timeoutMillis = TIMEOUT_MILLIS, signal, properties } = options;
    checkInteger('timeoutMillis', timeoutMillis, 1, TIMEOUT_MILLIS_MAX);
    checkTopic(topic);
    if (properties?.responseTopic !== undefined) checkTopic(properties.responseTopic);
    signal?.throwIfAborted();
    const correlationData = properties?.correlationData ?? this.newCorrelationData();
    const key = hex(correlationData);
    if (this.waiting.has(key)) {
      throw new UsageError('invalid-argument', 'A request with this Correlation Data waits for its response already.');
    }
    const response = Promise.withResolvers<ReceivedMessage>();
    const giveUp = new AbortController();
    const fail = (error: unknown): void => {
      giveUp.abort(error);
      response.reject(error);
    };
    const onAbort = (): void => fail(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const cancelTimeout = this.owner.setAlarm(millis(timeoutMillis), () => fail(lateness(topic, timeoutMillis)));
    this.waiting.set(key, { resolve: response.resolve, fail });
    const place = this.enter(properties?.responseTopic);
    this.send(topic, payload, options, place, correlationData, giveUp.signal).catch(fail);
    try {
      return await response.promise;
    } finally {
      this.waiting.delete(key);
      cancelTimeout();
      signal?.removeEventListener('abort', onAbort);
      this.leave(place);
    }
  }

  /** `Client.respond`. Requests are taken with the QoS that they were published with, unless the filter says less. */
  async respond(
    filter: string | SubscribeRequest,
    responder: Responder,
    options: Abortable = {},
  ): Promise<Subscription> {
    this.refuseOldVersion('respond');
    checkFunction('respond', responder ?? null);
    const whole = typeof filter === 'string' ? filter : filter.filter;
    let hasWarned = false;
    const onMessage = async (request: ReceivedMessage): Promise<void> => {
      const response = await responder(request);
      const topic = request.properties.responseTopic;
      if (topic !== undefined && isTopic(topic)) return await this.answer(request, topic, response);
      if (hasWarned) return;
      hasWarned = true;
      const fields = { filter: whole, topic: request.topic };
      this.owner.log.warn('A request names no Response Topic; its response goes nowhere', fields);
    };
    return await this.owner.subscribe(filter, { onMessage, qos: QOS_ANY, signal: options.signal });
  }

  /** The client is over. */
  close(error: Error): void {
    for (const { fail } of Array.from(this.waiting.values())) fail(error);
  }

  private async send(
    topic: string,
    payload: string | Uint8Array,
    { qos, retain, properties }: RequestOptions,
    place: Place,
    correlationData: Uint8Array,
    signal: AbortSignal,
  ): Promise<void> {
    await place.subscription;
    signal.throwIfAborted();
    const complete = { ...properties, responseTopic: place.topic, correlationData };
    await this.owner.publish(topic, payload, { qos, retain, properties: complete, signal });
  }

  private receiveResponse(response: ReceivedMessage): void {
    const { correlationData } = response.properties;
    const request = correlationData === undefined ? undefined : this.waiting.get(hex(correlationData));
    if (request !== undefined) request.resolve(response);
    else this.owner.log.debug('A response came for which nobody waits', { topic: response.topic });
  }

  /**
   * Sends a response; fulfilled when the request may be acknowledged: the outbox has the response, or it cannot be sent.
   * @throws {UsageError} a response that MQTT has no place for.
   */
  private async answer(request: ReceivedMessage, topic: string, response: Response): Promise<void> {
    const isPlain = typeof response === 'string' || response instanceof Uint8Array;
    const payload = isPlain ? response : response.payload;
    const options = isPlain ? undefined : response.options;
    const properties = { ...options?.properties, correlationData: request.properties.correlationData };
    const qos = options?.qos ?? request.qos;
    const publishing = this.owner.publish(topic, payload, { ...options, qos, properties });
    publishing.catch((error: unknown) => {
      this.owner.log.warn('A response was not delivered', { topic, error: String(error) });
    });
    try {
      await publishing.stored;
    } catch (error) {
      if (error instanceof UsageError) throw error;
    }
  }

  /** The place of a response; subscribed to with the first request that waits there. */
  private enter(given: string | undefined): Place {
    const topic = given ?? this.ownTopic ?? this.newTopic();
    if (given === undefined) this.ownTopic = topic;
    const known = this.places.get(topic);
    if (known !== undefined) {
      known.waitingCount++;
      return known;
    }
    const subscription = this.owner.subscribe({ filter: topic, qos: QOS_ANY }, { onMessage: this.receive });
    const place: Place = { topic, subscription, waitingCount: 1 };
    this.places.set(topic, place);
    // The next request tries again.
    subscription.catch(() => this.forget(place));
    return place;
  }

  private leave(place: Place): void {
    place.waitingCount--;
    if (place.waitingCount > 0 || place.topic === this.ownTopic) return;
    this.forget(place);
    // Nobody waits for it; where there is no subscription, there is none to end.
    void place.subscription.then(
      (subscription) => subscription.end(),
      () => undefined,
    );
  }

  private forget(place: Place): void {
    if (this.places.get(place.topic) === place) this.places.delete(place.topic);
  }

  /** The same in the next process, so that a session that is kept does not gather subscriptions, nor responses that nobody claims. */
  private newTopic(): string {
    const { clientId, serverProperties } = this.owner.connection() ?? NOT_CONNECTED;
    // Who has no name yet gets a topic of his own all the same.
    const level = clientId === '' ? hex(this.owner.random.bytes(TOPIC_BYTES)) : asLevel(clientId);
    const { responseInformation } = serverProperties;
    const isGiven = responseInformation !== undefined && isTopic(responseInformation);
    const root = isGiven ? responseInformation.replace(/\/$/, '') : 'vouch/response';
    // A broker may have given a root to this client, or one for all of them.
    return root.endsWith(`/${level}`) ? root : `${root}/${level}`;
  }

  private newCorrelationData(): Uint8Array {
    this.correlationStart ??= this.owner.random.bytes(CORRELATION_BYTES);
    const data = new Uint8Array(CORRELATION_BYTES + COUNTER_BYTES);
    data.set(this.correlationStart);
    new DataView(data.buffer).setUint32(CORRELATION_BYTES, this.requestCount++);
    return data;
  }

  private refuseOldVersion(name: string): void {
    const { version } = this.owner;
    if (version === 5) return;
    const sentence = `${name} needs MQTT 5.0: ${versionName(version)} has no Response Topic and no Correlation Data.`;
    throw new UsageError('invalid-argument', sentence);
  }
}

/** Another side's Response Topic may be no topic at all. [MQTT-3.3.2-14] */
function isTopic(text: string): boolean {
  return parseTopicName(text, Number.POSITIVE_INFINITY).kind === 'topic';
}

/** A client identifier as one level of a topic; no two become the same. */
function asLevel(clientId: string): string {
  return clientId.replace(/[+#/%]/g, encodeURIComponent);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function lateness(topic: string, timeoutMillis: number): OperationError {
  const sentence = `No response to the request to ${JSON.stringify(topic)} came within ${timeoutMillis / 1000} s.`;
  return new OperationError('timed-out', sentence);
}
