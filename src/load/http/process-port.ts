// What the comparison and its two processes say to each other: the server, which has the broker and the HTTP servers, and the client, which
// does one trial after the other and is measured. Moments are microseconds on the monotonic clock, which processes of one machine share.

import type { ReceiverName, SenderName } from './rivals.ts';

/** What the server process is told. */
export type ServerOrder =
  /** The certificate to serve with. */
  | { readonly kind: 'start'; readonly cert: string; readonly key: string }
  /** A trial begins: forget what has come. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'report' }
  /** Publish messages for those who receive, at these moments from now, in milliseconds. */
  | {
      readonly kind: 'emit';
      readonly offsets: readonly number[];
      readonly payloadBytes: number;
      readonly qos: 0 | 1 | 2;
    }
  | { readonly kind: 'stop' };

/** What the server process says. */
export type ServerNews =
  | { readonly kind: 'started'; readonly mqttPort: number; readonly httpsPort: number; readonly http2Port: number }
  | { readonly kind: 'ready' }
  /** When each message came first, by its number. */
  | { readonly kind: 'arrivals'; readonly arrivals: readonly (readonly [id: number, at: number])[] }
  /** When each message was published. */
  | { readonly kind: 'emitted'; readonly moments: readonly number[] };

/** What a client process is to do. */
export type ClientJob = SendJob | ReceiveJob;

/** Messages to send. */
export interface SendJob {
  readonly kind: 'send';
  readonly rival: SenderName;
  readonly port: number;
  /** The certificate to trust. */
  readonly ca: string;
  /** `undefined`: without end, with a turn of the event loop behind each message, so that what comes is read in between. */
  readonly count: number | undefined;
  readonly payloadBytes: number;
  /** How many may be on their way at once. */
  readonly concurrency: number;
  /** Whether to wait for `go` between connecting and sending. */
  readonly pauses: boolean;
  /** Nothing is sent or awaited any more after so long. */
  readonly millisMax: number;
}

/** Messages to receive. */
export interface ReceiveJob {
  readonly kind: 'receive';
  readonly rival: ReceiverName;
  readonly port: number;
  readonly ca: string;
  readonly count: number;
  readonly millisMax: number;
}

/** What a client process is told. */
export type ClientOrder =
  /** Do something of the kind beforehand, so that loading and compiling is no part of the trial; straight to the server. */
  | { readonly kind: 'warm-up'; readonly job: ClientJob }
  | { readonly kind: 'begin'; readonly job: ClientJob }
  | { readonly kind: 'go' }
  | { readonly kind: 'end' };

/** What a client process says. */
export type ClientNews =
  /** It is warm. */
  | { readonly kind: 'warm' }
  /** The trial is over, and its connections are ended. */
  | { readonly kind: 'closed' }
  /** It is connected; how long that took. */
  | { readonly kind: 'opened'; readonly micros: number }
  | {
      readonly kind: 'done';
      /** When it began to send. */
      readonly startedAt: number;
      /** When the last message was settled, as far as this way of sending can tell. */
      readonly settledAt: number;
      readonly settled: number;
      /** How often something had to be tried again. */
      readonly retries: number;
      /** User and system time since the trial began, in microseconds. */
      readonly cpuMicros: number;
      /** When messages came, with `receive`, by their number. */
      readonly arrivals: readonly (readonly [id: number, at: number])[];
    };
