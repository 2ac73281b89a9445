// SCRAM-SHA-256 (RFC 5802, RFC 7677) as an Authentication Method, the server's side: the client proves that it knows the password,
// which never crosses the network, and hears in return that the server knows it, too. It costs the server two digests, however dear
// the password's own hash is. Whom the file does not know, or knows without the keys that it takes, is asked like everybody, with a
// salt that belongs to the name, and refused at the end.

import { timingSafeEqual } from 'node:crypto';

import type { Clock } from '../base/clock.ts';
import { networkOf } from '../base/network-of.ts';
import type { Random } from '../base/random.ts';
import type {
  AuthenticationExchange,
  AuthenticationMethod,
  AuthenticationStep,
  AuthenticationSubject,
} from './contract.ts';
import type { Caller, Guesses } from './guesses.ts';
import { decoyIterations, type DecoyBytes, type PasswordTable } from './password-table.ts';
import {
  BAD_USER_NAME_OR_PASSWORD,
  CONNECTION_RATE_EXCEEDED,
  NOT_AUTHORIZED,
  refused,
  SERVER_BUSY,
} from './refusals.ts';
import { SCRAM_KEY_BYTES, type ScramKeys, serverSignature, storedKeyOf } from './scram-keys.ts';
import { base64, type ClientFirst, exchangedText, parseClientFinal, parseClientFirst } from './scram-messages.ts';

/** What keys are made with unless somebody says otherwise. Each connection costs the client that much, and none costs the server. */
export const SCRAM_ITERATIONS = 100_000;

/** What the method is made of. */
export interface ScramParts {
  /** The users as they are now. */
  readonly table: () => PasswordTable;
  /** Of names that are not there; the same ones as long as the broker runs. */
  readonly decoyBytes: DecoyBytes;
  readonly guesses: Guesses;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly random: Random;
}

const NONCE_BYTES = 18;
const DECOY_SALT_BYTES = 16;

/** Makes the method. */
export function scramMethod(parts: ScramParts): AuthenticationMethod {
  return { begin: (subject) => new ScramExchange(parts, subject) };
}

/** Whom the client says to be, and what it would have to prove. */
interface Challenge {
  readonly first: ClientFirst;
  /** The user's line; `undefined`: there is none. */
  readonly line: string | undefined;
  readonly keys: ScramKeys;
  /** Why it will be refused even if it proves it; `undefined`: it will not. */
  readonly flaw: string | undefined;
  readonly nonce: string;
  readonly text: string;
}

class ScramExchange implements AuthenticationExchange {
  private readonly parts: ScramParts;
  private readonly network: string;
  #challenge: Challenge | undefined;

  constructor(parts: ScramParts, subject: AuthenticationSubject) {
    this.parts = parts;
    this.network = networkOf((subject.kind === 'connecting' ? subject.credentials : subject.identity).remote);
    this.#challenge = undefined;
  }

  next(data: Uint8Array | undefined): AuthenticationStep {
    if (data === undefined) return refused(NOT_AUTHORIZED, 'SCRAM-SHA-256: the client has sent no data.');
    return this.#challenge === undefined ? this.ask(data) : this.judge(data, this.#challenge);
  }

  private ask(data: Uint8Array): AuthenticationStep {
    const first = parseClientFirst(data);
    if (first === undefined) return refused(NOT_AUTHORIZED, 'SCRAM-SHA-256: the first message cannot be read.');
    const { userName, actsAs } = first;
    if (actsAs !== '' && actsAs !== userName)
      return refused(NOT_AUTHORIZED, `SCRAM-SHA-256: ${JSON.stringify(userName)} may not act as somebody else.`);
    const { guesses, clock, random } = this.parts;
    const held = guesses.held(this.callerOf(userName), clock.monotonic());
    if (held !== undefined) return refused(CONNECTION_RATE_EXCEEDED, held, 'authFailuresMax');
    const nonce = first.nonce + base64(random.bytes(NONCE_BYTES));
    const table = this.parts.table();
    const { keys, flaw } = keysOf(table, userName, this.parts.decoyBytes);
    const text = `r=${nonce},s=${base64(keys.salt)},i=${keys.iterations}`;
    this.#challenge = { first, line: table.users.get(userName)?.text, keys, flaw, nonce, text };
    return { kind: 'continue', data: bytesOf(text) };
  }

  private judge(data: Uint8Array, { first, line, keys, flaw, nonce, text }: Challenge): AuthenticationStep {
    const final = parseClientFinal(data);
    if (final?.nonce !== nonce || final.binding !== base64(first.header) || final.proof.length !== SCRAM_KEY_BYTES)
      return refused(NOT_AUTHORIZED, 'SCRAM-SHA-256: the answer does not fit the challenge.');
    const { guesses, clock } = this.parts;
    const { userName } = first;
    const caller = this.callerOf(userName);
    // Others that were begun before may have failed since the challenge.
    const held = guesses.held(caller, clock.monotonic());
    if (held !== undefined) return refused(CONNECTION_RATE_EXCEEDED, held, 'authFailuresMax');
    // The file may have been read again since the challenge: what was asked for is not what counts now.
    if (this.parts.table().users.get(userName)?.text !== line)
      return refused(
        SERVER_BUSY,
        `The line of ${JSON.stringify(userName)} in the password file has changed meanwhile.`,
      );
    const exchanged = exchangedText(first.bare, text, final.withoutProof);
    const isProved = timingSafeEqual(storedKeyOf(final.proof, keys.storedKey, exchanged), keys.storedKey);
    if (!isProved || flaw !== undefined) {
      guesses.fail(caller, clock.monotonic());
      const detail = flaw ?? `The password of ${JSON.stringify(userName)} is wrong.`;
      return refused(BAD_USER_NAME_OR_PASSWORD, detail);
    }
    guesses.succeed(caller, clock.monotonic());
    const signature = bytesOf(`v=${base64(serverSignature(keys.serverKey, exchanged))}`);
    return { kind: 'accepted', principal: userName, data: signature };
  }

  private callerOf(userName: string): Caller {
    return { network: this.network, kind: 'user', name: userName };
  }
}

function keysOf(
  table: PasswordTable,
  userName: string,
  decoyBytes: DecoyBytes,
): { readonly keys: ScramKeys; readonly flaw: string | undefined } {
  const hash = table.users.get(userName)?.hash;
  if (hash?.kind === 'scram-sha-256') return { keys: hash, flaw: undefined };
  const name = JSON.stringify(userName);
  const flaw =
    hash === undefined
      ? `There is no user ${name}.`
      : `${name} has no keys for SCRAM-SHA-256: "vouch passwd add --scram" makes them.`;
  const bytes = decoyBytes(userName);
  const iterations = decoyIterations(table, userName, decoyBytes) ?? SCRAM_ITERATIONS;
  const salt = bytes.subarray(0, DECOY_SALT_BYTES);
  return { keys: { salt, iterations, storedKey: bytes, serverKey: bytes }, flaw };
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
