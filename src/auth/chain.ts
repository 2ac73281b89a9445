// Several authenticators as one, asked in their order. The first that knows a client decides alone: a password that it finds wrong
// is not tried elsewhere. One that was asked may still find that the client is none of its business; the next is asked then.
// Whom none knows is up to whoever is there for strangers, who refuses them at the price of somebody it knows.
// An Authentication Method belongs to the first that has it.

import type { Authentication, AuthenticationMethod, Authenticator, Credentials } from './contract.ts';
import { BAD_USER_NAME_OR_PASSWORD, NOT_AUTHORIZED, refused } from './refusals.ts';

/** What a link says of a client that it was asked about. */
export type LinkAnswer = Authentication | { readonly kind: 'not-mine' };

/** A link of a chain. */
export interface ChainLink {
  /** Whether it is the one to ask about a client, whatever it will say then. */
  knows(credentials: Credentials): boolean;
  /** As in `Authenticator`. */
  authenticate(credentials: Credentials): LinkAnswer | Promise<LinkAnswer>;
  /** As in `Authenticator`. */
  readonly methods?: ReadonlyMap<string, AuthenticationMethod>;
}

/** For clients that say nothing of who they are: those, and no others, are anonymous. */
export const ANONYMOUS_LINK: ChainLink = {
  knows: ({ userName, password }) => userName === undefined && password === undefined,
  authenticate: () => ({ kind: 'accepted', principal: undefined }),
};

/** For strangers where nobody else is there for them. */
export const NO_STRANGERS: Authenticator = {
  authenticate: ({ userName, password }) =>
    userName === undefined && password === undefined
      ? refused(NOT_AUTHORIZED, 'It does not say who it is.')
      : refused(BAD_USER_NAME_OR_PASSWORD, 'Nobody here knows such a client.'),
};

/**
 * Asks the links in their order.
 * @param strangers  Decides about clients that no link knows; its methods come last.
 */
export function chainOf(links: readonly ChainLink[], strangers: Authenticator): Authenticator {
  const methods = new Map<string, AuthenticationMethod>();
  for (const link of [...links, strangers]) {
    for (const [name, method] of link.methods ?? []) if (!methods.has(name)) methods.set(name, method);
  }
  return { authenticate: (credentials) => askFrom(0, credentials), methods };

  function askFrom(place: number, credentials: Credentials): Authentication | Promise<Authentication> {
    const found = links.findIndex((link, index) => index >= place && link.knows(credentials));
    const link = links[found];
    if (link === undefined) return strangers.authenticate(credentials);
    const answer = link.authenticate(credentials);
    const settle = (said: LinkAnswer): Authentication | Promise<Authentication> =>
      said.kind === 'not-mine' ? askFrom(found + 1, credentials) : said;
    return answer instanceof Promise ? answer.then(settle) : settle(answer);
  }
}
