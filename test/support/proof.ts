// An Authentication Method for tests, of the shape of SCRAM and as little of it as shows both sides: each proves to the
// other that it knows a secret, and neither says it. The user's name comes in the exchange, not in CONNECT.
//
//     client: name nonce | broker: nonce | client: proof of the client | broker: proof of the broker

import { createHmac } from 'node:crypto';

import type { AuthenticationMethod, AuthenticationStep } from '../../src/auth/contract.ts';
import type { EnhancedAuthentication } from '../../src/client/authentication.ts';

/** Its name. */
export const PROOF = 'PROOF';

/** The broker's side. */
export function proofMethod(secrets: ReadonlyMap<string, string>): AuthenticationMethod {
  let count = 0;
  return {
    begin: () => {
      const nonce = `broker-${++count}`;
      let first: readonly string[] | undefined;
      return {
        next: (data): AuthenticationStep => {
          const text = Buffer.from(data ?? []).toString();
          if (first === undefined) {
            first = text.split(' ');
            return { kind: 'continue', data: Buffer.from(nonce) };
          }
          const [name = '', theirs = ''] = first;
          const secret = secrets.get(name);
          if (secret === undefined || text !== proofOf('client', secret, theirs, nonce)) {
            return { kind: 'refused', reasonCode: 0x87, detail: 'no proof' };
          }
          return { kind: 'accepted', principal: name, data: Buffer.from(proofOf('broker', secret, theirs, nonce)) };
        },
      };
    },
  };
}

/** The client's side. `secret` is asked for with each exchange. */
export function proofOfClient(name: string, secret: () => string): EnhancedAuthentication {
  let count = 0;
  return {
    method: PROOF,
    begin: () => {
      const nonce = `client-${++count}`;
      const known = secret();
      let theirs = '';
      return {
        first: Buffer.from(`${name} ${nonce}`),
        respond: (data) => {
          theirs = Buffer.from(data ?? []).toString();
          return Buffer.from(proofOf('client', known, nonce, theirs));
        },
        finish: (data) => {
          const expected = proofOf('broker', known, nonce, theirs);
          if (Buffer.from(data ?? []).toString() !== expected) throw new Error('The broker does not know the secret.');
        },
      };
    },
  };
}

/** What only who knows the secret can say about two nonces. */
export function proofOf(who: 'client' | 'broker', secret: string, clientNonce: string, brokerNonce: string): string {
  return createHmac('sha256', secret).update(`${who} ${clientNonce} ${brokerNonce}`).digest('hex').slice(0, 16);
}
