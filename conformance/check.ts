// What a check is: a claim about a broker or a client, the statements that it shows, a small play that finds out, and
// for each statement a lie that the play must find: somebody who breaks just that (liar/). A check without a lie is no
// check: it might pass whatever it looks at.

import type { Lie } from './liar/lie.ts';
import type { ClientStage } from './stage/client-stage.ts';
import type { ServerStage } from './stage/server-stage.ts';

/** A version of MQTT that has a specification with numbered statements. */
export type Version = '3.1.1' | '5.0';

/** The versions. */
export const VERSIONS: readonly Version[] = ['3.1.1', '5.0'];

/** A statement that a check shows to hold. */
export interface Showing {
  /** As the specification writes it, without the brackets. */
  readonly id: string;
  readonly version: Version;
  /** What breaks the statement, and with which the check must fail. */
  readonly lie: Lie;
}

/**
 * How the broker under test is set up. Somebody else's broker is as it is: checks for another set-up are not played there.
 * - `default`: as it comes.
 * - `tight`: Receive Maximum 3, packets of 1 KiB, 2 topic aliases both ways, Keep Alive of 2 s at most, Session Expiry 60 s at most.
 * - `guarded`: user `good` with password `good` only; may not publish or subscribe to topics below `denied`;
 *   Authentication Method `TEST` (see stage/guards.ts).
 * - `redirecting`: sends clients elsewhere.
 */
export type SetUp = 'default' | 'tight' | 'guarded' | 'redirecting';

/** What every check has. */
interface Claim {
  /** A sentence: what the peer does. */
  readonly claim: string;
  /** A check is played in each version that it shows a statement of. */
  readonly shows: readonly Showing[];
}

/** A check of a broker. */
export interface ServerCheck extends Claim {
  /** Default: `default`. */
  readonly setUp?: SetUp;
  readonly play: (stage: ServerStage) => Promise<void>;
}

/** A check of a client. */
export interface ClientCheck extends Claim {
  readonly play: (stage: ClientStage) => Promise<void>;
}

/** One statement of which nothing can be seen from outside. */
export interface NotObservable {
  readonly id: string;
  readonly version: Version;
  /** Whose half of it. */
  readonly binds: 'server' | 'client';
  /** A sentence. */
  readonly why: string;
}

/** A statement of MQTT 5.0. */
export function v5(id: string, lie: Lie): Showing {
  return { id, version: '5.0', lie };
}

/** A statement of MQTT 3.1.1. */
export function v311(id: string, lie: Lie): Showing {
  return { id, version: '3.1.1', lie };
}

/** A statement that both versions have under one identifier. */
export function both(id: string, lie: Lie): readonly Showing[] {
  return [v311(id, lie), v5(id, lie)];
}
