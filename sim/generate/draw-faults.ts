// What breaks in a plan. Most of it breaks while messages are under way, since that is where promises are: a fault lands a few
// milliseconds after a message is published. Who goes down comes back, soon or late, or when the world makes quiet.

import { unreachable } from '../../src/base/assert.ts';
import type { ClientPlan, Step } from '../plan.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { drawNetwork } from './draw-broker.ts';
import { type Draft, drawMoment, skewed } from './draft.ts';
import type { Publishing } from './draw-workload.ts';
import { FAULT_TRAITS, type FaultTrait } from './traits.ts';

const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;

/** All of them. */
export function drawFaults(
  draft: Draft,
  clients: readonly ClientPlan[],
  publishing: readonly Publishing[],
): readonly Step[] {
  const random = draft.random.fork('faults');
  const [first, ...others] = FAULT_TRAITS.filter((fault) => draft.traits.has(fault));
  const [someone, ...everyoneElse] = clients;
  if (first === undefined || someone === undefined) return [];
  const steps: Step[] = [];
  for (let left = draft.size.faults; left > 0; left--) {
    const at = drawMomentOfFault(draft, random, publishing);
    const [asked, ...otherAsked] = random.chance(0.5) ? FAULT_TRAITS.filter((one) => draft.emphasis.includes(one)) : [];
    const fault = asked === undefined ? random.pick([first, ...others]) : random.pick([asked, ...otherAsked]);
    const [stored, ...otherStored] = fault === 'client-disk' ? clients.filter(({ store }) => store !== 'none') : [];
    const client =
      stored === undefined ? random.pick([someone, ...everyoneElse]) : random.pick([stored, ...otherStored]);
    steps.push(...drawFault(fault, new FaultDraft(draft, random, client, at)));
  }
  return steps;
}

/** After how many boundaries a process is killed: one of a small plan passes some dozens after a moment in its middle. */
function drawBoundary(random: SeededRandom): number {
  return skewed(random, 1, random.chance(0.8) ? 60 : 400);
}

/** How long somebody is down. */
function drawDownMillis(random: SeededRandom): number {
  return random.pick([1, skewed(random, 1, 50), random.between(50, 500), random.between(500, 4_000)]);
}

/** Mostly within the time that a message takes from publisher to subscriber, and its acknowledgements. */
function drawMomentOfFault(draft: Draft, random: SeededRandom, publishing: readonly Publishing[]): number {
  const [first, ...others] = publishing;
  if (first === undefined || random.chance(0.15)) return drawMoment(draft);
  const { at, count, everyMillis } = random.pick([first, ...others]);
  const { delayMillisMax } = drawNetwork(draft);
  const reachMillis = 8 * delayMillisMax + (draft.traits.has('slow-commits') ? 80 : 10);
  return at + random.between(0, count - 1) * everyMillis + random.between(0, reachMillis);
}

/** One fault: whom it meets, and when. */
class FaultDraft {
  readonly random: SeededRandom;
  readonly client: ClientPlan;
  readonly at: number;
  /** With the machine. */
  readonly machine: boolean;
  private readonly draft: Draft;

  constructor(draft: Draft, random: SeededRandom, client: ClientPlan, at: number) {
    this.draft = draft;
    this.random = random;
    this.client = client;
    this.at = at;
    this.machine = draft.traits.has('machine-crash') && random.chance(0.5);
  }

  /** Of a fault that lasts. */
  drawMillis(): number {
    return this.random.pick([skewed(this.random, 5, 200), this.random.between(200, 3_000)]);
  }

  crash(who: string): readonly Step[] {
    return [{ kind: 'crash', at: this.at, who, machine: this.machine }, ...this.comeBack(who)];
  }

  crashAt(who: string, at = this.at, boundary = drawBoundary(this.random)): Step {
    return { kind: 'crash-at', at, who, boundary, downMillis: drawDownMillis(this.random), machine: this.machine };
  }

  stop(who: string): readonly Step[] {
    const { random, client } = this;
    const isV5Client = who !== 'broker' && client.version === 5;
    return [
      {
        kind: 'stop',
        at: this.at,
        who,
        reasonCode: isV5Client ? random.pick([0, 0, 4, 0x80]) : 0,
        sessionExpirySeconds:
          isV5Client && mayChangeExpiry(client) && random.chance(0.3) ? random.pick([0, 1, 3, 60]) : undefined,
      },
      ...this.comeBack(who),
    ];
  }

