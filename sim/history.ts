// What a run leaves behind, in order: what each application did and was told, what each broker said of itself, and
// every packet on every wire. Checkers (check/), the timeline and the coverage (report/) read it; they know nothing else of the run.
// Nobody who writes it judges it.

import type { DropReason } from '../src/broker/events.ts';
import type { Packet, QoS } from '../src/packet/packet.ts';
import type { FilterPlan, Plan, Step } from './plan.ts';

/** Everything that is known of a run, up to the moment when all was at rest. */
export interface History {
  readonly plan: Plan;
  readonly events: readonly HistoryEvent[];
  readonly end: EndState;
}

/**
 * Names a message: that of a PUBLISH, `name#number`, numbers growing over all lives of a client, or that of a Will, `name!life`.
 * It is what the payload begins with. An empty payload has the label ''.
 */
export type Label = string;

/** One thing that happened. */
export type HistoryEvent = { readonly at: number } & (
  | ProcessEvent
  | WireEvent
  | ApplicationEvent
  | BrokerEvent
  | { readonly kind: 'fault'; readonly step: Step }
  /** From here on nothing breaks. */
  | { readonly kind: 'quiet' }
);

/** What became of processes. `life` counts those of one name from 1. */
export type ProcessEvent =
  | { readonly kind: 'started'; readonly who: string; readonly life: number }
  /** The store is open: the broker takes connections, the application begins. */
  | { readonly kind: 'ready'; readonly who: string; readonly life: number }
  /** Killed. `boundary`: at which store or network boundary, '' by the clock. `machine`: with the machine, so that nothing unsynced is left. */
  | {
      readonly kind: 'crashed';
      readonly who: string;
      readonly life: number;
      readonly boundary: string;
      readonly machine: boolean;
    }
  /** In order. */
  | { readonly kind: 'stopped'; readonly who: string; readonly life: number }
  /** Its store failed, or could not be opened; the process ends. */
  | { readonly kind: 'store-failed'; readonly who: string; readonly life: number; readonly code: string }
  /** It ended by itself, though nobody asked it to: never expected, but for what `how` says. */
  | { readonly kind: 'over'; readonly who: string; readonly life: number; readonly how: string };

/** What went over the wires. `connection` counts all connections from 1; `client` is the client identifier of who dialled. */
export type WireEvent =
  | { readonly kind: 'dialled'; readonly client: string; readonly connection: number; readonly isIntruder: boolean }
  /** Laid down to be sent. */
  | {
      readonly kind: 'sent';
      readonly by: 'client' | 'broker';
      readonly client: string;
      readonly connection: number;
      readonly packet: WirePacket;
    }
  /** Handed over, the last byte of it. */
  | {
      readonly kind: 'came';
      readonly to: 'client' | 'broker';
      readonly client: string;
      readonly connection: number;
      readonly packet: WirePacket;
    }
  /** `side` has ended the connection, or was told that it is over; each side once. `how` 'end': it said so itself, in order. */
  | {
      readonly kind: 'connection-over';
      readonly side: 'client' | 'broker';
      readonly client: string;
      readonly connection: number;
      readonly how: 'end' | 'destroy' | 'told' | 'crash';
    };

/** A packet as it was sent; the very same object when it comes. The payload of a PUBLISH is given by `label` and `size`. */
export interface WirePacket {
  readonly packet: Packet;
  /** Of a PUBLISH, and of the Will in a CONNECT; else ''. */
  readonly label: Label;
  /** Of the whole packet, in bytes. */
  readonly size: number;
  /** Of a PUBLISH: its topic, also where an alias stands for it. */
  readonly topic: string;
}

