// A message on its way to the application, and whether everybody who got it is done with it.
// Subscriptions may overlap: then each taker has an arrival of its own, since each acknowledges for itself, and they share the count
// of the first one. The inbox makes it, the subscriptions hand it over, the application acknowledges it.

import type { Message } from '../packet/message.ts';
import type { QoS } from '../packet/packet.ts';
import type { MessageProperties } from '../packet/properties.ts';
import type { ReceivedMessage } from './received-message.ts';

/** Who is told that everybody is done with a message. Not a method of the message's: applications see that. */
export type Finished = (arrival: Arrival) => void;

/** How a message came. */
export interface Coming {
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  readonly key: number;
  readonly packetId: number;
}

/** One taker's message. */
export class Arrival implements ReceivedMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  readonly properties: MessageProperties;
  readonly key: number;
  readonly packetId: number;
  readonly #first: Arrival;
  readonly #finished: Finished;
  #isAcknowledged: boolean;
  /** On the first one: how many there are, how many are not done, and how many takers will not have it. */
  #copies: number;
  #open: number;
  #left: number;

  /** @param message  Kept: its payload is the application's from now on. */
  constructor(
    message: Pick<Message, 'topic' | 'payload' | 'properties'>,
    coming: Coming,
    finished: Finished,
    first?: Arrival,
  ) {
    this.topic = message.topic;
    this.payload = message.payload;
    this.qos = coming.qos;
    this.retain = coming.retain;
    this.dup = coming.dup;
    this.subscriptionIdentifiers = coming.subscriptionIdentifiers;
    this.properties = message.properties;
    this.key = coming.key;
    this.packetId = coming.packetId;
    this.#first = first ?? this;
    this.#finished = finished;
    this.#isAcknowledged = false;
    this.#copies = 1;
    this.#open = 1;
    this.#left = 0;
  }

  /** Whether this taker is done. */
  get isAcknowledged(): boolean {
    return this.#isAcknowledged;
  }

  /** Whether all are. */
  get isFinished(): boolean {
    return this.#first.#open === 0;
  }

  /** The same message for one taker more; ask for it before any of them can be done. */
  another(): Arrival {
    const first = this.#first;
    first.#copies++;
    first.#open++;
    return new Arrival(first, first, first.#finished, first);
  }

  /**
   * This taker will not have it.
   * @returns Whether somebody else has it, or is to have it; else this one is left, for nobody.
   */
  leaveToOthers(): boolean {
    const first = this.#first;
    if (++first.#left === first.#copies) return false;
    this.ack();
    return true;
  }

  ack(): void {
    if (this.#isAcknowledged) return;
    this.#isAcknowledged = true;
    const first = this.#first;
    if (--first.#open === 0) first.#finished(first);
  }
}
