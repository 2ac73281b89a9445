// Who may connect to the broker of the set-up `guarded`, and what for.

import type { AuthenticationMethod, Authenticator, Authorizer } from '../../src/auth/contract.ts';
import { textOf } from '../wire/read.ts';
import type { ConnectFields } from '../wire/write.ts';

/** What a client says in CONNECT to be let in. */
export const GOOD_USER: Pick<ConnectFields, 'userName' | 'password'> = { userName: 'good', password: 'good' };

const UTF8 = new TextEncoder();

/** Answers whatever comes first with the challenge `challenge`; the answer to it has to be `response`, and then `welcome` is said. */
const TEST: AuthenticationMethod = {
  begin: () => {
    let isChallenged = false;
    return {
      next: (data) => {
        if (!isChallenged) {
          isChallenged = true;
          return { kind: 'continue', data: UTF8.encode('challenge') };
        }
        if (data !== undefined && textOf(data) === 'response') {
          return { kind: 'accepted', principal: 'good', data: UTF8.encode('welcome') };
        }
        return { kind: 'refused', reasonCode: 0x87, detail: 'Not the answer to the challenge.' };
      },
    };
  },
};

/** User `good` with password `good`; or the Authentication Method `TEST`. */
export const GUARD: Authenticator = {
  methods: new Map([['TEST', TEST]]),
  authenticate: ({ userName, password }) => {
    if (userName === 'good' && password !== undefined && textOf(password) === 'good') {
      return { kind: 'accepted', principal: 'good' };
    }
    return { kind: 'refused', reasonCode: 0x86, detail: 'Not the user or not the password.' };
  },
};

/** Nothing below `denied`, at any level. */
export const GUARDED_TOPICS: Authorizer = {
  allowsAll: false,
  allows: (_identity, _action, topic) => !topic.split('/').includes('denied'),
};