  /** One in eight is left to the world, at the end. */
  comeBack(who: string, after = drawDownMillis(this.random)): readonly Step[] {
    const at = this.at + after;
    return at > this.draft.size.spanMillis || this.random.chance(0.12) ? [] : [{ kind: 'start', at, who }];
  }
}

function drawFault(fault: FaultTrait, draft: FaultDraft): readonly Step[] {
  const { random, client, at } = draft;
  const { name } = client;
  switch (fault) {
    case 'broker-crash':
      return draft.crash('broker');
    case 'broker-crash-at':
      return [draft.crashAt('broker')];
    case 'broker-stop':
      return draft.stop('broker');
    case 'client-crash':
      return draft.crash(name);
    case 'client-crash-at':
      return [draft.crashAt(name)];
    case 'client-stop':
      return draft.stop(name);
    case 'crash-together':
      return [...draft.crash('broker'), ...draft.crash(name)];
    case 'crash-twice':
      return crashTwice(draft, random.chance(0.6) ? 'broker' : name);
    case 'cut':
      return [{ kind: 'cut', at, client: name }];
    case 'half-open':
      return [{ kind: 'half-open', at, client: name, told: random.pick(['client', 'broker', 'nobody']) }];
    case 'stall':
      return [
        { kind: 'stall', at, client: name, to: random.pick(['client', 'broker', 'both']), millis: draft.drawMillis() },
      ];
    case 'unreachable':
      // Noticed only by who has to connect.
      return [
        { kind: 'unreachable', at, client: name, millis: draft.drawMillis() },
        { kind: 'cut', at, client: name },
      ];
    case 'intruder':
      return intrude(draft);
    case 'wall-clock':
      return [{ kind: 'wall-clock', at, millis: random.pick([HOUR, -HOUR, YEAR, -YEAR, 2_000, -2_000]) }];
    case 'broker-disk-slow':
      return [{ kind: 'disk', at, who: 'broker', fault: 'slow', millis: draft.drawMillis() }];
    case 'broker-disk-full':
      return [{ kind: 'disk', at, who: 'broker', fault: 'full', millis: draft.drawMillis() }];
    case 'broker-disk-failing':
      return fail(draft, 'broker');
    case 'client-disk':
      if (client.store === 'none') return [{ kind: 'cut', at, client: name }];
      if (random.chance(0.3)) return fail(draft, name);
      return [{ kind: 'disk', at, who: name, fault: random.pick(['slow', 'full']), millis: draft.drawMillis() }];
    default:
      return unreachable(fault);
  }
}

/** Killed, started, and killed again while it finds everything again. */
function crashTwice(draft: FaultDraft, who: string): readonly Step[] {
  const { at, random, machine } = draft;
  const again = at + drawDownMillis(random);
  return [
    { kind: 'crash', at, who, machine },
    { kind: 'start', at: again, who },
    draft.crashAt(who, again, skewed(random, 1, 20)),
  ];
}

/** The client that loses its session to another process ends; it is started again when that one is gone. */
function intrude({ at, random, client: { name } }: FaultDraft): readonly Step[] {
  const millis = skewed(random, 1, 1_000);
  return [
    { kind: 'intruder', at, client: name, clean: random.chance(0.3), millis },
    { kind: 'start', at: at + millis + random.between(0, 100), who: name },
  ];
}

function fail(draft: FaultDraft, who: string): readonly Step[] {
  const millis = draft.drawMillis();
  return [
    { kind: 'disk', at: draft.at, who, fault: 'failing', millis },
    ...draft.comeBack(who, millis + drawDownMillis(draft.random)),
  ];
}

/** Whether DISCONNECT may: who has said 0 in CONNECT may not say anything else in DISCONNECT (section 3.14.2.2.2). */
export function mayChangeExpiry({ version, clean, sessionExpirySeconds }: ClientPlan): boolean {
  if (version === 4) return false;
  return sessionExpirySeconds === undefined ? !clean : sessionExpirySeconds > 0;
}
