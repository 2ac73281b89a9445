// As whom a client connects: what CONNECT carries as User Name and Password, asked for anew before each attempt where the
// application has a function for it. Credentials that the broker has refused are not sent a second time; with an Authentication Method,
// which begins anew with each attempt, one more attempt is made.
// Only the latest and those last refused are kept, and no log or error shows them.

import { OperationError, UsageError } from '../base/errors.ts';
import type { ConnectPacket } from '../packet/packet.ts';
import { type ProtocolVersion, versionName } from '../packet/protocol-version.ts';
import { Reason } from '../packet/reason-codes.ts';
import { bytesOf, checkBinary, checkText } from './checks.ts';
import type { Credentials, Settings } from './options.ts';
import type { Refusable } from './retry.ts';

/** Credentials as they stand in CONNECT. */
interface Login {
  readonly userName: string | undefined;
  readonly password: Uint8Array | undefined;
}

/** Makes the CONNECT of each attempt. One for the life of a client. */
export class CredentialSource implements Refusable {
  private readonly settings: Pick<Settings, 'connect' | 'credentials' | 'authentication'>;
  /** Attempts that were refused since one was accepted. */
  private refusals: number;
  #latest: Login | undefined;
  #refused: Login | undefined;

  constructor(settings: Pick<Settings, 'connect' | 'credentials' | 'authentication'>) {
    this.settings = settings;
    this.refusals = 0;
    this.#latest = undefined;
    this.#refused = undefined;
  }

  /**
   * The CONNECT of the next attempt. The options' own, but for what is handed in and for the credentials.
   * @param signal  Gives up waiting for the credentials; what the function does after that counts for nothing.
   * @throws {OperationError} `connection-refused`: the function gives again what the broker has refused.
   * @throws {UsageError} `invalid-argument`, `invalid-option`: it gives what MQTT has no place for.
   * @throws What the function throws, and the signal's reason.
   */
  async connectPacket(cleanStart: boolean, clientId: string, signal: AbortSignal): Promise<ConnectPacket> {
    signal.throwIfAborted();
    const { connect, credentials } = this.settings;
    if (credentials === undefined) return { ...connect, clean: cleanStart, clientId };
    const login = readLogin(await unlessAborted(credentials, signal), connect.version);
    this.#latest = login;
    if (this.#refused !== undefined && isSame(this.#refused, login)) {
      const sentence = 'The credentials function gives the same credentials that the broker has refused.';
      throw new OperationError('connection-refused', sentence, Reason.notAuthorized);
    }
    return { ...connect, clean: cleanStart, clientId, userName: login.userName, password: login.password };
  }

  /** The broker has taken those of the latest attempt. */
  accepted(): void {
    this.refusals = 0;
  }

  refused(): boolean {
    this.refusals++;
    const isAgain = this.#latest !== undefined && this.#refused !== undefined && isSame(this.#latest, this.#refused);
    this.#refused = this.#latest;
    const { credentials, authentication } = this.settings;
    if (credentials !== undefined && !isAgain) return true;
    // What an exchange says is never the same, and whether there is something new behind it, nobody can tell: it is tried once.
    return authentication !== undefined && this.refusals === 1;
  }
}

/** What `ask` gives, or the signal's reason if that comes first. */
async function unlessAborted(ask: () => Credentials | Promise<Credentials>, signal: AbortSignal): Promise<Credentials> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([ask(), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function readLogin({ userName, password }: Credentials, version: ProtocolVersion): Login {
  // MQTT 3.1.1 [MQTT-3.1.2-22]; MQTT 5.0 takes a Password alone.
  if (version !== 5 && password !== undefined && userName === undefined) {
    throw new UsageError('invalid-option', `${versionName(version)} takes a password only with a user name.`);
  }
  return {
    userName: userName === undefined ? undefined : checkText('userName', userName),
    // A copy: the caller may wipe its own.
    password: password === undefined ? undefined : checkBinary('password', bytesOf(password)).slice(),
  };
}

function isSame(one: Login, other: Login): boolean {
  return one.userName === other.userName && isSameBytes(one.password, other.password);
}

function isSameBytes(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
