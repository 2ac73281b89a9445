// A broker with Node's clock, chance and timer under it: the part of the composition that `vouch start`
// and an embedder's `createBroker` share.

import { setImmediate } from 'node:timers/promises';

import type { Authenticator, Authorizer } from '../auth/contract.ts';
import { OperationError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { BanKeeper } from '../broker/bans.ts';
import { Broker } from '../broker/broker.ts';
import type { BrokerEvents } from '../broker/events.ts';
import type { BrokerLimits } from '../broker/limits.ts';
import type { MemoryGauge } from '../broker/overload.ts';
import type { ClientRedirect } from '../broker/parts.ts';
import type { Objection } from '../broker/revoking.ts';
import type { BrokerRules } from '../broker/rules.ts';
import type { ListenerAddress } from '../config/listener-address.ts';
import type { Store } from '../store/contract.ts';
import type { Listener } from '../transport/contract.ts';
import { OpenFiles } from '../transport/tcp/open-files.ts';
import { NODE_CLOCK, NODE_HOST, NODE_LATER, NODE_RANDOM } from './node-parts.ts';
import { type ClientFiles, clientFiles } from './open-files.ts';
import { openListener } from './open-listener.ts';
import { Reloads } from './reloads.ts';
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
  readonly busyRedirect?: string | undefined;
  readonly responseInformation?: string | undefined;
  /** Nobody measures the memory unless told otherwise. */
  readonly memory?: MemoryGauge | undefined;
  readonly banKeeper?: BanKeeper | undefined;
  readonly events: BrokerEvents;
  /** What was read from files so far; those of listeners are added. They are closed with the broker. */
  readonly reloads?: Reloads;
  /** Whether clients are disconnected that a change of these would not let in. Default false. */
  readonly revokeOnReload?: boolean;
}

/** A broker that has recovered, and whose time moves. */
export class RunningBroker {
  readonly broker: Broker;
  private readonly log: Log;
  private readonly limits: BrokerLimits;
  /** `undefined`: nobody knows how many there may be. */
  private readonly openFiles: OpenFiles | undefined;
  private readonly reloads: Reloads;
  private readonly listeners: Listener[];
  private readonly stopTicking: () => void;
  private isClosed: boolean;

  private constructor(
    broker: Broker,
    files: ClientFiles | undefined,
    { log, limits, reloads = new Reloads(log), revokeOnReload = false }: BrokerChoices,
  ) {
    this.broker = broker;
    this.log = log;
    this.limits = limits;
    this.openFiles =
      files === undefined ? undefined : new OpenFiles(files.descriptorsMax, (remote) => broker.noteFilesShort(remote));
    this.reloads = reloads;
    // Never rejected: an objection and the end of a connection are ours.
    if (revokeOnReload) reloads.onChange((objection) => void this.revoke(objection));
    this.listeners = [];
    this.stopTicking = startTicking((now) => broker.tick(now));
    this.isClosed = false;
  }

  /**
   * Reads the store back and starts the clock.
   * @throws {OperationError} what `Store.open` throws; nothing is left open then.
   */
  static async open(choices: BrokerChoices): Promise<RunningBroker> {
    const files = clientFiles(choices.limits.openFilesReserve);
    const node = { clock: NODE_CLOCK, random: NODE_RANDOM, host: NODE_HOST, later: NODE_LATER, files };
    const broker = new Broker({ ...choices, ...node });
    try {
      await broker.open();
    } catch (error) {
      await broker.close();
      throw error;
    }
    return new RunningBroker(broker, files, choices);
  }

  /**
   * Opens a door.
   * @throws {UsageError} `invalid-option`: what is wrong with the listener's files.
   * @throws {OperationError} `address-in-use`, `address-unavailable`, `closed`.
   */
  async listen(address: ListenerAddress): Promise<Listener> {
    const listener = await openListener(address, {
      accept: this.broker.accept,
      admits: this.broker.admits,
      openFiles: this.openFiles,
      log: this.log,
      handshakeTimeout: this.limits.connectTimeout,
      handshakesMax: this.limits.handshakesMax,
      onTurnedAway: () => this.broker.noteTurnedAway(),
      packetBytesMax: this.limits.packetBytesMax,
      reloads: this.reloads,
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
    this.reloads.close();
    // A listener is closed when its last connection is; the broker ends those.
    const closing = this.listeners.map((listener) => listener.close());
    await this.broker.close();
    this.stopTicking();
    await Promise.all(closing);
  }

  /** Disconnects those against whom there is something, slice by slice, with a look at the sockets in between. */
  private async revoke(objection: Objection): Promise<void> {
    const sweep = this.broker.revoke(objection);
    while (sweep.step()) await setImmediate();
    if (sweep.ended === 0) return;
    this.log.info('Connections were ended, since what they were let in with was taken back (revokeOnReload)', {
      connections: sweep.ended,
    });
  }
}
