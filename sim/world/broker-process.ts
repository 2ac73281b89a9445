// The broker's process: the real broker, on a disk that outlives it.

import { millis } from '../../src/base/millis.ts';
import { ALLOW_ALL, ANONYMOUS } from '../../src/auth/allow-all.ts';
import { OperationError } from '../../src/base/errors.ts';
import { Broker } from '../../src/broker/broker.ts';
import { DEFAULT_LIMITS } from '../../src/broker/limits.ts';
import type { Store } from '../../src/store/contract.ts';
import type { NetworkConnection, NetworkHandler } from '../../src/transport/contract.ts';
import type { Disk } from '../disk/disk.ts';
import type { BrokerEvent, EndState } from '../history.ts';
import { SimProcess } from './sim-process.ts';
import { labelOf } from './tap.ts';
import type { Appointment } from './virtual-time.ts';
import type { World } from './world.ts';

/** Who starts the broker again after its store has failed takes so long. */
const OPERATOR_MILLIS_MIN = 50;
const OPERATOR_MILLIS_MAX = 1_000;

/** The broker, over all its lives. */
export class BrokerProcess extends SimProcess {
  readonly disk: Disk;
  private readonly owner: World;
  private broker: Broker | undefined;
  private store: Store | undefined;
  private isReady: boolean;
  private tick: Appointment | undefined;
  private tickAt: number;
  private readonly dropped: { [reason: string]: number };

  constructor(world: World, makeDisk: (process: SimProcess) => Disk) {
    super(world, 'broker');
    this.owner = world;
    this.disk = makeDisk(this);
    this.broker = undefined;
    this.store = undefined;
    this.isReady = false;
    this.tick = undefined;
    this.tickAt = Number.POSITIVE_INFINITY;
    this.dropped = {};
  }

  /** Whether connections are taken. */
  get isListening(): boolean {
    return this.isAlive && this.isReady;
  }

  /** Starts a life. */
  start(): void {
    const { owner: world } = this;
    const life = this.begin();
    this.usesPromises = true;
    world.record({ at: world.time.now, kind: 'started', who: this.name, life });
    this.run(life, () => this.open(life));
  }

  /** It is killed, or its machine loses its power. */
  crash(boundary: string, machine: boolean): void {
    if (!this.isAlive) return;
    const { owner: world, life } = this;
    world.record({ at: world.time.now, kind: 'crashed', who: this.name, life, boundary, machine });
    this.gone(machine);
  }

  /** It is ended in order. */
  stop(): void {
    const { broker, life, owner: world } = this;
    if (!this.isAlive || broker === undefined) return;
    this.isReady = false;
    this.usesPromises = true;
    this.run(life, () => {
      broker.close().then(
        () => {
          if (!this.isAlive || this.life !== life) return;
          world.record({ at: world.time.now, kind: 'stopped', who: this.name, life });
          this.gone(false);
        },
        (error: unknown) => world.failed(this, error),
      );
    });
  }

  /** Takes a connection. */
  accept(network: NetworkConnection): NetworkHandler | undefined {
    let handler: NetworkHandler | undefined;
    this.run(this.life, () => {
      handler = this.broker?.accept(network);
    });
    return handler;
  }

  /** When the broker is to be woken. Called after everything that happens. */
  planTick(): void {
    const { broker, owner: world, life } = this;
    if (broker === undefined || !this.isReady || !this.hasRun) return;
    this.hasRun = false;
    const deadline = broker.nextDeadline();
    const at = deadline === undefined ? Number.POSITIVE_INFINITY : this.clock.timeOf(deadline);
    if (at === this.tickAt) return;
    this.tick?.cancel();
    this.tickAt = at;
    if (at === Number.POSITIVE_INFINITY) return;
    this.tick = world.time.at(at, () => {
      this.tickAt = Number.POSITIVE_INFINITY;
      this.run(life, () => broker.tick(this.clock.monotonic()));
    });
  }

  /** How many messages wait for persistent sessions. */
  get queued(): number {
    return this.broker?.queues.messages ?? 0;
  }

  /** What is owed to anybody, on disk. */
  get deliveries(): number {
    return this.isReady ? (this.store?.statistics().deliveries ?? 0) : 0;
  }

