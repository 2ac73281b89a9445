// Nothing throws where nothing may, no process ends but when it is told to, and a store fails only when its disk did.

import type { History } from '../history.ts';
import { type Digest, digestOf } from './digest.ts';
import { NEVER } from './session-span.ts';
import type { Violation } from './violation.ts';

/** Checks for our own bugs that show themselves. */
export function exceptions(history: History): readonly Violation[] {
  const { events, end } = history;
  const found: Violation[] = [];
  const say = (at: number, sentence: string): void => void found.push({ checker: 'exceptions', sentence, at });
  /** Whose disk has been made to fail, or to be full. */
  const broken = new Set<string>();
  /** Whose session another process has taken, which ends a client for good. */
  const taken = new Set<string>();
  for (const event of events) {
    if (event.kind === 'fault') {
      const { step } = event;
      if (step.kind === 'disk' && step.fault !== 'slow') broken.add(step.who);
      if (step.kind === 'intruder') taken.add(step.client);
    } else if (event.kind === 'store-failed') {
      if (!broken.has(event.who))
        say(event.at, `The store of ${event.who} failed (${event.code}), though its disk did not.`);
    } else if (
      event.kind === 'over' &&
      !(event.how === 'disconnected-by-broker' && mayBeTakenOver(history, event.who, event.life, taken))
    ) {
      say(event.at, `${event.who} ended by itself: ${event.how}.`);
    }
  }
  for (const sentence of end.exceptions) say(events.at(-1)?.at ?? 0, sentence);
  return found;
}

/** By another process: one that was told to, or an earlier one of its own, whose CONNECT came late. A CONNECT of its own it would know of. */
function mayBeTakenOver(history: History, who: string, life: number, taken: ReadonlySet<string>): boolean {
  return taken.has(who) || hasGhost(digestOf(history), who, life);
}

function hasGhost(digest: Digest, who: string, life: number): boolean {
  const { connections } = digest.client(who);
  const ghosts = connections.filter(({ clientLife, connectCame }) => clientLife < life && connectCame < NEVER);
  return connections.some(
    ({ clientLife, connackSent }) => clientLife === life && ghosts.some(({ connectCame }) => connectCame > connackSent),
  );
}
