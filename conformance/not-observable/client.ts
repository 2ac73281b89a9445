// What nothing can be seen of in our client.

import type { NotObservable } from '../check.ts';

/** The statements of this part. */
export const NOT_OBSERVABLE: readonly NotObservable[] = [
  {
    id: 'MQTT-4.3.3-9',
    version: '5.0',
    binds: 'client',
    why: 'It is about a PUBREC that says no, which the client never sends: it takes every message, or waits.',
  },
];