  /** The messages that were dropped, over all lives that are over. */
  get dropsCounted(): EndState['dropsCounted'] {
    return this.dropped;
  }

  /** What is there now. */
  get holdings(): Pick<EndState, 'sizes' | 'stored'> {
    const { broker, store } = this;
    const sizes = broker?.sizes ?? { connections: 0, sessions: 0, subscriptions: 0, retained: 0 };
    const queues = broker?.queues ?? { messages: 0, bytes: 0 };
    const none = { sessions: 0, groups: 0, retained: 0, wills: 0, messages: 0, deliveries: 0 };
    const { sessions, groups, retained, wills, messages, deliveries } =
      (this.isReady ? store?.statistics() : undefined) ?? none;
    return {
      sizes: { ...sizes, queuedMessages: queues.messages, queuedBytes: queues.bytes },
      stored: { sessions, groups, retained, wills, messages, deliveries },
    };
  }

  private open(life: number): void {
    const { owner: world } = this;
    const store = this.disk.makeStore();
    const { plan } = world;
    const broker = new Broker({
      store,
      authenticator: ANONYMOUS,
      authorizer: ALLOW_ALL,
      clock: this.clock,
      random: world.randomOf(`broker ${life}`),
      log: world.log,
      limits: {
        ...DEFAULT_LIMITS,
        systemTopicsInterval: millis(0), // Messages that nobody of the plan sent would only be in the way.
        ...plan.broker.limits,
        ...(life % 2 === 0 && plan.broker.limitsLater),
      },
      // What takes many turns elsewhere takes some here.
      tuning: { packetIdMax: plan.broker.packetIdMax, sliceSteps: 1 },
      later: (run) => this.after(0, run),
      events: {
        messagePublished: ({ topic, qos, retain, payload }, by) => {
          this.tell(life, { kind: 'published', label: labelOf(payload), topic, qos, retain, by });
        },
        messageDropped: (client, topic, reason) =>
          this.tell(life, { kind: 'dropped', client, topic, count: 1, reason }),
        messagesDropped: (client, count, reason) =>
          this.tell(life, { kind: 'dropped', client, topic: '', count, reason }),
        storeFull: (isFull) => this.tell(life, { kind: 'store-full', isFull }),
        storeFailed: (error) => this.tellFailed(life, error),
      },
    });
    this.broker = broker;
    this.store = store;
    broker.open().then(
      () => {
        if (!this.isAlive || this.life !== life) return;
        world.record({ at: world.time.now, kind: 'ready', who: this.name, life });
        this.isReady = true;
        // It waits for promises only while it opens and closes.
        this.usesPromises = false;
        this.planTick();
      },
      (error: unknown) => {
        if (!this.isAlive || this.life !== life) return;
        if (error instanceof OperationError) this.tellFailed(life, error);
        else world.failed(this, error);
      },
    );
  }

  /** A life that was killed in the middle of a turn says what nobody hears. */
  private tell(life: number, event: BrokerEvent): void {
    const { owner: world } = this;
    if (this.isAlive && this.life === life) world.record({ at: world.time.now, ...event });
  }

  /** Its store failed: the process ends, and somebody starts it again. */
  private tellFailed(life: number, { code }: OperationError): void {
    const { owner: world } = this;
    if (!this.isAlive || this.life !== life) return;
    world.record({ at: world.time.now, kind: 'store-failed', who: this.name, life, code });
    // Its last words leave with the turn.
    this.after(0, () => this.gone(false));
    const delay = world.randomOf(`operator ${life}`).between(OPERATOR_MILLIS_MIN, OPERATOR_MILLIS_MAX);
    world.time.after(delay, () => world.startIfDown(this.name));
  }

  private gone(machine: boolean): void {
    this.countDrops();
    this.isReady = false;
    this.broker = undefined;
    this.store = undefined;
    this.tick?.cancel();
    this.tickAt = Number.POSITIVE_INFINITY;
    this.end();
    this.disk.crash(machine);
    this.owner.network.processGone(this, machine);
  }

  /** Adds up the drops of this life; once, at its end. */
  countDrops(): void {
    for (const [reason, count] of Object.entries(this.broker?.counters.messagesDropped ?? {})) {
      this.dropped[reason] = (this.dropped[reason] ?? 0) + count;
    }
  }
}