/** What an application did, and was told. */
export type ApplicationEvent =
  | {
      readonly kind: 'publish';
      readonly client: string;
      readonly life: number;
      readonly label: Label;
      readonly number: number;
      readonly topic: string;
      readonly qos: QoS;
      readonly retain: boolean;
      readonly isEmpty: boolean;
      readonly expirySeconds: number | undefined;
    }
  /** `Publishing.stored` was fulfilled. */
  | { readonly kind: 'stored'; readonly client: string; readonly life: number; readonly label: Label }
  /** `Publishing` was fulfilled. */
  | {
      readonly kind: 'settled';
      readonly client: string;
      readonly life: number;
      readonly label: Label;
      readonly reasonCode: number;
    }
  /** `Publishing` was rejected. */
  | {
      readonly kind: 'failed';
      readonly client: string;
      readonly life: number;
      readonly label: Label;
      readonly code: string;
      readonly reasonCode: number | undefined;
    }
  /** The event `undelivered`: a message of an earlier life. */
  | {
      readonly kind: 'undelivered';
      readonly client: string;
      readonly life: number;
      readonly topic: string;
      readonly code: string;
    }
  /** `handle` counts the subscriptions of a life from 0. */
  | {
      readonly kind: 'subscribe';
      readonly client: string;
      readonly life: number;
      readonly handle: number;
      readonly filters: readonly FilterPlan[];
    }
  | {
      readonly kind: 'subscribed';
      readonly client: string;
      readonly life: number;
      readonly handle: number;
      readonly granted: readonly number[];
    }
  | {
      readonly kind: 'subscribe-failed';
      readonly client: string;
      readonly life: number;
      readonly handle: number;
      readonly code: string;
    }
  | {
      readonly kind: 'unsubscribe';
      readonly client: string;
      readonly life: number;
      readonly filters: readonly string[];
    }
  | {
      readonly kind: 'unsubscribed';
      readonly client: string;
      readonly life: number;
      readonly filters: readonly string[];
      readonly reasonCodes: readonly number[];
    }
  | {
      readonly kind: 'unsubscribe-failed';
      readonly client: string;
      readonly life: number;
      readonly filters: readonly string[];
      readonly code: string;
    }
  /** A message was handed over, to the subscription with this handle; -1: to none of this life. */
  | {
      readonly kind: 'received';
      readonly client: string;
      readonly life: number;
      readonly handle: number;
      readonly label: Label;
      readonly topic: string;
      readonly qos: QoS;
      readonly retain: boolean;
      readonly dup: boolean;
      readonly key: number;
    }
  /** The application said that it is done with it. */
  | {
      readonly kind: 'acknowledged';
      readonly client: string;
      readonly life: number;
      readonly handle: number;
      readonly label: Label;
      readonly key: number;
    }
  | { readonly kind: 'connected'; readonly client: string; readonly life: number; readonly sessionPresent: boolean }
  | {
      readonly kind: 'disconnected';
      readonly client: string;
      readonly life: number;
      readonly how: string;
      readonly reasonCode: number | undefined;
    };

/** What a broker tells whoever embeds it. */
export type BrokerEvent =
  /** It accepted a message: of a client, or a Will. */
  | {
      readonly kind: 'published';
      readonly label: Label;
      readonly topic: string;
      readonly qos: QoS;
      readonly retain: boolean;
      readonly by: string | undefined;
    }
  /** `client` is a whole filter, `$share/...`, for a message that waited for a shared subscription. `topic` '': several, of any topic. */
  | {
      readonly kind: 'dropped';
      readonly client: string;
      readonly topic: string;
      readonly count: number;
      readonly reason: DropReason;
    }
  | { readonly kind: 'store-full'; readonly isFull: boolean };

/** What is there when nothing moves any more. */
export interface EndState {
  /** Everything has settled within the bound; else what still moves, or waits, in sentences. */
  readonly unrest: readonly string[];
  /** The broker's counters of dropped messages, summed over all its lives, by reason. */
  readonly dropsCounted: Readonly<Record<string, number>>;
  /** Of the broker. */
  readonly sizes: {
    readonly connections: number;
    readonly sessions: number;
    readonly subscriptions: number;
    readonly retained: number;
    readonly queuedMessages: number;
    readonly queuedBytes: number;
  };
  /** Of its store. */
  readonly stored: {
    readonly sessions: number;
    readonly groups: number;
    readonly retained: number;
    readonly wills: number;
    readonly messages: number;
    readonly deliveries: number;
  };
  /**
   * Of both, once every client has ended in order and its session was ended by a connection with a new one: nothing but retained messages
   * may be left. `undefined`: it did not come to that, since there was no rest before.
   */
  readonly leftovers: { readonly sizes: EndState['sizes']; readonly stored: EndState['stored'] } | undefined;
  /** Of each client that is up. */
  readonly clients: readonly {
    readonly client: string;
    readonly unsettled: number;
    /** Messages in its store, outbox and inbox; 0 without one. */
    readonly stored: number;
  }[];
  /** Exceptions that came out of broker or client where none may, with their stacks. */
  readonly exceptions: readonly string[];
}
