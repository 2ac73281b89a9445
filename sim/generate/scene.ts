// What the hand-made plans have in common: a broker, links and disks as chance will, and a cast of clients; and the ways in which
// somebody goes away and comes back.

import type { BrokerLimits } from '../../src/broker/limits.ts';
import type { BrokerPlan, ClientPlan, NetworkPlan, Plan, Step, StoreKind } from '../plan.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { assemblePlan } from './assemble-plan.ts';
import { type Draft, drawDraft, skewed } from './draft.ts';
import { drawBroker, drawDisk, drawNetwork } from './draw-broker.ts';
import { plainClient } from './plain-parts.ts';
import { TRAITS, type Trait } from './traits.ts';

/** What a scene leaves to chance: how fast, and how small. */
export type Condition = Extract<Trait, 'slow-commits' | 'slow-links' | 'small-links' | 'tiny-tuning'>;

const CONDITIONS: readonly Condition[] = ['slow-commits', 'slow-links', 'small-links', 'tiny-tuning'];

/** Some more often than others. */
const WAYS_TO_INTERRUPT = [
  ...(['cut', 'cut', 'broker', 'broker', 'client', 'client', 'crash-at'] as const),
  ...(['half-open', 'unreachable', 'stall', 'disk', 'disk', 'intruder'] as const),
] as const;

/** One scene being written. */
export class Scene {
  readonly random: SeededRandom;
  /** How long a packet takes from end to end and back, at most. */
  readonly roundMillis: number;
  private readonly seed: number;
  private readonly draft: Draft;
  private readonly network: NetworkPlan;
  private readonly cast: ClientPlan[];
  private readonly steps: Step[];

  /** @param on  Conditions that are not left to chance; nor are those that it may not have. */
  constructor(random: SeededRandom, seed: number, on: readonly Condition[] = [], notOn: readonly Condition[] = []) {
    this.seed = seed;
    this.random = random;
    const isLeft = (name: string): boolean => CONDITIONS.some((one) => one === name && !notOn.includes(one));
    const off = Object.keys(TRAITS).filter((name): name is Trait => !isLeft(name));
    this.draft = drawDraft(random.fork('draft'), seed, { on, off });
    this.network = drawNetwork(this.draft);
    this.roundMillis = 2 * this.network.delayMillisMax + 2;
    this.cast = [];
    this.steps = [];
  }

  /** A client in the cast: of any version, its session kept, its store where chance will, unless `more` says. */
  add(name: string, more: Partial<ClientPlan> = {}): ClientPlan {
    const { random } = this;
    const isStored = random.chance(0.4);
    const client = plainClient(name, {
      version: random.chance(0.6) ? 5 : 4,
      store: isStored ? this.storeOfClient() : 'none',
      disk: drawDisk(this.draft, random),
      startsAt: random.between(0, 30),
      ...more,
    });
    this.cast.push(client);
    return client;
  }

  /** Where a client keeps its half of the session, if it does. */
  storeOfClient(): StoreKind {
    return this.random.chance(0.7) ? this.draft.store : 'model';
  }

  /** Something happens. */
  do(...steps: readonly Step[]): void {
    this.steps.push(...steps);
  }

  /** Somebody goes down, by any way, and comes back after a while. @returns When. */
  leave(
    at: number,
    who: string,
    downMillis: number,
    ways: readonly [Way, ...Way[]] = ['stop', 'crash', 'machine'],
  ): number {
    const way = this.random.pick(ways);
    if (way === 'stop') this.do({ kind: 'stop', at, who, reasonCode: 0, sessionExpirySeconds: undefined });
    else this.do({ kind: 'crash', at, who, machine: way === 'machine' });
    this.do({ kind: 'start', at: at + downMillis, who });
    return at + downMillis;
  }

  /** Breaks something of a client's connection, its process, or the broker's: what cuts a handshake short. */
  interrupt(at: number, client: ClientPlan): void {
    const { random } = this;
    const { name } = client;
    switch (random.pick(WAYS_TO_INTERRUPT)) {
      case 'cut':
        return this.do({ kind: 'cut', at, client: name });
      case 'unreachable':
        return this.do(
          { kind: 'unreachable', at, client: name, millis: skewed(random, 5, 1_000) },
          { kind: 'cut', at, client: name },
        );
      case 'stall':
        return this.do({
          kind: 'stall',
          at,
          client: name,
          to: random.pick(['client', 'broker', 'both']),
          millis: skewed(random, 5, 1_000),
        });
      case 'disk': {
        const who = random.chance(0.75) && client.store !== 'none' ? name : 'broker';
        return this.do({
          kind: 'disk',
          at,
          who,
          fault: random.pick(['slow', 'full', 'failing']),
          millis: skewed(random, 5, 1_000),
        });
      }
      case 'half-open':
        return this.do({ kind: 'half-open', at, client: name, told: random.pick(['client', 'client', 'broker']) });
      case 'broker':
        this.leave(at, 'broker', skewed(random, 1, 100), ['crash', 'crash', 'machine', 'stop']);
        return;
      case 'client':
        this.leave(at, name, skewed(random, 1, 100), ['crash', 'crash', 'machine', 'stop']);
        return;
      case 'intruder':
        return this.do(
          { kind: 'intruder', at, client: name, clean: random.chance(0.2), millis: skewed(random, 1, 50) },
          { kind: 'start', at: at + 100, who: name },
        );
      default:
        return this.do({
          kind: 'crash-at',
          at,
          who: random.pick(['broker', name]),
          boundary: skewed(random, 1, 12),
          downMillis: skewed(random, 1, 100),
          machine: random.chance(0.3),
        });
    }
  }

  /** The plan. */
  finish(limits: Partial<BrokerLimits> = {}, broker: Partial<BrokerPlan> = {}): Plan {
    const drawn = drawBroker(this.draft, this.cast);
    return assemblePlan(this.seed, {
      broker: { ...drawn, ...broker, limits: { ...drawn.limits, ...limits } },
      clients: this.cast,
      network: this.network,
      steps: this.steps,
      quietAt: 500,
    });
  }
}

/** How somebody goes down. */
export type Way = 'stop' | 'crash' | 'machine';
