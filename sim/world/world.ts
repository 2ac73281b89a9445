// The world of one plan: time, network, the broker and the clients, the steps of the plan, and everything that is written down. One thing
// happens after another: what is next in time, then what promises make of it, then the ends of the turns that it began.

import { SILENT_LOG, type Log } from '../../src/base/log.ts';
import { unreachable } from '../../src/base/assert.ts';
import { encodePacket } from '../../src/packet/encode.ts';
import { NO_CONNECT_PROPERTIES } from '../../src/packet/properties.ts';
import type { Disk } from '../disk/disk.ts';
import { makeDisk } from '../disk/make-disk.ts';
import type { EndState, History, HistoryEvent } from '../history.ts';
import type { DiskFault, DiskPlan, Plan, Step, StoreKind } from '../plan.ts';
import { SeededRandom } from '../seeded-random.ts';
import { BrokerProcess } from './broker-process.ts';
import { ClientProcess } from './client-process.ts';
import { Network } from './network.ts';
import { settlePromises } from './settle-promises.ts';
import { SimProcess } from './sim-process.ts';
import { VirtualTime } from './virtual-time.ts';

/** How often it is looked whether everything has come to rest, once nothing breaks any more. */
const REST_CHECK_MILLIS = 250;
/** So long after the last thing that an application got, acknowledged or was told, there is nothing more to wait for. */
const REST_MILLIS_MAX = 30_000;
/** So long may it take to clear away what ended sessions were owed. */
const EMPTY_MILLIS_MAX = 10_000;
/** More happens in no run that ends. */
const EVENTS_MAX = 300_000;

/** One world. */
export class World {
  readonly plan: Plan;
  readonly time: VirtualTime;
  readonly log: Log;
  readonly broker: BrokerProcess;
  readonly clients: ReadonlyMap<string, ClientProcess>;
  readonly network: Network;
  /** Processes in the middle of a turn. */
  readonly turnsToEnd: SimProcess[];
  /** Something ran that may have promises waiting. */
  maySettle: boolean;
  private readonly random: SeededRandom;
  private readonly events: HistoryEvent[];
  private readonly exceptions: string[];
  private readonly directory: () => string;
  private isOver: boolean;
  /** What comes now is the end of clients and sessions, and not part of the history. */
  private isEmptying: boolean;
  private unrest: readonly string[];
  private end: Omit<EndState, 'leftovers'> | undefined;
  private leftovers: EndState['leftovers'];
  private steps: number;
  private progressAt: number;

  /** @param directory  Makes a new directory, for disks that need one. */
  constructor(plan: Plan, directory: () => string) {
    this.plan = plan;
    this.time = new VirtualTime();
    this.log = SILENT_LOG;
    this.random = new SeededRandom(plan.seed);
    this.events = [];
    this.exceptions = [];
    this.turnsToEnd = [];
    this.maySettle = false;
    this.directory = directory;
    this.isOver = false;
    this.isEmptying = false;
    this.unrest = [];
    this.end = undefined;
    this.leftovers = undefined;
    this.steps = 0;
    this.progressAt = 0;
    this.network = new Network(this);
    this.broker = new BrokerProcess(this, (process) => this.diskOf(process, plan.broker.store, plan.broker.disk));
    this.clients = new Map(
      plan.clients.map((client) => [
        client.name,
        new ClientProcess(this, client, (process) =>
          client.store === 'none' ? undefined : this.diskOf(process, client.store, client.disk),
        ),
      ]),
    );
  }

  /** Lets everything happen that the plan says. To be called in a turn of its own, where promises can be settled. */
  run(): History {
    const { plan, time, clients } = this;
    this.broker.start();
    for (const { startsAt, name } of plan.clients) {
      if (startsAt !== undefined) time.at(startsAt, () => this.startIfDown(name));
    }
    for (const step of plan.steps) time.at(step.at, () => this.take(step));
    time.at(plan.quietAt, () => this.calmDown());
    this.settleTurns();
    for (let next = time.next(); next !== undefined && !this.isOver; next = time.next()) {
      next();
      if (this.maySettle || this.turnsToEnd.length > 0) this.settleTurns();
      this.broker.planTick();
      if (++this.steps > EVENTS_MAX) {
        this.unrest = ['the world never comes to an end'];
        break;
      }
    }
    const { leftovers } = this;
    const end = { ...(this.end ?? this.endState()), leftovers, exceptions: this.exceptions };
    this.isOver = true;
    this.broker.disk.discard();
    for (const { disk } of clients.values()) disk?.discard();
    return { plan, events: this.events, end };
  }

