// All connections of the world: who dials whom, over which link, and who is told when a process is gone.

import { OperationError } from '../../src/base/errors.ts';
import type { NetworkConnection, NetworkHandler } from '../../src/transport/contract.ts';
import type { ClientProcess } from './client-process.ts';
import { Link } from './link.ts';
import type { SimProcess } from './sim-process.ts';
import { Tap } from './tap.ts';
import type { World } from './world.ts';

/** Nobody answers for so long, then a caller is told that nobody does. */
const UNANSWERED_MILLIS = 1_000;

/** The network. */
export class Network {
  private readonly world: World;
  /** Those with an end that is not over. */
  private readonly links: Set<Link>;
  /** Client names, and until when nobody can be reached from there. */
  private readonly unreachable: Map<string, number>;
  private connections: number;

  constructor(world: World) {
    this.world = world;
    this.links = new Set();
    this.unreachable = new Map();
    this.connections = 0;
  }

  /** Whether somebody else than a client of the plan is connected. */
  get hasIntruder(): boolean {
    for (const { isIntruder, ends } of this.links) if (isIntruder && !ends.client.isOver) return true;
    return false;
  }

  /** Whether nothing is on any way. */
  get isStill(): boolean {
    this.sweep();
    for (const link of this.links) if (!link.isStill) return false;
    return true;
  }

  /** The connection of a client that was opened last; `undefined`: there is none. */
  linkOf(client: string): Link | undefined {
    this.sweep();
    let found: Link | undefined;
    for (const link of this.links) if (link.client === client && !link.isIntruder) found = link;
    return found;
  }

  /** Nobody can be reached from the client for so long. */
  setUnreachable(client: string, millis: number): void {
    this.unreachable.set(client, this.world.time.now + millis);
  }

  /** Everything that is broken is told or mended. */
  heal(): void {
    this.unreachable.clear();
    for (const link of this.links) link.heal();
  }

  /** A process is gone: its ends of all connections go with it. */
  processGone(process: SimProcess, machine: boolean): void {
    for (const link of this.links) {
      if (process.name === 'broker') link.killed('broker', machine);
      else if (process.name === link.client && !link.isIntruder) link.killed('client', machine);
    }
    this.sweep();
  }

  /** A client dials. */
  dial(process: ClientProcess, handler: NetworkHandler, signal: AbortSignal): Promise<NetworkConnection> {
    const { promise, resolve, reject } = Promise.withResolvers<NetworkConnection>();
    signal.addEventListener('abort', () => reject(signal.reason as Error));
    this.open(process, process.name, false, (link) => {
      if (signal.aborted) {
        link?.ends.client.destroy();
        return;
      }
      if (link === undefined) {
        reject(new OperationError('connection-refused', 'Nobody listens there.'));
        return;
      }
      link.ends.client.attach(handler);
      resolve(link.ends.client);
    });
    return promise;
  }

  /**
   * Opens a connection from a process, and tells it in a turn of its own.
   * @param onOpen  `undefined`: it could not be opened.
   */
  open(process: SimProcess, client: string, isIntruder: boolean, onOpen: (link: Link | undefined) => void): void {
    const { world } = this;
    const { network } = world.plan;
    const connection = ++this.connections;
    const random = world.randomOf(`link ${client} ${isIntruder} ${connection}`);
    const delay = (): number => random.between(network.delayMillisMin, network.delayMillisMax);
    const { life } = process;
    const tell = (millis: number, link?: Link): void => {
      // It may be over before it was known to be open.
      process.after(millis, () => onOpen(link?.ends.client.isOver === true ? undefined : link));
    };
    world.time.after(delay(), () => {
      if (!process.isAlive || process.life !== life) return;
      if ((this.unreachable.get(client) ?? 0) > world.time.now) {
        tell(UNANSWERED_MILLIS);
        return;
      }
      if (!world.broker.isListening) {
        tell(delay());
        return;
      }
      const plan = world.plan.clients.find(({ name }) => name === client);
      const record = world.record.bind(world);
      const tap = new Tap(client, connection, plan?.version ?? 5, () => world.time.now, record);
      const facts = {
        client,
        connection,
        isIntruder,
        clientProcess: process,
        brokerProcess: world.broker,
        plan: network,
      };
      const link = new Link(world, tap, random, facts);
      world.record({ at: world.time.now, kind: 'dialled', client, connection, isIntruder });
      const handler = world.broker.accept(link.ends.broker);
      if (handler === undefined) return;
      this.links.add(link);
      link.ends.broker.attach(handler);
      tell(delay(), link);
    });
  }

  private sweep(): void {
    for (const link of this.links) if (link.isOver) this.links.delete(link);
  }
}
