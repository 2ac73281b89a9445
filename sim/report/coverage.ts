// What the faults of many runs have met: how often each kind of fault came in each state of a handshake, in plans with each feature, and at
// which boundaries processes were killed. Counts add up over runs and over processes. It says what was met, not what should be
// (expectations.ts).

import type { History, HistoryEvent } from '../history.ts';
import { type Fault, faultOf } from './faults.ts';
import { Handshakes, type HandshakeState } from './handshakes.ts';

/** Counts by key, to be sent to another process. */
export type CoverageEntries = readonly (readonly [key: string, count: number])[];

/** How often what was met. */
export class Coverage {
  private readonly counts: Map<string, number>;

  constructor(entries: CoverageEntries = []) {
    this.counts = new Map(entries);
  }

  /** Adds a run. @param features  Those of its plan. */
  addRun({ events }: Pick<History, 'events'>, features: readonly string[]): void {
    const handshakes = new Handshakes();
    for (const feature of features) this.count(planKey(feature));
    for (const event of events) {
      const fault = faultOf(event);
      if (fault !== undefined) this.countFault(fault, handshakes.statesOf(fault.client), features);
      if (event.kind === 'crashed' && event.boundary !== '') {
        this.count(boundaryKey(event.who === 'broker' ? 'broker' : 'client', event.boundary));
      }
      this.countTakeover(event, handshakes, features);
      handshakes.see(event);
    }
  }

  /** Adds the counts of another one. */
  addAll(entries: CoverageEntries): void {
    for (const [key, count] of entries) this.counts.set(key, (this.counts.get(key) ?? 0) + count);
  }

  /** All counts. */
  entries(): CoverageEntries {
    return Array.from(this.counts);
  }

  /** How often a fault came in this state, and, with a feature, in plans that have it. */
  hits(fault: string, state: string, feature = ''): number {
    return this.counts.get(hitKey(fault, state, feature)) ?? 0;
  }

  /** How often a fault came in plans with a feature. */
  featureHits(fault: string, feature: string): number {
    return this.counts.get(hitKey(fault, '', feature)) ?? 0;
  }

  /** How many plans had a feature. */
  plans(feature: string): number {
    return this.counts.get(planKey(feature)) ?? 0;
  }

  /** How often processes were killed at which boundaries: `broker, before commit`. */
  boundaries(): ReadonlyMap<string, number> {
    const ofBoundaries = this.entries().filter(([key]) => key.startsWith(BOUNDARY));
    return new Map(ofBoundaries.map(([key, count]) => [key.slice(BOUNDARY.length), count]));
  }

  private countTakeover(event: HistoryEvent, handshakes: Handshakes, features: readonly string[]): void {
    if (event.kind !== 'came' || event.packet.packet.kind !== 'connect') return;
    const { client, connection } = event;
    const states = handshakes.statesTakenOver(client, connection);
    if (states.size > 0) this.countFault({ kind: 'taken over', client }, states, features);
  }

  private countFault(fault: Fault, states: ReadonlySet<HandshakeState>, features: readonly string[]): void {
    for (const feature of features) this.count(hitKey(fault.kind, '', feature));
    for (const state of states) {
      this.count(hitKey(fault.kind, state, ''));
      for (const feature of features) this.count(hitKey(fault.kind, state, feature));
    }
  }

  private count(key: string): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }
}

function hitKey(fault: string, state: string, feature: string): string {
  return `${fault}|${state}|${feature}`;
}

function planKey(feature: string): string {
  return `|${feature}`;
}

const BOUNDARY = '@|';

function boundaryKey(who: string, boundary: string): string {
  return `${BOUNDARY}${who}, ${boundary}`;
}
