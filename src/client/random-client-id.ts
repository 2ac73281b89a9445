// A client identifier for those that must have one and were given none.

import type { Random } from '../base/random.ts';

/** 22 characters, unguessable: MQTT 3.1 takes 1 to 23, and every broker takes these (section 3.1.3.1) [MQTT-3.1.3-5]. */
export function randomClientId(random: Random): string {
  return `vouch-${Array.from(random.bytes(8), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
