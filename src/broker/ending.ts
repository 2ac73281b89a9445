// How a connection ends that the broker ends: what the client is told, and when.

import type { Millis } from '../base/millis.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';

/** How the connection ends, decided while a packet is still being handled. */
export interface Ending {
  readonly reasonCode: ReasonCode;
  readonly detail: string;
  /** An operator has asked for it, and has said, perhaps, where the client is to go. */
  readonly asked?: { readonly serverReference: string | undefined };
}

/** An ending that is put off. */
export interface Hold extends Ending {
  readonly until: Millis;
}
