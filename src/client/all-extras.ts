// All extras, at hand: for programs, which have what they import before they begin.

import { FilterTrie } from '../topic/filter-trie.ts';
import { Authentication } from './authentication.ts';
import { openClientStore } from './client-store.ts';
import type { ClientExtras } from './extras.ts';
import { ServerChoice } from './redirecting.ts';
import { RequestResponse } from './request-response.ts';

/** Every extra. */
export const ALL_EXTRAS: ClientExtras = {
  openStore: openClientStore,
  authentication: (settings, owner) => new Authentication(settings, owner),
  serverChoice: (server, policy, random, log) => new ServerChoice(server, policy, random, log),
  requestResponse: (owner) => new RequestResponse(owner),
  filterTrie: () => new FilterTrie(),
};
