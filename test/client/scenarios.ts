// All scenarios of the client, in one table.

import { DELIVERY_SCENARIOS } from './delivery-scenarios.ts';
import type { Scenario } from './scenario.ts';
import { SESSION_SCENARIOS } from './session-scenarios.ts';
import { TERMS_SCENARIOS } from './terms-scenarios.ts';

/** The table. */
export const SCENARIOS: readonly Scenario[] = [...DELIVERY_SCENARIOS, ...SESSION_SCENARIOS, ...TERMS_SCENARIOS];
