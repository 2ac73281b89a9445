// What a client tells whoever listens. Nothing here must be listened to: there is no event whose absence of a listener
// throws, and what matters to one call is told to that call as well.

import type { ConnectionFacts } from './client.ts';
import type { ClientEnd } from './endings.ts';
import type { Redirect } from './redirecting.ts';

/** The events of a client. */
export interface ClientEvents {
  /** CONNACK has come. */
  connected(facts: ConnectionFacts): void;
  /** A connection has ended, or an attempt has failed. `retryMillis`: how long until the next one; `undefined`: there is none. */
  disconnected(end: ClientEnd, retryMillis: number | undefined): void;
  /** The broker has named another server, and the client goes there: at once, or after the delay that `disconnected` has told. */
  redirected(redirect: Redirect): void;
  /** The client is over for good. */
  closed(end: ClientEnd): void;
  /** A message was not delivered, and nobody waits for its promise. */
  undelivered(topic: string, error: Error): void;
  /** On a new connection, the broker refused a subscription that it had granted before. */
  subscriptionRefused(filter: string, reasonCode: number): void;
  /**
   * A message has come for which nobody has subscribed in this process; it waits, unacknowledged, until somebody does.
   * Told once for each topic, up to a bound.
   */
  unclaimed(topic: string): void;
}

/** The name of an event. */
export type ClientEventName = keyof ClientEvents;

/** What is called at an event. */
export type ClientListener<Name extends ClientEventName> = ClientEvents[Name];
