// How a shared subscription chooses who gets a message (section 4.8.2 leaves it to the Server), one small object for each
// `sharedSubscriptionStrategy`. Who can take a message at all, and what happens to one that nobody can, is group-queue.ts.
//
// A strategy may name a key: what has the same key goes to the same member as long as that one is connected. The member is found by
// rendezvous hashing: each member draws a number for the key, from its Client Identifier alone, and the highest wins. So
// the choice survives restarts, needs no memory, and when a member comes or goes, only what it has to do with changes hands. The price is a
// look at every member for every message, some 15 ns each; so it is for `least-loaded`, unless somebody has nothing to do.

import type { Message } from '../packet/message.ts';
import type { SharedGroup } from '../topic/shared-group.ts';
import type { ClientSession } from './client-session.ts';
import type { RouteTarget } from './route.ts';
import type { SharedSubscriptionStrategy } from './rules.ts';

/** The members of a group. */
export type Members = SharedGroup<ClientSession, RouteTarget>;

/** Whether a member can be given the message. */
export type CanTake = (session: ClientSession, target: RouteTarget) => boolean;

/** How members are chosen. */
export interface Sharing {
  /**
   * What is always to go to the same member; `undefined`: anybody may have the message.
   * @param publisher  Whose message it is; `undefined`: a Will's, the embedder's, or one that had to wait for the group, which does not remember.
   */
  readonly keyOf: (message: Message, publisher: string | undefined) => string | undefined;
  /** Chooses where there is no key; `undefined`: nobody can take the message. */
  readonly select: (members: Members, canTake: CanTake) => ClientSession | undefined;
}

const inTurn: Sharing['select'] = (members, canTake) => members.select(canTake);

/** Every strategy. */
export const SHARING: { readonly [K in SharedSubscriptionStrategy]: Sharing } = {
  'round-robin': { keyOf: () => undefined, select: inTurn },
  'least-loaded': {
    keyOf: () => undefined,
    select: (members, canTake) =>
      members.selectBest(
        (session, target) => (canTake(session, target) ? -session.machine.inFlightCount : undefined),
        0,
      ),
  },
  'sticky-by-publisher': { keyOf: (_message, publisher) => publisher, select: inTurn },
  'sticky-by-topic': { keyOf: ({ topic }) => topic, select: inTurn },
};

/** Chooses for a key: of those that can take the message always the same one. */
export function selectFor(key: string, members: Members, canTake: CanTake): ClientSession | undefined {
  const keyHash = hashOf(key);
  return members.selectBest(
    (session, target) => (canTake(session, target) ? mix(keyHash, target.nameHash) : undefined),
    Number.POSITIVE_INFINITY,
  );
}

/** A small integer for a text: FNV-1a. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 2;
}

/** One small integer from two, as if by chance. */
function mix(one: number, other: number): number {
  let hash = Math.imul(one ^ (other >>> 15), 0x85ebca6b) ^ other;
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 2;
}
