// What the store says to the broker, and what the broker makes of it: what is durable lets go on what waited for it; a
// full store has new messages refused (publishing.ts, subscribing.ts) until there is room again; a failed one ends
// everything. Each is said in the log once, when it changes, however many messages it costs.
//
// While the store is full it still takes small records, from its reserve: sessions, subscriptions, Wills, and all that clients
// acknowledge. Who connects is thus served, and what is delivered makes room. Refused are new messages: those for persistent
// sessions, those that need their QoS 2 identifier remembered, and retained ones, at any QoS. Wills of that kind wait (wills.ts).

import type { OperationError } from '../base/errors.ts';
import type { Message } from '../packet/message.ts';
import type { StoreOwner } from '../store/contract.ts';
import type { BrokerState } from './broker-state.ts';

/** The broker's ear at its store. */
export class StoreWatch implements StoreOwner {
  private readonly broker: BrokerState;
  /** How many messages had been refused when the store became full. */
  private refusedBefore: number;

  constructor(broker: BrokerState) {
    this.broker = broker;
    this.refusedBefore = 0;
  }

  restoreRetained(messages: readonly Message[]): void {
    this.broker.retained.restore(messages);
  }

  opening(share: number): void {
    this.broker.events.storeOpening?.(share);
  }

  durable(): void {
    this.broker.committed();
  }

  full(isFull: boolean): void {
    const { broker } = this;
    if (isFull === broker.isStoreFull) return;
    broker.isStoreFull = isFull;
    const refused = broker.counters.messagesRefusedStoreFull;
    if (isFull) {
      this.refusedBefore = refused;
      broker.log.error(
        'The store is full: messages for persistent sessions and retained messages are refused until there is room. Deliveries go on.',
      );
    } else {
      const count = refused - this.refusedBefore;
      broker.log.warn(`The store has room again. While it was full, ${count} messages were refused.`, {
        refused: count,
      });
      broker.wills.storeHasRoom();
    }
    broker.events.storeFull?.(isFull);
  }

  failed(error: OperationError): void {
    const { broker } = this;
    if (broker.storeFailure !== undefined) return;
    broker.storeFailure = error;
    broker.log.error(`The store failed, nothing is acknowledged any more: ${error.message}`, { code: error.code });
    broker.events.storeFailed?.(error);
    for (const connection of Array.from(broker.connections)) connection.abandon();
    broker.abandonWaiting(error);
  }
}
