// Loaded ahead of everything else (`flagsToPlant`), this plants the mutant that its address names.

import { plantMutant } from './planting.ts';

plantMutant(new URL(import.meta.url).search.slice(1));
