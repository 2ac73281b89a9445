// All mutants. What each is for stands in the file that it is from.

import { BROKER_PROMISES } from './catalogue/broker-promises.ts';
import { CLIENT } from './catalogue/client.ts';
import { RETAINED_AND_WILLS } from './catalogue/retained-and-wills.ts';
import { SESSION_MACHINE } from './catalogue/session-machine.ts';
import { SESSIONS_AND_ROUTES } from './catalogue/sessions-and-routes.ts';
import { SQLITE } from './catalogue/sqlite.ts';
import type { Mutant } from './mutant.ts';

/** The known bugs that the simulator must find. */
export const MUTANTS: readonly Mutant[] = [
  ...BROKER_PROMISES,
  ...SESSION_MACHINE,
  ...RETAINED_AND_WILLS,
  ...SESSIONS_AND_ROUTES,
  ...CLIENT,
  ...SQLITE,
];

/** The mutant of this name; `undefined`: there is none. */
export function mutantNamed(name: string): Mutant | undefined {
  return MUTANTS.find((mutant) => mutant.name === name);
}
