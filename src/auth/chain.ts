// Several authenticators as one. The first that knows a client decides alone: a password that it finds wrong is not tried
// elsewhere. Whom none knows is up to the last one, which refuses it at the price of somebody it knows.
// An Authentication Method belongs to the first that has it.

import { assert } from '../base/assert.ts';
import type { Authentication, AuthenticationMethod, Authenticator, Credentials } from './contract.ts';

/** An Authenticator that can say whom it is for. */
export interface ChainLink extends Authenticator {
  /** Whether it is the one to ask about a client, whatever it will say then. */
  knows(credentials: Credentials): boolean;
}

/** For clients that say nothing of who they are: those, and no others, are anonymous. */
export const ANONYMOUS_LINK: ChainLink = {
  knows: ({ userName, password }) => userName === undefined && password === undefined,
  authenticate: () => ({ kind: 'accepted', principal: undefined }),
};

/** Asks the links in their order. @param links  At least one. */
export function chainOf(links: readonly ChainLink[]): Authenticator {
  const last = links.at(-1);
  assert(last !== undefined, 'a chain has a link');
  const methods = new Map<string, AuthenticationMethod>();
  for (const link of links) {
    for (const [name, method] of link.methods ?? []) if (!methods.has(name)) methods.set(name, method);
  }
  return {
    authenticate: (credentials): Authentication | Promise<Authentication> =>
      (links.find((link) => link.knows(credentials)) ?? last).authenticate(credentials),
    methods,
  };
}
