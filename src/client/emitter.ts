// The events of one client, for any number of listeners, who come and go. A listener is the application's code: what it throws
// is logged, also where its promise is rejected, and the client's work goes on.
// Most clients have no listener, and keep nothing here.

import { UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { checkFunction } from './checks.ts';
import type { ClientEventName, ClientEvents, ClientListener } from './events.ts';

/** One call of `on`. The same function may stand in several. */
interface Listening {
  /** A method's parameters are compared loosely; those of `on` and `emit` say that each event's listeners get its facts. */
  listener(...facts: readonly unknown[]): unknown;
}

const EVENT_NAMES: { readonly [Name in ClientEventName]: true } = {
  connected: true,
  disconnected: true,
  redirected: true,
  closed: true,
  undelivered: true,
  subscriptionRefused: true,
  unclaimed: true,
};

/** Who listens to what. */
export class ClientEmitter {
  private readonly log: Log;
  /** None before the first listener. */
  private listenings: Map<ClientEventName, Set<Listening>> | undefined;

  constructor(log: Log) {
    this.log = log;
    this.listenings = undefined;
  }

  /**
   * Adds a listener. The same function added twice is called twice.
   * @returns Takes this one out.
   * @throws {UsageError} `invalid-argument`: there is no such event.
   */
  on<Name extends ClientEventName>(name: Name, listener: ClientListener<Name>): () => void {
    if (!Object.hasOwn(EVENT_NAMES, name)) {
      const known = Object.keys(EVENT_NAMES).join(', ');
      throw new UsageError('invalid-argument', `${JSON.stringify(name)} is not an event; the events are ${known}.`);
    }
    checkFunction(`on(${JSON.stringify(name)})`, listener ?? null);
    this.listenings ??= new Map();
    const listenings = this.listenings.get(name) ?? new Set();
    this.listenings.set(name, listenings);
    const listening: Listening = { listener };
    listenings.add(listening);
    return () => void listenings.delete(listening);
  }

  /** Whether anybody would hear of it; for who must think before it can tell. */
  listens(name: ClientEventName): boolean {
    return (this.listenings?.get(name)?.size ?? 0) > 0;
  }

  /** Tells those who listen now: whom one of them adds hears of the next event, whom one of them takes out is not called. */
  emit<Name extends ClientEventName>(name: Name, ...facts: Parameters<ClientEvents[Name]>): void {
    const listenings = this.listenings?.get(name);
    if (listenings === undefined || listenings.size === 0) return;
    for (const listening of Array.from(listenings)) {
      if (listenings.has(listening)) this.tell(name, listening, facts);
    }
  }

  private tell(event: ClientEventName, listening: Listening, facts: readonly unknown[]): void {
    const failed = (error: unknown): void => {
      this.log.error('A listener of the application threw', { event, error: String(error) });
    };
    try {
      const result = listening.listener(...facts);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      // The listener is not ours, and the client's work is not to be left half done.
      failed(error);
    }
  }
}
