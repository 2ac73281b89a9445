// The MQTT client as an application sees it: a session with a broker, in promises and iterators. connect.ts makes one.
// The session outlives connections: when one is lost the client connects again, and what was under way goes on. With a
// `store` it outlives the process, too.

import type { QoS } from '../packet/packet.ts';
import type { ConnackProperties, MessageProperties, UserProperty } from '../packet/properties.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import type { ClientEnd } from './endings.ts';
import type { ClientEventName, ClientListener } from './events.ts';
import type { MessageHandler, ReceivedMessage } from './received-message.ts';

/** A client of a broker. */
export interface Client extends AsyncDisposable {
  /** Ours, or the one that the broker has assigned; '' until it has. */
  readonly clientId: string;
  /**
   * 'connecting': an attempt is being made. 'waiting': for the next one. 'connected': CONNACK has come.
   * 'closed': it is over, and `closed` says how.
   */
  readonly state: 'connecting' | 'waiting' | 'connected' | 'closed';
  /** What was agreed on with the broker, on the latest connection; `undefined` before the first one. */
  readonly connection: ConnectionFacts | undefined;
  /** Fulfilled, never rejected, when the client is over for good, with how it ended. */
  readonly closed: Promise<ClientEnd>;
  /** Messages that were published and are not settled, whether they are in flight, in the outbox or wait for a place there. */
  readonly unsettledCount: number;

  /**
   * Calls `listener` at each event; what it throws is logged, and nothing else becomes of it.
   * @returns Ends that.
   * @throws {UsageError} `invalid-argument`: there is no such event.
   */
  on<Name extends ClientEventName>(event: Name, listener: ClientListener<Name>): () => void;

  /**
   * Publishes a message. Messages of one QoS are sent in the order of the calls; while the broker's window is full, or nobody is
   * connected, those of QoS 1 and 2 wait in the outbox, and while that is full, for a place there. QoS 0 needs a connection.
   * @param payload  Kept, not copied, until the promise is settled.
   * @returns Fulfilled when the delivery is settled: sent (QoS 0), or acknowledged (QoS 1: PUBACK, QoS 2: PUBCOMP).
   * @throws {UsageError} what MQTT, or this version of it, has no place for.
   * @throws {OperationError} `rejected` with the broker's Reason Code, `too-large`, `expired`, `not-connected` (QoS 0), `ambiguous`
   * (`onAmbiguous`), `closed`, `connection-lost`, `store-failed`, `store-full`.
   * @throws The signal's reason.
   */
  publish(topic: string, payload: string | Uint8Array, options?: PublishOptions): Publishing;

  /** Fulfilled when the outbox has room; for who publishes much without waiting for each. */
  ready(): Promise<void>;

  /** Fulfilled when everything that was published before the call is settled, however that went. */
  settled(): Promise<void>;

  /**
   * Subscribes to topic filters. While nobody is connected, it waits for that; on later connections, where the broker
   * has lost the session, it subscribes again by itself.
   * Subscriptions may overlap, or name the same filter: each gets the message. (A broker may send it once for each of them. Subscription
   * Identifiers tell these copies apart; MQTT 3.1.1 has none, and there each subscription gets every copy.)
   * @returns The subscription, which is iterated for its messages unless they go to `onMessage`. Where the broker refused some of
   * the filters, `granted` says which.
   * @throws {UsageError} a filter that is none, an option that this version lacks.
   * @throws {OperationError} `rejected` where the broker refused every filter, or has said that it lacks what is asked for; `closed`.
   * @throws The signal's reason.
   */
  subscribe(
    filters: string | SubscribeRequest | readonly (string | SubscribeRequest)[],
    options?: SubscribeOptions,
  ): Promise<Subscription>;

  /**
   * Ends subscriptions, also such as an earlier process has left in the session. `Subscription.end` is for those of this one.
   * @returns The broker's answer to each, in order: 0x00, 0x11 where there was none, or 0x80 and above.
   * @throws {UsageError} a filter that is none.
   * @throws {OperationError} `closed`.
   * @throws The signal's reason.
   */
  unsubscribe(filters: string | readonly string[], options?: Abortable): Promise<readonly ReasonCode[]>;

  /**
   * Publishes a request, and waits for the response to it (section 4.10); MQTT 5.0.
   * @throws What `publish` throws, and `timed-out`.
   */
  request(topic: string, payload: string | Uint8Array, options?: RequestOptions): Promise<ReceivedMessage>;

  /**
   * Answers requests: what `responder` returns goes to the Response Topic of the request, with its Correlation Data;
   * MQTT 5.0. A message without a Response Topic is handed over all the same, and the answer goes nowhere. A request is acknowledged
   * when the outbox has its response. Default QoS: 2, that is, whatever a request was published with; a response has that of its request.
   * @throws What `subscribe` throws.
   */
  respond(filter: string | SubscribeRequest, responder: Responder, options?: Abortable): Promise<Subscription>;

  /**
   * Has the broker authenticate the client again, on this connection and with the option `authentication`: before what it has
   * shown runs out, say. Everything else goes on meanwhile. If that fails on either side the connection ends, and the next one begins
   * with an authentication of its own. MQTT 5.0.
   * @returns Fulfilled when the broker has accepted; asked twice at a time, it is done once.
   * @throws {UsageError} `invalid-argument`: without `authentication`, or what that gives has no place in MQTT.
   * @throws {OperationError} `not-connected`; `connection-lost` with the broker's Reason Code, `connection-refused` where a
   * function of `authentication` threw, `timed-out`, `too-large`; `closed`.
   */
  reauthenticate(): Promise<void>;

