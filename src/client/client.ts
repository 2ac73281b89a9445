// The MQTT client as an application sees it: one connection to a broker, in promises. connect.ts makes one.
// It does not connect again by itself, and what it has in flight ends with the connection.

import type { QoS } from '../packet/packet.ts';
import type { ConnackProperties, MessageProperties, UserProperty } from '../packet/properties.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import type { ClientEnd } from './endings.ts';
import type { Published } from './outbox.ts';

/** A connection to a broker. */
export interface Client {
  /** Ours, or the one that the broker has assigned. */
  readonly clientId: string;
  /** Whether the broker has kept the session of an earlier connection, with its subscriptions. */
  readonly sessionPresent: boolean;
  /** The Keep Alive in force, which may be the broker's. */
  readonly keepAliveSeconds: number;
  /** All that the broker has said in CONNACK. What it limits is obeyed here. */
  readonly serverProperties: ConnackProperties;
  /** Fulfilled, never rejected, when the connection is over, with how it ended. */
  readonly closed: Promise<ClientEnd>;

  /**
   * Publishes a message: fulfilled when it is sent (QoS 0), or acknowledged by the broker (QoS 1: PUBACK, QoS 2: PUBCOMP).
   * Messages are sent in the order of the calls; while the broker's window is full, they wait.
   * @param payload  Kept, not copied, until the promise is settled.
   * @throws {UsageError} what MQTT, or this version of it, has no place for.
   * @throws {OperationError} `rejected` with the broker's Reason Code, `too-large`, `closed`, `connection-lost`.
   */
  publish(topic: string, payload: string | Uint8Array, options?: PublishOptions): Promise<Published>;

  /** Fulfilled when the line of messages that wait to be sent is short; for who publishes much without waiting for each. */
  ready(): Promise<void>;

  /**
   * Subscribes to topic filters; the messages go to `onMessage`.
   * @returns The broker's answer to each, in order: the QoS granted, or 0x80 and above where it refuses.
   * @throws {UsageError} a filter that is none, an option that this version lacks.
   * @throws {OperationError} `rejected` where the broker has said that it lacks what is asked for, `closed`, `connection-lost`.
   */
  subscribe(requests: readonly SubscribeRequest[], options?: SubscribeOptions): Promise<readonly ReasonCode[]>;

  /**
   * Ends subscriptions.
   * @returns The broker's answer to each, in order: 0x00, 0x11 where there was none, or 0x80 and above.
   * @throws {UsageError} a filter that is none.
   * @throws {OperationError} `closed`, `connection-lost`.
   */
  unsubscribe(filters: readonly string[]): Promise<readonly ReasonCode[]>;

  /** Ends the connection with DISCONNECT; what is not acknowledged yet is rejected with `closed`. Fulfilled when it is over. */
  disconnect(options?: DisconnectOptions): Promise<void>;
}

/** How a message is published. */
export interface PublishOptions {
  /** Default: 0. */
  readonly qos?: QoS | undefined;
  /** Default: false. */
  readonly retain?: boolean | undefined;
  /** MQTT 5.0. */
  readonly properties?: Partial<MessageProperties> | undefined;
}

/** A topic filter and what is asked of the broker about it. */
export interface SubscribeRequest {
  readonly filter: string;
  /** The highest QoS to receive. Default: 0. */
  readonly qos?: QoS | undefined;
  /** Not what this client publishes itself; MQTT 5.0. Default: false. */
  readonly noLocal?: boolean | undefined;
  /** Keep the retain flag with which it was published; MQTT 5.0. Default: false. */
  readonly retainAsPublished?: boolean | undefined;
  /** Retained messages are sent: 0 always, 1 for a new subscription, 2 never; MQTT 5.0. Default: 0. */
  readonly retainHandling?: 0 | 1 | 2 | undefined;
}

/** What is asked of the broker about all filters of one request; MQTT 5.0. */
export interface SubscribeOptions {
  /** Comes back with each message that matches, 1 to 268,435,455. */
  readonly identifier?: number | undefined;
  readonly userProperties?: readonly UserProperty[] | undefined;
}

/** What DISCONNECT says; MQTT 5.0. */
export interface DisconnectOptions {
  /** 0x04 has the broker publish the Will all the same. Default: 0x00. */
  readonly reasonCode?: ReasonCode | undefined;
  /** Changes how long the session is kept, unless it was 0. */
  readonly sessionExpirySeconds?: number | undefined;
}