  /** Writes something down. */
  readonly record = (event: HistoryEvent): void => {
    if (this.isEmptying) return;
    this.events.push(event);
    if (event.kind === 'acknowledged' || event.kind === 'settled' || event.kind === 'failed')
      this.progressAt = event.at;
  };

  /** A stream of chance, told by its name. */
  randomOf(name: string): SeededRandom {
    return this.random.fork(name);
  }

  /** An exception where none may be; it is the end of the process. */
  failed(process: SimProcess, error: unknown): void {
    this.exceptions.push(`${process.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    this.crash(process.name, 'exception', false);
    this.time.after(100, () => this.startIfDown(process.name));
  }

  /** A promise was rejected that nobody waits for. */
  rejected(error: unknown): void {
    this.exceptions.push(`nobody waits: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }

  /** Starts a process unless it is up. */
  startIfDown(who: string): void {
    if (this.isOver || this.isEmptying) return;
    const process = this.processOf(who);
    if (!process.isAlive) process.start();
  }

  private processOf(who: string): BrokerProcess | ClientProcess {
    const process = who === 'broker' ? this.broker : this.clients.get(who);
    if (process === undefined) throw new Error(`the plan has no ${who}`);
    return process;
  }

  private clientOf(name: string): ClientProcess {
    const client = this.clients.get(name);
    if (client === undefined) throw new Error(`the plan has no client ${name}`);
    return client;
  }

  private diskOf(process: SimProcess, kind: StoreKind, plan: DiskPlan): Disk {
    return makeDisk(
      kind,
      {
        plan,
        random: this.randomOf(`disk ${process.name}`),
        after: (millis, task) => void process.after(millis, task),
        atTurnEnd: process.atTurnEnd,
        boundary: (what) => process.boundary(what),
        clock: process.clock,
        log: this.log,
      },
      this.directory,
    );
  }

  private crash(who: string, boundary: string, machine: boolean): void {
    const process = this.processOf(who);
    process.crash(boundary, machine);
    if (machine) process.clock.reboot();
  }

  private take(step: Step): void {
    if (step.kind !== 'publish' && step.kind !== 'subscribe' && step.kind !== 'unsubscribe' && step.kind !== 'start') {
      this.record({ at: this.time.now, kind: 'fault', step });
    }
    switch (step.kind) {
      case 'publish':
        return this.clientOf(step.client).publish(step);
      case 'subscribe':
        return this.clientOf(step.client).subscribe(step.subscription);
      case 'unsubscribe':
        return this.clientOf(step.client).unsubscribe(step.filters);
      case 'start':
        return this.startIfDown(step.who);
      case 'stop':
        if (step.who === 'broker') return this.broker.stop();
        return this.clientOf(step.who).stop(step.reasonCode, step.sessionExpirySeconds);
      case 'crash':
        return this.crash(step.who, '', step.machine);
      case 'crash-at':
        return this.processOf(step.who).killAt(step.boundary, (boundary) => {
          this.crash(step.who, boundary, step.machine);
          this.time.after(step.downMillis, () => this.startIfDown(step.who));
        });
      case 'cut':
        return this.network.linkOf(step.client)?.cut();
      case 'half-open':
        return this.network.linkOf(step.client)?.halfOpen(step.told);
      case 'stall':
        return this.network.linkOf(step.client)?.stall(step.to, step.millis);
      case 'unreachable':
        return this.network.setUnreachable(step.client, step.millis);
      case 'intruder':
        return this.intrude(step.client, step.clean, step.millis);
      case 'wall-clock':
        for (const process of [this.broker, ...this.clients.values()]) process.clock.jump(step.millis);
        return undefined;
      case 'disk':
        return this.breakDisk(step.who, step.fault, step.millis);
      default:
        return unreachable(step);
    }
  }

  private breakDisk(who: string, fault: DiskFault, millis: number): void {
    const { disk } = this.processOf(who);
    disk?.setFault(fault);
    this.time.after(millis, () => disk?.setFault(undefined));
  }

  /** Somebody else connects with the name of a client, says and hears nothing, and is gone again. */
  private intrude(name: string, clean: boolean, millis: number): void {
    const { plan } = this.clientOf(name);
    const intruder = new SimProcess(this, `intruder ${name}`);
    intruder.begin();
    this.network.open(intruder, name, true, (link) => {
      if (link === undefined) return;
      const { client } = link.ends;
      client.attach({ receive: () => undefined, drained: () => undefined, closed: () => undefined });
      encodePacket(
        client.writer(),
        {
          kind: 'connect',
          version: plan.version,
          bridge: false,
          clientId: name,
          clean,
          keepAlive: 0,
          userName: undefined,
          password: undefined,
          will: undefined,
          properties: {
            ...NO_CONNECT_PROPERTIES,
            sessionExpiryInterval:
              plan.version === 5 && !clean ? (plan.sessionExpirySeconds ?? 0xffff_ffff) : undefined,
          },
        },
        plan.version,
      );
      client.wrote();
      intruder.after(millis, () => {
        link.cut();
        intruder.end();
      });
    });
  }

  /** From here on nothing breaks. */
  private calmDown(): void {
    this.record({ at: this.time.now, kind: 'quiet' });
    for (const process of [this.broker, ...this.clients.values()]) {
      process.spare();
      process.disk?.setFault(undefined);
      this.startIfDown(process.name);
    }
    this.network.heal();
    this.progressAt = this.time.now;
    this.time.after(REST_CHECK_MILLIS, () => this.lookForRest());
  }

  private lookForRest(): void {
    this.unrest = this.whatMoves();
    if (this.unrest.length === 0) {
      this.end = this.endState();
      this.emptyOut();
      return;
    }
    if (this.time.now > this.progressAt + REST_MILLIS_MAX) {
      this.isOver = true;
      return;
    }
    // A store that failed in the last moment before, a client that was taken over.
    for (const process of [this.broker, ...this.clients.values()]) {
      if (!process.isAlive) this.time.after(REST_CHECK_MILLIS, () => this.startIfDown(process.name));
    }
    this.time.after(REST_CHECK_MILLIS, () => this.lookForRest());
  }

  private whatMoves(): readonly string[] {
    const { broker, clients, network } = this;
    const moving: string[] = [];
    if (!broker.isListening) moving.push('the broker is down');
    if (broker.queued > 0) moving.push(`the broker has ${broker.queued} messages queued`);
    if (broker.deliveries > 0) moving.push(`the broker's store has ${broker.deliveries} deliveries`);
    if (broker.disk.isBusy) moving.push("the broker's disk is busy");
    if (!network.isStill) moving.push('something is on its way');
    if (network.hasIntruder) moving.push('somebody else is connected as a client');
    for (const client of clients.values()) {
      if (client.unrest !== '') moving.push(client.unrest);
      else if (client.disk?.isBusy === true) moving.push(`the disk of ${client.name} is busy`);
    }
    return moving;
  }

  /** Every client ends, and so does its session; what then is left is left for ever. */
  private emptyOut(): void {
    this.isEmptying = true;
    for (const client of this.clients.values()) client.stop(0, undefined);
    this.time.after(REST_CHECK_MILLIS, () => {
      for (const { name } of this.clients.values()) this.intrude(name, true, REST_CHECK_MILLIS);
      this.time.after(4 * REST_CHECK_MILLIS, () => this.lookForLeftovers(this.time.now + EMPTY_MILLIS_MAX));
    });
  }

  private lookForLeftovers(latest: number): void {
    this.leftovers = this.broker.holdings;
    const { sessions, groups, wills, messages, deliveries } = this.leftovers.stored;
    const isEmpty = this.leftovers.sizes.connections + sessions + groups + wills + messages + deliveries === 0;
    if (isEmpty || this.time.now > latest) this.isOver = true;
    else this.time.after(REST_CHECK_MILLIS, () => this.lookForLeftovers(latest));
  }

  private endState(): Omit<EndState, 'leftovers'> {
    this.broker.countDrops();
    return {
      unrest: this.unrest,
      dropsCounted: { ...this.broker.dropsCounted },
      ...this.broker.holdings,
      clients: Array.from(this.clients.values(), (client) => ({
        client: client.name,
        unsettled: client.unsettled,
        stored: client.stored,
      })),
      exceptions: this.exceptions,
    };
  }

  /** Lets promises settle and turns end, until nothing of it is left. */
  private settleTurns(): void {
    const { turnsToEnd } = this;
    if (this.maySettle) this.settle();
    while (turnsToEnd.length > 0) {
      for (let process = turnsToEnd.shift(); process !== undefined; process = turnsToEnd.shift()) {
        process.endTurn();
        if (this.maySettle) this.settle();
      }
    }
  }

  /** Lets every promise settle that can. */
  private settle(): void {
    this.maySettle = false;
    settlePromises();
  }
}
