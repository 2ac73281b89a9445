// The events of a broker for any number of listeners, who come and go. A listener is foreign code: what
// it throws is logged, once a second for each event, and the broker's work goes on.

import { UsageError } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { millis } from '../base/millis.ts';
import { Repetitions } from '../base/repetitions.ts';
import type { BrokerEvents } from '../broker/events.ts';
import { quote } from '../config/spelling.ts';
import { NODE_CLOCK } from './node-parts.ts';

const QUIET = millis(1_000);

type EventName = keyof BrokerEvents;

/** What is called at an event. */
export type EventListener<Name extends keyof BrokerEvents> = Required<BrokerEvents>[Name];

/** Who listens to what, and the callbacks that a broker is handed. An event that nobody listens to costs one look at an empty list. */
export class EventHub {
  /** For the broker. */
  readonly events: Required<BrokerEvents>;
  private readonly log: Log;
  private readonly clock: Pick<Clock, 'monotonic'>;
  private readonly repetitions: Repetitions<EventName>;
  private readonly listeners: { readonly [Name in EventName]: Set<EventListener<Name>> };

  constructor(log: Log, clock: Pick<Clock, 'monotonic'> = NODE_CLOCK) {
    this.log = log;
    this.clock = clock;
    this.repetitions = new Repetitions(QUIET);
    const listeners = {
      clientConnected: new Set<EventListener<'clientConnected'>>(),
      clientDisconnected: new Set<EventListener<'clientDisconnected'>>(),
      messagePublished: new Set<EventListener<'messagePublished'>>(),
      messageDropped: new Set<EventListener<'messageDropped'>>(),
      messagesDropped: new Set<EventListener<'messagesDropped'>>(),
      storeOpening: new Set<EventListener<'storeOpening'>>(),
      storeFull: new Set<EventListener<'storeFull'>>(),
      storeFailed: new Set<EventListener<'storeFailed'>>(),
    };
    this.listeners = listeners;
    this.events = {
      clientConnected: (...facts) => this.tell('clientConnected', listeners.clientConnected, facts),
      clientDisconnected: (...facts) => this.tell('clientDisconnected', listeners.clientDisconnected, facts),
      messagePublished: (...facts) => this.tell('messagePublished', listeners.messagePublished, facts),
      messageDropped: (...facts) => this.tell('messageDropped', listeners.messageDropped, facts),
      messagesDropped: (...facts) => this.tell('messagesDropped', listeners.messagesDropped, facts),
      storeOpening: (...facts) => this.tell('storeOpening', listeners.storeOpening, facts),
      storeFull: (...facts) => this.tell('storeFull', listeners.storeFull, facts),
      storeFailed: (...facts) => this.tell('storeFailed', listeners.storeFailed, facts),
    };
  }

  /**
   * Adds a listener.
   * @throws {UsageError} `invalid-argument`: there is no such event.
   */
  add<Name extends EventName>(event: Name, listener: EventListener<Name>): () => void {
    if (!Object.hasOwn(this.listeners, event)) {
      const known = Object.keys(this.listeners).join(', ');
      throw new UsageError('invalid-argument', `${quote(event)} is not an event; the events are ${known}.`);
    }
    const listeners: Set<EventListener<Name>> = this.listeners[event];
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  private tell<Facts extends readonly unknown[]>(
    event: EventName,
    listeners: ReadonlySet<(...facts: Facts) => void>,
    facts: Facts,
  ): void {
    for (const listener of listeners) {
      try {
        listener(...facts);
      } catch (error) {
        // The listener is not ours, and the broker's work is not to be left half done.
        const more = this.repetitions.note(event, this.clock.monotonic());
        if (more === undefined) continue;
        const end = more === '' ? '' : `.${more}`;
        this.log.error(`A listener of the embedding program threw${end}`, { event, error: String(error) });
      }
    }
  }
}
