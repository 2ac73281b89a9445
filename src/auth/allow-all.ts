// No questions asked: everybody is anonymous and may do everything. The default on loopback only;
// server/ refuses to combine it with another address unless `allowAnonymous` says so.

import type { Authentication, Authenticator, Authorizer } from './contract.ts';

const ACCEPTED: Authentication = Object.freeze({ kind: 'accepted', principal: undefined });

/** Accepts every client as anonymous. */
export const ANONYMOUS: Authenticator = { authenticate: () => ACCEPTED };

/** Allows everything. */
export const ALLOW_ALL: Authorizer = { allowsAll: true, allows: () => true };
