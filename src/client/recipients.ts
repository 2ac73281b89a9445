// Who messages wait for in a client's store. The store's contract has sessions and recipients; a client has one of each kind.

import type { RecipientKey, SessionKey } from '../store/contract.ts';

/** The session, and as a recipient of messages the outbox. */
export const OUTBOX: SessionKey = 1;
/** The recipient of what has come. */
export const INBOX: RecipientKey = 2;
