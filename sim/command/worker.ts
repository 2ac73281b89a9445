// A process that runs schedules, with a mutant planted in it if its argument names one: before anything else is loaded, since a
// module that is there stays as it is. What it does is in work.ts.

import { plantMutant } from '../mutants/planting.ts';

const [mutant] = process.argv.slice(2);
if (mutant !== undefined) plantMutant(mutant);

const { obeyOrders } = await import('./work.ts');
obeyOrders();
