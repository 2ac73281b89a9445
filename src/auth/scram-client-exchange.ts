// SCRAM-SHA-256, the client's side: it proves that it knows the password without sending it, and believes the broker only when
// that has shown the same. Fits `authentication` of `vouch/client`, which this room does not know. The dear part, deriving the keys,
// is done once for as long as the broker's salt and iterations stay the same: a client that connects again does not pay again.
// The cryptography is handed in: Node.js has its own, and so has the web.

import { OperationError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import {
  base64,
  escaped,
  exchangedText,
  parseServerFinal,
  parseServerFirst,
  type ServerFirst,
} from './scram-messages.ts';
import { checkScramName, SCRAM_ITERATIONS_MIN, SCRAM_SHA_256 } from './scram-terms.ts';

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

/** What it takes of cryptography. */
export interface ScramCrypto<Keys> {
  /** The keys of a password; dear. */
  deriveKeys(password: Uint8Array, salt: Uint8Array, iterations: number): Promise<Keys>;
  /** What shows that the client knows the keys, and what will show that the broker does. */
  prove(keys: Keys, exchanged: string): ScramProof | Promise<ScramProof>;
}

/** What the two sides show each other. */
export interface ScramProof {
  /** The client's. */
  readonly proof: Uint8Array;
  /** The broker's. */
  readonly signature: Uint8Array;
}

const NONCE_BYTES = 18;
/** `n`: the channel is not bound. Then as whom to act: as oneself. */
const HEADER = 'n,,';

/**
 * The client's side for one user.
 * @throws {UsageError} `invalid-argument`: a name that SCRAM has no place for.
 */
export function newScramClient<Keys>(
  userName: string,
  password: Uint8Array,
  random: Random,
  crypto: ScramCrypto<Keys>,
): ScramClient {
  checkScramName(userName);
  const prover = new Prover(password.slice(), crypto);
  return { method: SCRAM_SHA_256, begin: () => new ClientExchange(userName, prover, random) };
}

class ClientExchange implements ScramClientExchange {
  readonly first: Uint8Array;
  private readonly bare: string;
  private readonly nonce: string;
  private readonly prover: Pick<Prover<unknown>, 'prove'>;
  #signature: Uint8Array | undefined;

  constructor(userName: string, prover: Pick<Prover<unknown>, 'prove'>, random: Random) {
    this.nonce = base64(random.bytes(NONCE_BYTES));
    this.bare = `n=${escaped(userName)},r=${this.nonce}`;
    this.first = bytesOf(HEADER + this.bare);
    this.prover = prover;
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
    const withoutProof = `c=${base64(HEADER)},r=${server.nonce}`;
    const exchanged = exchangedText(this.bare, new TextDecoder().decode(challenge), withoutProof);
    const { proof, signature } = await this.prover.prove(server, exchanged);
    this.#signature = signature;
    return bytesOf(`${withoutProof},p=${base64(proof)}`);
  }

  finish(data: Uint8Array | undefined): void {
    const signature = data === undefined ? undefined : parseServerFinal(data);
    const expected = this.#signature;
    if (signature === undefined || expected === undefined || !isSame(signature, expected))
      throw distrust('it does not show that it knows the password');
  }
}

/** Proves that it knows one password; it keeps the keys for the salt that it was asked for last. */
class Prover<Keys> {
  private readonly crypto: ScramCrypto<Keys>;
  readonly #password: Uint8Array;
  #latest: { readonly salt: string; readonly iterations: number; readonly keys: Promise<Keys> } | undefined;

  constructor(password: Uint8Array, crypto: ScramCrypto<Keys>) {
    this.crypto = crypto;
    this.#password = password;
    this.#latest = undefined;
  }

  async prove(server: ServerFirst, exchanged: string): Promise<ScramProof> {
    return await this.crypto.prove(await this.keysFor(server), exchanged);
  }

  private keysFor({ salt, iterations }: ServerFirst): Promise<Keys> {
    const name = base64(salt);
    if (this.#latest?.salt !== name || this.#latest.iterations !== iterations) {
      const keys = this.crypto.deriveKeys(this.#password, salt, iterations);
      this.#latest = { salt: name, iterations, keys };
    }
    return this.#latest.keys;
  }
}

/** Takes as long wherever they differ. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (const [at, byte] of one.entries()) difference |= byte ^ (other[at] ?? 0);
  return difference === 0;
}

function distrust(why: string): OperationError {
  return new OperationError('connection-refused', `The broker is not the right one: ${why}.`);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
