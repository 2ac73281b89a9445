// Statements of sections 4 and 7 that a client has no means to look at.

import type { NotObservable } from '../check.ts';

const NO_LONGER_NAMES = 'The length of a Topic Name or Filter is sent in two bytes: nobody can say a longer one.';

/** The statements of this part. */
export const NOT_OBSERVABLE: readonly NotObservable[] = [
  { id: 'MQTT-4.7.3-3', version: '3.1.1', binds: 'server', why: NO_LONGER_NAMES },
  { id: 'MQTT-4.7.3-3', version: '5.0', binds: 'server', why: NO_LONGER_NAMES },
  {
    id: 'MQTT-4.8.0-2',
    version: '3.1.1',
    binds: 'server',
    why: 'No client can bring about a transient error, such as a lack of memory, at will.',
  },
  {
    id: 'MQTT-7.0.0-1',
    version: '3.1.1',
    binds: 'server',
    why: 'It binds Servers that connect to other Servers. Vouch does not.',
  },
];
