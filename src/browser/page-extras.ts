// What only some clients need, as a page has it: what an option asks for is loaded before the client is made, so that the client finds
// it at hand like a program's; requests and responses come with the first of them, and the trie when there are many subscriptions,
// which are looked at one after the other until it has come.

import { assert } from '../base/assert.ts';
import type { Log } from '../base/log.ts';
import type { ClientExtras, MakeFilterTrie } from '../client/extras.ts';
import type { ConnectOptions } from '../client/options.ts';
import type { ClientParts } from '../client/parts.ts';
import { LateRequests } from './late-requests.ts';
import { load } from './load.ts';

/** The extras, and where the stores are. */
export interface PageExtras extends ClientExtras, Pick<ClientParts, 'makeStore'> {}

/**
 * Loads what these options ask for.
 * @throws {OperationError} `file-unavailable`; `store-unavailable`: the page cannot have one.
 */
export async function pageExtras({ store, authentication, redirects }: ConnectOptions, log: Log): Promise<PageExtras> {
  const hasRedirects = redirects !== undefined && redirects !== 'refuse';
  const [stored, authenticating, redirecting] = await Promise.all([
    store === undefined ? undefined : load('the option store', () => import('./page-store.ts')),
    authentication === undefined
      ? undefined
      : load('the option authentication', () => import('../client/authentication.ts')),
    hasRedirects ? load('the option redirects', () => import('../client/redirecting.ts')) : undefined,
  ]);
  const stores = stored?.pageStores(log);
  return {
    makeStore: (name) => there(stores).makeStore(name),
    openStore: (...all) => there(stores).openStore(...all),
    authentication: (settings, owner) => new (there(authenticating).Authentication)(settings, owner),
    serverChoice: (...all) => new (there(redirecting).ServerChoice)(...all),
    requestResponse: (owner) => new LateRequests(owner),
    filterTrie,
  };
}

function there<Part>(part: Part | undefined): Part {
  assert(part !== undefined, 'what an option asks for was loaded');
  return part;
}

let trieFile: Promise<void> | undefined;
let newTrie: MakeFilterTrie = () => undefined;

/** Where the file does not come, it is not asked for again: that costs time, and nothing else. */
const filterTrie: MakeFilterTrie = () => {
  trieFile ??= import('../topic/filter-trie.ts').then(
    ({ FilterTrie }) => {
      newTrie = () => new FilterTrie();
    },
    () => undefined,
  );
  return newTrie();
};
