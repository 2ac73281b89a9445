// The kinds of plans: what a seed draws from, and what `npm run sim -- --scenario X` asks for.

import type { Plan } from '../plan.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { type Frame, TYPICAL_SIZE } from './draft.ts';
import { aliases, away, handshakes, sharing } from './recipes-delivery.ts';
import { beginnings, deadClients, lostSessions, overtaking } from './recipes-promises.ts';
import { fullQueues, slowReaders } from './recipes-queues.ts';
import { expiry, restarts, retained, takeover } from './recipes-sessions.ts';
import { streams } from './recipes-streams.ts';
import { wills } from './recipes-wills.ts';
import { drawSwarm } from './swarm.ts';
import { FAULT_TRAITS } from './traits.ts';

/** A kind of plan. */
export interface Scenario {
  /** What it is about, for people. */
  readonly sentence: string;
  /** How often a seed draws it, against the others. */
  readonly weight: number;
  readonly draw: (random: SeededRandom, seed: number) => Plan;
}

/** The name of a kind of plan. */
export type ScenarioName =
  | 'anything'
  | 'typical'
  | 'nothing-breaks'
  | 'handshakes'
  | 'away'
  | 'restarts'
  | 'wills'
  | 'takeover'
  | 'expiry'
  | 'sharing'
  | 'full-queues'
  | 'retained'
  | 'beginnings'
  | 'overtaking'
  | 'dead-clients'
  | 'lost-sessions'
  | 'aliases'
  | 'streams'
  | 'client-stores'
  | 'slow-readers'
  | 'bad-disks';

/** All of them. */
export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  anything: swarm(30, 'Anything at all: features and faults switched on and off at random.', {}),
  typical: swarm(1, 'Five clients, 200 messages, five faults: what the speed is measured by.', { size: TYPICAL_SIZE }),
  'nothing-breaks': swarm(2, 'Anything, but nothing breaks.', { off: FAULT_TRAITS }),
  handshakes: written(10, 'Handshakes of QoS 1 and 2, cut short in every state, go on.', handshakes),
  away: written(8, 'A subscriber is away while messages come; the broker is restarted meanwhile.', away),
  restarts: written(6, 'A broker that is killed again and again, also while it starts.', restarts),
  wills: written(8, 'Wills of every kind, and every way in which a connection ends.', wills),
  takeover: written(6, 'A second process takes a session over in the middle of handshakes.', takeover),
  expiry: written(7, 'Sessions and messages expire; the wall clock jumps.', expiry),
  sharing: written(7, 'Members of shared subscriptions leave while messages are in flight to them.', sharing),
  'full-queues': written(5, "Two clients publish into each other's full queues, with each policy.", fullQueues),
  retained: written(5, 'Retained messages are set, replaced and cleared; subscribers come late.', retained),
  beginnings: written(6, 'CONNECT, SUBSCRIBE and UNSUBSCRIBE are answered, and the broker dies.', beginnings),
  overtaking: written(5, 'Messages that everybody has had before they are written, between others.', overtaking),
  'dead-clients': written(8, 'Clients with a store are killed while something waits for their disk.', deadClients),
  'lost-sessions': written(5, 'The broker loses sessions in which messages are under way.', lostSessions),
  streams: written(16, 'Two clients say much to each other, and something breaks in the midst of it.', streams),
  aliases: written(4, 'Topic aliases over connections that break.', aliases),
  'client-stores': swarm(6, 'Clients with an outbox and an inbox on disk, killed at every boundary.', {
    on: ['client-stores', 'client-crash', 'client-crash-at', 'client-disk'],
    off: ['queue-limits', 'shared', 'flood', 'intruder', 'wills'],
  }),
  'slow-readers': written(3, 'A client does not read for a while, and much is said to it.', slowReaders),
  'bad-disks': swarm(4, "Disks that are slow, full and failing, the broker's and the clients'.", {
    on: ['broker-disk-slow', 'broker-disk-full', 'broker-disk-failing', 'client-disk', 'client-stores'],
    off: ['flood', 'intruder', 'stall', 'half-open'],
  }),
};

function swarm(weight: number, sentence: string, frame: Partial<Frame>): Scenario {
  return { weight, sentence, draw: (random, seed) => drawSwarm(random, seed, frame) };
}

function written(weight: number, sentence: string, draw: Scenario['draw']): Scenario {
  return { weight, sentence, draw };
}
