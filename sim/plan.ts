// A schedule as data: who takes part, what each does when, and what breaks. A seed makes one (generate/), the world runs it
// (world/), a failing one is cut down to what matters and shown (report/). Running a plan is deterministic: all chance
// that is left to the run (delays, how bytes are split, how far a disk was at a crash) comes from `seed`, drawn from a stream of its own for each
// link, disk and process, so that leaving one step out changes little else.
// Times are virtual milliseconds since the beginning. Everything is plain JSON.

import type { BrokerLimits } from '../src/broker/limits.ts';
import type { QoS } from '../src/packet/packet.ts';

/** One schedule. */
export interface Plan {
  readonly seed: number;
  readonly broker: BrokerPlan;
  readonly clients: readonly ClientPlan[];
  readonly network: NetworkPlan;
  /** In order of time. */
  readonly steps: readonly Step[];
  /**
   * From here on nothing breaks: faults end, who is down is started, connections come back; clients of sessions that are to end do not.
   * The run ends when nothing moves any more, or too late.
   */
  readonly quietAt: number;
}

/** Where a store keeps its things. 'sqlite': the real engine, in this thread, on files. */
export type StoreKind = 'model' | 'sqlite';

/** The broker of a schedule. */
export interface BrokerPlan {
  readonly store: StoreKind;
  /** Over the defaults. */
  readonly limits: Partial<BrokerLimits>;
  /** Over these, in every second life. */
  readonly limitsLater?: Partial<BrokerLimits>;
  /** The highest packet identifier it gives out: 8 makes them wrap. */
  readonly packetIdMax: number;
  readonly disk: DiskPlan;
}

/** How a disk behaves when nothing is wrong with it. */
export interface DiskPlan {
  /** How long a commit takes. */
  readonly commitMillisMin: number;
  readonly commitMillisMax: number;
  /** 'tiny': batches, pages and slices as small as they can be. */
  readonly tuning: 'usual' | 'tiny';
}

/** How links behave when nothing is wrong with them. */
export interface NetworkPlan {
  readonly delayMillisMin: number;
  readonly delayMillisMax: number;
  /** Bytes are handed over in chunks of 1 to so many; 0: as they were written. */
  readonly chunkBytesMax: number;
  /** So many bytes fit into a link whose reader does not read; then the writer is told to wait. */
  readonly bufferBytes: number;
}

/** A client: the real one, with an application. */
export interface ClientPlan {
  /** Also its client identifier. */
  readonly name: string;
  readonly version: 4 | 5;
  /** Its outbox and inbox. 'none': in memory, gone with its process. */
  readonly store: StoreKind | 'none';
  readonly disk: DiskPlan;
  /** Whether each new process begins with a new session. */
  readonly clean: boolean;
  /** MQTT 5.0; `undefined`: as long as the broker will, or 0 with `clean`. */
  readonly sessionExpirySeconds: number | undefined;
  /** MQTT 5.0. */
  readonly receiveMaximum: number | undefined;
  /** MQTT 5.0. */
  readonly topicAliasMaximum: number | undefined;
  /** MQTT 5.0. */
  readonly maximumPacketSize: number | undefined;
  readonly inFlightMax: number;
  readonly keepAliveSeconds: number;
  readonly packetIdMax: number;
  readonly outboxMessagesMax: number | undefined;
  readonly inboxBytesMax: number | undefined;
  readonly onAmbiguous: 'resend' | 'reject';
  readonly will: WillPlan | undefined;
  /** Made by each process at its start, in one SUBSCRIBE each. Their handle is their index. */
  readonly subscriptions: readonly SubscriptionPlan[];
  /** When the application acknowledges a message that it has got, at random between these. */
  readonly handlingMillisMin: number;
  readonly handlingMillisMax: number;
  /** What is otherwise in every second life. */
  readonly later?: { readonly receiveMaximum: number | undefined; readonly hasWill: boolean };
  /** When its first process starts; `undefined`: by a step. */
  readonly startsAt: number | undefined;
}

/** A Will. Its payload names the client and the life of its process. */
export interface WillPlan {
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly delaySeconds: number;
  readonly expirySeconds: number | undefined;
}

/** One SUBSCRIBE. */
export interface SubscriptionPlan {
  readonly filters: readonly FilterPlan[];
}

/** One topic filter and its options. */
export interface FilterPlan {
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
}

/** Something that happens at a time. `client` and `who` are names of clients; `who` may be 'broker'. */
export type Step = { readonly at: number } & (
  | PublishStep
  | { readonly kind: 'subscribe'; readonly client: string; readonly subscription: SubscriptionPlan }
  | { readonly kind: 'unsubscribe'; readonly client: string; readonly filters: readonly string[] }
  /** A client ends with DISCONNECT, its process too; it comes back with `start`. */
  | {
      readonly kind: 'stop';
      readonly who: string;
      readonly reasonCode: number;
      readonly sessionExpirySeconds: number | undefined;
    }
  | { readonly kind: 'start'; readonly who: string }
  /** The process is killed, here and now. It comes back with `start`. */
  | { readonly kind: 'crash'; readonly who: string; readonly machine: boolean }
  /** The same, at the `boundary`-th store or network boundary of its process from here on (also while it starts), and again started after `downMillis`. */
  | {
      readonly kind: 'crash-at';
      readonly who: string;
      readonly boundary: number;
      readonly downMillis: number;
      readonly machine: boolean;
    }
  /** The connection breaks; both ends are told. */
  | { readonly kind: 'cut'; readonly client: string }
  /** The connection breaks, and `told` alone is told; the other one hears nothing any more. */
  | { readonly kind: 'half-open'; readonly client: string; readonly told: 'client' | 'broker' | 'nobody' }
  /** Nothing is handed over in a direction for a while. */
  | {
      readonly kind: 'stall';
      readonly client: string;
      readonly to: 'client' | 'broker' | 'both';
      readonly millis: number;
    }
  /** New connections fail for a while. */
  | { readonly kind: 'unreachable'; readonly client: string; readonly millis: number }
  /** A second process with the client identifier connects, says and hears nothing, and is gone after a while. */
  | { readonly kind: 'intruder'; readonly client: string; readonly clean: boolean; readonly millis: number }
  | { readonly kind: 'wall-clock'; readonly millis: number }
  | { readonly kind: 'disk'; readonly who: string; readonly fault: DiskFault; readonly millis: number }
);

/** Some messages of one kind, one after another. */
export interface PublishStep {
  readonly kind: 'publish';
  readonly client: string;
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  /** With `retain`: an empty payload, which clears. */
  readonly isEmpty: boolean;
  readonly count: number;
  /** Between two of them; 0: in one turn. */
  readonly everyMillis: number;
  /** 0: no more than its label needs. */
  readonly payloadBytes: number;
  readonly expirySeconds: number | undefined;
}

/** What a disk can have. 'failing': the next call that writes or syncs fails, and with it the store. */
export type DiskFault = 'slow' | 'full' | 'failing';
