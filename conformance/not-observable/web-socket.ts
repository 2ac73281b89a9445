// What only binds those who offer MQTT over WebSocket (section 6): nothing of it shows on another transport.

import { type NotObservable, VERSIONS } from '../check.ts';

const IDS: readonly (readonly [id: string, binds: readonly NotObservable['binds'][]])[] = [
  ['MQTT-6.0.0-1', ['server', 'client']],
  ['MQTT-6.0.0-2', ['server', 'client']],
  ['MQTT-6.0.0-3', ['client']],
  ['MQTT-6.0.0-4', ['server']],
];

/** The statements of this part. */
export const NOT_OBSERVABLE: readonly NotObservable[] = VERSIONS.flatMap((version) =>
  IDS.flatMap(([id, sides]) =>
    sides.map((binds) => ({
      id,
      version,
      binds,
      why: 'It is about WebSocket frames, which no other transport has; test/transport/packets-over-frames.test.ts shows it.',
    })),
  ),
);
