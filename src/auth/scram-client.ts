// The client's side of SCRAM-SHA-256 with the cryptography of Node.js.

import type { Random } from '../base/random.ts';
import { newScramClient, type ScramClient, type ScramCrypto } from './scram-client-exchange.ts';
import { clientProof, deriveBothKeys, type ScramKeyPair, serverSignature } from './scram-keys.ts';

const NODE_CRYPTO: ScramCrypto<ScramKeyPair> = {
  deriveKeys: deriveBothKeys,
  prove: ({ clientKey, serverKey }, exchanged) => ({
    proof: clientProof(clientKey, exchanged),
    signature: serverSignature(serverKey, exchanged),
  }),
};

/**
 * The client's side for one user.
 * @throws {UsageError} `invalid-argument`: a name that SCRAM has no place for.
 */
export function scramClient(userName: string, password: Uint8Array, random: Random): ScramClient {
  return newScramClient(userName, password, random, NODE_CRYPTO);
}
