// What only some clients need: a store, an Authentication Method, redirects, requests and responses, an index of many subscriptions.
// The client is handed it, so that nothing of it is in the way of those who do without: a program has all of it at hand (all-extras.ts), a
// page loads what its client is to use (browser/page-extras.ts).
// Invariant: nothing here is asked for without its option, but `requestResponse`, with the first request or responder, and `filterTrie`.

import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { FilterTrie } from '../topic/filter-trie.ts';
import type { Authentication, AuthenticationOwner, EnhancedAuthentication } from './authentication.ts';
import type { openClientStore } from './client-store.ts';
import type { Transport } from './parts.ts';
import type { RedirectPolicy, ServerAddress, ServerChoice } from './redirecting.ts';
import type { RequestResponse, RequestResponseOwner } from './request-response.ts';

/** Makes each of the extras. */
export interface ClientExtras {
  /** For the option `store`. */
  readonly openStore: typeof openClientStore;
  /** For the option `authentication`: that of one connection. */
  readonly authentication: (settings: EnhancedAuthentication, owner: AuthenticationOwner) => Authentication;
  /** For the option `redirects`, unless it is 'refuse'. */
  readonly serverChoice: (
    server: ServerAddress & { readonly transport: Transport },
    policy: RedirectPolicy,
    random: Random,
    log: Log,
  ) => Servers;
  /** For `Client.request` and `Client.respond`. */
  readonly requestResponse: (owner: RequestResponseOwner) => RequestsAndResponses;
  /** For those with many subscriptions. */
  readonly filterTrie: MakeFilterTrie;
}

/** Which server the next attempt goes to. */
export type Servers = Pick<ServerChoice, 'latest' | 'next' | 'follow'>;

/** The requests and responders of a client. */
export type RequestsAndResponses = Pick<RequestResponse, 'pendingCount' | 'request' | 'respond' | 'close'>;

/** Makes an empty trie; `undefined`: it cannot yet, and may be asked again. */
export type MakeFilterTrie = <Target extends object, Options extends object>() =>
  | FilterTrie<Target, Options>
  | undefined;
