// What every store must hold, wherever it keeps things. A store's own test hands in places (store-place.ts): stores are
// made over each, one after another, and each finds what the one before made durable. Whether the broker makes the
// right changes is for test/broker/ to show.

import { after, describe } from 'node:test';

import { contractOfDurability } from './store-durability.ts';
import { contractOfCrashes, contractOfHistories } from './store-histories.ts';
import { contractOfMessages } from './store-messages.ts';
import { type Ability, type OpenNew, open, type StorePlace } from './store-place.ts';
import { contractOfQueues } from './store-queues.ts';
import { contractOfSessions } from './store-sessions.ts';

/** Runs the suite for one kind of store. */
export function storeContract(
  name: string,
  makePlace: () => Promise<StorePlace>,
  abilities: readonly Ability[] = [],
): void {
  describe(`${name} keeps the store contract`, { timeout: 110_000 }, () => {
    const places: StorePlace[] = [];
    after(async () => {
      for (const place of places) await place.remove();
    });
    const openNew: OpenNew = async () => {
      const place = await makePlace();
      places.push(place);
      return { place, ...(await open(place)) };
    };
    contractOfDurability({ openNew, abilities });
    contractOfSessions(openNew);
    contractOfMessages(openNew);
    contractOfQueues(openNew);
    contractOfHistories(openNew);
    if (abilities.includes('crash')) contractOfCrashes(openNew);
  });
}
