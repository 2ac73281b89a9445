// Which Reason Code may stand in which packet: table 2-6 of section 2.4, with the "sent by" columns
// of DISCONNECT (table 3-10) and AUTH (table 3-11), and the return codes of 3.x.
// A code outside its packet's table is a Protocol Error: the packet can be read, and says what it must not.

import type { ReasonCode } from './reason-codes.ts';

/** A packet that carries Reason Codes, told apart as far as the sets differ. The last two are those of MQTT 3.1 and 3.1.1. */
export type ReasonOwner =
  | 'connack'
  | 'pubackOrPubrec'
  | 'pubrelOrPubcomp'
  | 'suback'
  | 'unsuback'
  | 'disconnectFromClient'
  | 'disconnectFromServer'
  | 'authFromClient'
  | 'authFromServer'
  | 'connectReturnCode'
  | 'subackReturnCode';

/** 0x8c stands in table 2-6 and not in table 3-10, which says who sends what: so it is taken from both. */
const DISCONNECT_BY_BOTH = [0x00, 0x80, 0x81, 0x82, 0x83, 0x8c, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99];

const DISCONNECT_BY_SERVER = [0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2];

/** Every Reason Code that each packet may carry. */
export const REASON_CODES: { readonly [K in ReasonOwner]: ReadonlySet<ReasonCode> } = {
  connack: new Set([
    0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b,
    0x9c, 0x9d, 0x9f,
  ]),
  pubackOrPubrec: new Set([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]),
  pubrelOrPubcomp: new Set([0x00, 0x92]),
  suback: new Set([0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2]),
  unsuback: new Set([0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91]),
  disconnectFromClient: new Set([...DISCONNECT_BY_BOTH, 0x04]),
  disconnectFromServer: new Set([...DISCONNECT_BY_BOTH, ...DISCONNECT_BY_SERVER]),
  authFromClient: new Set([0x18, 0x19]),
  authFromServer: new Set([0x00, 0x18]),
  connectReturnCode: new Set([0, 1, 2, 3, 4, 5]),
  subackReturnCode: new Set([0x00, 0x01, 0x02, 0x80]),
};
