// Both disks under the suite for all stores, killed by turns as processes and with their machines.

import { storeContract } from '../../test/contract/store.ts';
import type { StorePlace } from '../../test/contract/store-place.ts';
import type { DiskPlan, StoreKind } from '../plan.ts';
import { DiskRig } from './disk-rig.fixture.ts';

let places = 0;

function placeOn(kind: StoreKind, tuning: DiskPlan['tuning']): StorePlace {
  const rig = new DiskRig(kind, places++, { tuning });
  const { disk } = rig;
  let crashes = 0;
  return {
    makeStore: () => disk.makeStore(),
    crash: () => Promise.resolve(rig.crash(crashes++ % 2 === 0)),
    setFull: (_, isFull) => disk.setFault(isFull ? 'full' : undefined),
    breakDisk: () => disk.setFault('failing'),
    remove: () => Promise.resolve(disk.discard()),
  };
}

for (const [kind, tuning] of [
  ['model', 'usual'],
  ['model', 'tiny'],
  // Usual is how test/contract/store-sqlite.test.ts has the engine.
  ['sqlite', 'tiny'],
] as const) {
  storeContract(`the ${kind} disk, ${tuning},`, () => Promise.resolve(placeOn(kind, tuning)), [
    'elide',
    'crash',
    'full',
    'break',
  ]);
}
