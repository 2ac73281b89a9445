// A broker with Node's clock, chance and timer under it: the part of the composition that `vouch start`
// and an embedder's `createBroker` share.

import type { Authenticator, Authorizer } from '../auth/contract.ts';
import { OperationError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { Broker } from '../broker/broker.ts';
import type { BrokerEvents } from '../broker/events.ts';
import type { BrokerLimits } from '../broker/limits.ts';
import type { ClientRedirect } from '../broker/parts.ts';
import type { BrokerRules } from '../broker/rules.ts';
import type { ListenerAddress } from '../config/listener-address.ts';
import type { Store } from '../store/contract.ts';
import type { Listener } from '../transport/contract.ts';
import { NODE_CLOCK, NODE_HOST, NODE_RANDOM } from './node-parts.ts';
import { openListener } from './open-listener.ts';
import { startTicking } from './ticking.ts';

/** What a broker is made of besides what Node supplies. */
export interface BrokerChoices {
  readonly store: Store;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly log: Log;
  readonly limits: BrokerLimits;
  /** `DEFAULT_RULES` unless told otherwise. */
  readonly rules?: BrokerRules;
  readonly redirects?: readonly ClientRedirect[] | undefined;
  readonly responseInformation?: string | undefined;
  readonly events: BrokerEvents;
}

/** A broker that has recovered, and whose time moves. */
export class RunningBroker {
  readonly broker: Broker;
  private readonly log: Log;
  private readonly limits: BrokerLimits;
  private readonly listeners: Listener[];
  private readonly stopTicking: () => void;
  private isClosed: boolean;

  private constructor(broker: Broker, log: Log, limits: BrokerLimits) {
    this.broker = broker;
    this.log = log;
    this.limits = limits;
    this.listeners = [];
    this.stopTicking = startTicking((now) => broker.tick(now));
    this.isClosed = false;
  }

  /**
   * Reads the store back and starts the clock.
   * @throws {OperationError} what `Store.open` throws; nothing is left open then.
   */
  static async open(choices: BrokerChoices): Promise<RunningBroker> {
    const broker = new Broker({ ...choices, clock: NODE_CLOCK, random: NODE_RANDOM, host: NODE_HOST });
    try {
      await broker.open();
    } catch (error) {
      await broker.close();
      throw error;
    }
    return new RunningBroker(broker, choices.log, choices.limits);
  }

  /**
   * Opens a door.
   * @throws {UsageError} `invalid-option`: what is wrong with the listener's files.
   * @throws {OperationError} `address-in-use`, `address-unavailable`, `closed`.
   */
  async listen(address: ListenerAddress): Promise<Listener> {
    const listener = await openListener(address, {
      accept: this.broker.accept,
      log: this.log,
      handshakeTimeout: this.limits.connectTimeout,
      packetBytesMax: this.limits.packetBytesMax,
    });
    if (this.isClosed) {
      await listener.close();
      throw new OperationError('closed', 'The broker was closed.');
    }
    this.listeners.push(listener);
    return listener;
  }

  /** Stops accepting, tells every client, closes the store. */
  async close(): Promise<void> {
    this.isClosed = true;
    // A listener is closed when its last connection is; the broker ends those.
    const closing = this.listeners.map((listener) => listener.close());
    await this.broker.close();
    this.stopTicking();
    await Promise.all(closing);
  }
}
