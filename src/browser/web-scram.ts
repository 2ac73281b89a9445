// The client's side of SCRAM-SHA-256 with the cryptography of the web. Loaded when it is used (page-scram.ts).

import { preparePassword } from '../auth/prepare-password.ts';
import { newScramClient, type ScramClient, type ScramCrypto } from '../auth/scram-client-exchange.ts';
import { PAGE_RANDOM } from './page.ts';

/** As RFC 5802 calls them. */
interface Keys {
  readonly clientKey: Uint8Array<ArrayBuffer>;
  readonly storedKey: Uint8Array<ArrayBuffer>;
  readonly serverKey: Uint8Array<ArrayBuffer>;
}

const KEY_BITS = 256;

const WEB_CRYPTO: ScramCrypto<Keys> = {
  async deriveKeys(password, salt, iterations) {
    const typed = await crypto.subtle.importKey('raw', preparePassword(password).slice(), 'PBKDF2', false, [
      'deriveBits',
    ]);
    const how = { name: 'PBKDF2', hash: 'SHA-256', salt: salt.slice(), iterations };
    const salted = new Uint8Array(await crypto.subtle.deriveBits(how, typed, KEY_BITS));
    const clientKey = await hmac(salted, 'Client Key');
    const storedKey = new Uint8Array(await crypto.subtle.digest('SHA-256', clientKey));
    return { clientKey, storedKey, serverKey: await hmac(salted, 'Server Key') };
  },
  async prove({ clientKey, storedKey, serverKey }, exchanged) {
    const mask = await hmac(storedKey, exchanged);
    const proof = clientKey.map((byte, at) => byte ^ (mask[at] ?? 0));
    return { proof, signature: await hmac(serverKey, exchanged) };
  },
};

/** The client's side for one user. */
export function webScramClient(userName: string, password: Uint8Array): ScramClient {
  return newScramClient(userName, password, PAGE_RANDOM, WEB_CRYPTO);
}

async function hmac(key: Uint8Array<ArrayBuffer>, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const secret = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', secret, new TextEncoder().encode(text)));
}
