// How those who decide say no. The Reason Codes are those of CONNACK (MQTT 5.0, table 3-1); this room knows no packets.

import type { AuthLimitName, Refused } from './contract.ts';

/** It is not who it says it is. */
export const BAD_USER_NAME_OR_PASSWORD = 0x86;

/** It may not come in, whoever it is. */
export const NOT_AUTHORIZED = 0x87;

/** What would have to be asked does not answer. */
export const SERVER_UNAVAILABLE = 0x88;

/** Too many are being checked. */
export const SERVER_BUSY = 0x89;

/** It tried too often. */
export const CONNECTION_RATE_EXCEEDED = 0x9f;

/** So much of a name is shown: it may have 65,535 bytes. */
const SHOWN_LENGTH_MAX = 64;

/**
 * A no.
 * @param detail  Sentences for the log.
 * @param limit   The limit that it is for; `undefined`: none.
 */
export function refused(reasonCode: number, detail: string, limit?: AuthLimitName): Refused {
  return limit === undefined ? { kind: 'refused', reasonCode, detail } : { kind: 'refused', reasonCode, detail, limit };
}

/** A name as the log shows it. */
export function shown(name: string): string {
  return JSON.stringify(name.length > SHOWN_LENGTH_MAX ? `${name.slice(0, SHOWN_LENGTH_MAX)}...` : name);
}
