// SCRAM-SHA-256, the client's side: it proves that it knows the password without sending it, and believes the broker only when
// that has shown the same. Fits `authentication` of `vouch/client`, which this room does not know. The dear part, deriving the keys,
// is done once for as long as the broker's salt and iterations stay the same: a client that connects again does not pay again.

import { timingSafeEqual } from 'node:crypto';

import { OperationError, UsageError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { clientProof, deriveBothKeys, SCRAM_ITERATIONS_MIN, serverSignature } from './scram-keys.ts';
import {
  base64,
  escaped,
  exchangedText,
  parseServerFinal,
  parseServerFirst,
  type ServerFirst,
} from './scram-messages.ts';
import { SCRAM_SHA_256 } from './scram-server.ts';

/** One exchange, as the client's `AuthenticationExchange`. */
export interface ScramClientExchange {
  readonly first: Uint8Array;
  respond(challenge: Uint8Array | undefined): Promise<Uint8Array>;
  finish(data: Uint8Array | undefined): void;
}

/** The method, as the client's `EnhancedAuthentication`. */
export interface ScramClient {
  readonly method: string;
  begin(): ScramClientExchange;
}

const NONCE_BYTES = 18;
/** `n`: the channel is not bound. Then as whom to act: as oneself. */
const HEADER = 'n,,';

type Keys = Awaited<ReturnType<typeof deriveBothKeys>>;

/**
 * The client's side for one user.
 * @throws {UsageError} `invalid-argument`: a name that SCRAM has no place for.
 */
export function scramClient(userName: string, password: Uint8Array, random: Random): ScramClient {
  if (userName === '' || userName.includes('\0') || !userName.isWellFormed()) {
    throw new UsageError(
      'invalid-argument',
      'scramSha256 takes a user name of at least one character, without U+0000.',
    );
  }
  const source = new KeySource(password.slice());
  return { method: SCRAM_SHA_256, begin: () => new ClientExchange(userName, source, random) };
}

class ClientExchange implements ScramClientExchange {
  readonly first: Uint8Array;
  private readonly bare: string;
  private readonly nonce: string;
  private readonly source: KeySource;
  #signature: Uint8Array | undefined;

  constructor(userName: string, source: KeySource, random: Random) {
    this.nonce = base64(random.bytes(NONCE_BYTES));
    this.bare = `n=${escaped(userName)},r=${this.nonce}`;
    this.first = bytesOf(HEADER + this.bare);
    this.source = source;
    this.#signature = undefined;
    // These are called as functions, too.
    this.respond = this.respond.bind(this);
    this.finish = this.finish.bind(this);
  }

  async respond(challenge: Uint8Array | undefined): Promise<Uint8Array> {
    const server = challenge === undefined ? undefined : parseServerFirst(challenge);
    if (server === undefined || challenge === undefined || this.#signature !== undefined)
      throw distrust('its challenge cannot be read');
    if (!server.nonce.startsWith(this.nonce) || server.nonce.length === this.nonce.length)
      throw distrust('its challenge answers somebody else');
    if (server.iterations < SCRAM_ITERATIONS_MIN)
      throw distrust(`it asks for ${server.iterations} iterations, which are too few`);
    const keys = await this.source.keysFor(server);
    const withoutProof = `c=${base64(HEADER)},r=${server.nonce}`;
    const exchanged = exchangedText(this.bare, new TextDecoder().decode(challenge), withoutProof);
    this.#signature = serverSignature(keys.serverKey, exchanged);
    return bytesOf(`${withoutProof},p=${base64(clientProof(keys.clientKey, exchanged))}`);
  }

  finish(data: Uint8Array | undefined): void {
    const signature = data === undefined ? undefined : parseServerFinal(data);
    const expected = this.#signature;
    const isRight =
      signature !== undefined && expected?.length === signature.length && timingSafeEqual(signature, expected);
    if (!isRight) throw distrust('it does not show that it knows the password');
  }
}

/** The keys of one password, for the salt that they were asked for last. */
class KeySource {
  readonly #password: Uint8Array;
  #latest: { readonly salt: string; readonly iterations: number; readonly keys: Promise<Keys> } | undefined;

  constructor(password: Uint8Array) {
    this.#password = password;
    this.#latest = undefined;
  }

  keysFor({ salt, iterations }: ServerFirst): Promise<Keys> {
    const name = base64(salt);
    if (this.#latest?.salt !== name || this.#latest.iterations !== iterations) {
      const keys = deriveBothKeys(this.#password, salt, iterations);
      this.#latest = { salt: name, iterations, keys };
    }
    return this.#latest.keys;
  }
}

function distrust(why: string): OperationError {
  return new OperationError('connection-refused', `The broker is not the right one: ${why}.`);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
