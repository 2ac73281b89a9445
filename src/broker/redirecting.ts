// Server redirection (MQTT 5.0 section 4.11): the rules by which clients are told to use another server. They are asked
// before the client is: whoever is sent away has not said more than its identifier, and need not be known here.

import type { ClientRedirect } from './parts.ts';

/** What ends a pattern that says how identifiers begin. */
const ANYTHING = '*';

/** The first rule for a client; `undefined`: it may stay. */
export function redirectFor(rules: readonly ClientRedirect[], clientId: string): ClientRedirect | undefined {
  return rules.find(({ clients }) => matches(clients, clientId));
}

function matches(pattern: string, clientId: string): boolean {
  return pattern.endsWith(ANYTHING) ? clientId.startsWith(pattern.slice(0, -ANYTHING.length)) : clientId === pattern;
}