  /**
   * Ends the client with DISCONNECT; what is not acknowledged yet is rejected with `closed`, but stays in the outbox if that is
   * on disk. Fulfilled when it is over.
   */
  disconnect(options?: DisconnectOptions): Promise<void>;
}

/** What client and broker have agreed on. */
export interface ConnectionFacts {
  readonly clientId: string;
  /** The broker has kept the session of an earlier connection, with its subscriptions. MQTT 3.1 does not tell: as `clean` asks for. */
  readonly sessionPresent: boolean;
  /** The Keep Alive in force, which may be the broker's. */
  readonly keepAliveSeconds: number;
  /** All that the broker has said in CONNACK. What it limits is obeyed here. */
  readonly serverProperties: ConnackProperties;
}

/** What gives up waiting. What has been sent by then is not called back. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** How a message is published. */
export interface PublishOptions extends Abortable {
  /** Default: 0. */
  readonly qos?: QoS | undefined;
  /** Default: false. */
  readonly retain?: boolean | undefined;
  /** MQTT 5.0. Message Expiry Interval runs in the outbox, too. */
  readonly properties?: Partial<MessageProperties> | undefined;
}

/**
 * A message on its way: the promise of its end. A failure that nobody waits for is told by the event `undelivered`, not as an
 * unhandled rejection.
 */
export interface Publishing extends Promise<Published> {
  /**
   * Fulfilled when the outbox has the message: with a `store`, on disk. From then on it goes out whatever becomes of
   * this process, as soon as a client opens the store again. QoS 0 is never stored: fulfilled when it is taken.
   */
  readonly stored: Promise<void>;
}

/** What became of a message: the Reason Code of PUBACK or PUBREC, below 0x80; 0x10 says that nobody is subscribed. */
export interface Published {
  readonly reasonCode: number;
}

/** A topic filter and what is asked of the broker about it. */
export interface SubscribeRequest {
  readonly filter: string;
  /** The highest QoS to receive. Default: that of `SubscribeOptions`. */
  readonly qos?: QoS | undefined;
  /** Not what this client publishes itself; MQTT 5.0. Default: false. */
  readonly noLocal?: boolean | undefined;
  /** Keep the retain flag with which it was published; MQTT 5.0. Default: false. */
  readonly retainAsPublished?: boolean | undefined;
  /** Retained messages are sent: 0 always, 1 for a new subscription, 2 never; MQTT 5.0. Default: 0. */
  readonly retainHandling?: 0 | 1 | 2 | undefined;
}

/** What is asked about all filters of one subscription, and who gets the messages. */
export interface SubscribeOptions extends Abortable {
  /** For filters that do not say. Default: 0. */
  readonly qos?: QoS | undefined;
  /**
   * Takes each message, in order of arrival, without waiting for an earlier one's promise. Default: the subscription is iterated.
   * If it throws or its promise is rejected, the message stays unacknowledged and the client ends (`handler-failed`).
   */
  readonly onMessage?: MessageHandler | undefined;
  /**
   * 'automatic': a message is acknowledged when `onMessage` has returned and its promise is fulfilled, or when the loop asks for the
   * next one. 'manual': by `message.ack()`. Default: 'automatic'.
   */
  readonly acknowledge?: 'automatic' | 'manual' | undefined;
  /** MQTT 5.0. */
  readonly userProperties?: readonly UserProperty[] | undefined;
}

/**
 * A subscription and its messages. Iterated, it yields them in order of arrival until it or the client is ended; if the client fails,
 * the loop throws why. A loop that is left (`break`, an exception) leaves the subscription as it is: messages wait, and the one in
 * hand is the first of the next loop unless it was acknowledged with `message.ack()`. One loop at a time.
 */
export interface Subscription extends AsyncIterable<ReceivedMessage>, AsyncDisposable {
  readonly filters: readonly string[];
  /** The broker's answer to each, in order: the QoS granted, or 0x80 and above where it refuses. That of the latest connection. */
  readonly granted: readonly ReasonCode[];
  /**
   * Unsubscribes from those filters that no other subscription of this client has. Messages that wait to be iterated are acknowledged,
   * since nobody wants them any more, and so is the one that a loop had in hand when it was left; with manual acknowledgement, what was
   * handed out once is yours. Who wants them to come again ends the client instead. Never rejected. Fulfilled with UNSUBACK; at once
   * while nobody is connected: it goes out with the next connection.
   */
  end(): Promise<void>;
}

/** How a request is made. */
export interface RequestOptions extends PublishOptions {
  /** How long to wait for the response. Default: 30,000. */
  readonly timeoutMillis?: number | undefined;
}

/** A response: a payload, alone or with how it is published. */
export type Response =
  | string
  | Uint8Array
  | { readonly payload: string | Uint8Array; readonly options?: PublishOptions };

/** Takes a request, and says what to answer. If it throws, the client ends (`handler-failed`). */
export type Responder = (request: ReceivedMessage) => Response | Promise<Response>;

/** What DISCONNECT says; MQTT 5.0. */
export interface DisconnectOptions {
  /** 0x04 has the broker publish the Will all the same. Default: 0x00. */
  readonly reasonCode?: ReasonCode | undefined;
  /** Changes how long the session is kept, unless it was 0. */
  readonly sessionExpirySeconds?: number | undefined;
}
