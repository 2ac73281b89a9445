// Enhanced authentication (MQTT 5.0 section 4.12), the client's side: the AUTH packets of one connection, between the broker and
// the application's method. The first exchange goes with CONNECT and ends with CONNACK; later ones are asked for on the open
// connection (section 4.12.1), while everything else goes on.
// Invariant: who speaks, and when, is settled here; what is said is the method's. Broker and method speak in turns, and a broker that
// the method does not believe, or that leaves out what it has to say, is not gone on with. A connection that ends takes its exchange with it.

import { OperationError, UsageError } from '../base/errors.ts';
import type { Millis } from '../base/millis.ts';
import { packetSize } from '../packet/encode.ts';
import type { AuthPacket, ConnackPacket, ConnectPacket } from '../packet/packet.ts';
import { violation } from '../packet/protocol-error.ts';
import { NO_AUTH_PROPERTIES } from '../packet/properties.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import { checkBinary, checkFunction } from './checks.ts';
import type { SetAlarm } from './parts.ts';

/** An Authentication Method, such as SCRAM, and the application's side of it. */
export interface EnhancedAuthentication {
  /** Its name, as the broker knows it. */
  readonly method: string;
  /**
   * Begins an exchange: before each attempt to connect, and for each re-authentication. If it throws, or its promise is rejected, that
   * has failed; so it is with all functions of this.
   */
  begin(): AuthenticationExchange | Promise<AuthenticationExchange>;
}

/** One exchange with the broker. */
export interface AuthenticationExchange {
  /** What goes with CONNECT, or with the request to re-authenticate; left out where the broker speaks first. */
  readonly first?: Uint8Array | undefined;
  /** Answers a challenge of the broker; `undefined` on either side is no data. */
  respond(challenge: Uint8Array | undefined): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /**
   * The broker has accepted, and says this last. Throws where that does not show that it is the right one: then the
   * connection ends before anything else is taken from it. Not async: what comes behind CONNACK does not wait.
   */
  finish?(data: Uint8Array | undefined): void;
}

/** Who stands behind an authentication. */
export interface AuthenticationOwner {
  readonly setAlarm: SetAlarm;
  /** How long a re-authentication may take. */
  readonly timeout: Millis;
  /** The largest packet that the broker takes. */
  packetBytesMax(): number;
  send(packet: AuthPacket): void;
  /** The connection is not to go on: a function of the application failed, or the broker was late. */
  authenticationFailed(error: unknown): void;
}

/** The authentication of one connection. */
export class Authentication {
  private readonly settings: EnhancedAuthentication;
  private readonly owner: AuthenticationOwner;
  #exchange: AuthenticationExchange | undefined;
  /** Whose turn it is. 'nobody': no exchange is under way. */
  private turn: 'nobody' | 'ours' | 'theirs';
  private again: PromiseWithResolvers<void> | undefined;
  private cancelAlarm: () => void;
  private isClosed: boolean;

  constructor(settings: EnhancedAuthentication, owner: AuthenticationOwner) {
    this.settings = settings;
    this.owner = owner;
    this.#exchange = undefined;
    this.turn = 'nobody';
    this.again = undefined;
    this.cancelAlarm = () => undefined;
    this.isClosed = false;
  }

  /**
   * The CONNECT of this connection, with the method and its first data.
   * @throws What the application's function throws.
   * @throws {UsageError} `invalid-argument`: it gives what MQTT has no place for.
   */
  async complete(connect: ConnectPacket): Promise<ConnectPacket> {
    this.turn = 'ours';
    const authenticationData = await this.begin();
    this.turn = 'theirs';
    const authenticationMethod = this.settings.method;
    return { ...connect, properties: { ...connect.properties, authenticationMethod, authenticationData } };
  }

  /**
   * Takes AUTH.
   * @throws {ProtocolError} `protocol-error`: it is of another method, or not the broker's turn.
   */
  receive({ reasonCode, properties }: AuthPacket, isConnected: boolean): void {
    const { authenticationMethod, authenticationData } = properties;
    const isLast = reasonCode === Reason.success;
    // The empty packet, which says success, has no room for the method (section 3.15.2.1).
    if (authenticationMethod !== this.settings.method && !(isLast && authenticationMethod === undefined)) {
      throw violation('MQTT-4.12.0-5', 'AUTH names another Authentication Method than CONNECT.');
    }
    // Before CONNACK, it is CONNACK that says success.
    if (this.turn !== 'theirs' || (isLast && !isConnected)) throw violation('MQTT-4.12.0-2', 'AUTH came out of turn.');
    this.turn = 'ours';
    if (isLast) this.endAgain(authenticationData);
    else void this.answer(authenticationData); // Never rejected: what fails there is told to the owner.
  }

  /**
   * CONNACK has come, and accepts.
   * @throws {ProtocolError} `protocol-error`: before its turn, or without the method [MQTT-4.12.0-5].
   * @throws What the application's function throws: this is not the right broker.
   */
  finish({ properties }: ConnackPacket): void {
    if (properties.authenticationMethod !== this.settings.method) {
      throw violation('MQTT-4.12.0-5', 'CONNACK does not name the Authentication Method of CONNECT.');
    }
    if (this.turn !== 'theirs') throw violation('', 'CONNACK accepts before the client has answered.');
    this.believe(properties.authenticationData);
  }

  /** Asks the broker to authenticate the client again. Fulfilled when it has; asked twice at a time, it is done once. */
  reauthenticate(): Promise<void> {
    if (this.again !== undefined) return this.again.promise;
    const again = Promise.withResolvers<void>();
    this.again = again;
    this.turn = 'ours';
    const { setAlarm, timeout } = this.owner;
    this.cancelAlarm = setAlarm(timeout, () => this.fail(lateness(timeout)));
    void this.beginAgain(); // As above.
    return again.promise;
  }

  /** The connection has ended. */
  close(error: Error): void {
    this.isClosed = true;
    this.cancelAlarm();
    this.#exchange = undefined;
    this.again?.reject(error);
    this.again = undefined;
  }

  private async begin(): Promise<Uint8Array | undefined> {
    const exchange = await this.settings.begin();
    checkExchange(exchange);
    this.#exchange = exchange;
    return dataOf('first', exchange.first);
  }

  private async beginAgain(): Promise<void> {
    try {
      const data = await this.begin();
      this.send(Reason.reAuthenticate, data); // [MQTT-4.12.1-1]
    } catch (error) {
      this.fail(error);
    }
  }

  private async answer(challenge: Uint8Array | undefined): Promise<void> {
    try {
      const data = dataOf('respond', await this.#exchange?.respond(challenge));
      this.send(Reason.continueAuthentication, data); // [MQTT-4.12.0-3]
    } catch (error) {
      this.fail(error);
    }
  }

  private endAgain(data: Uint8Array | undefined): void {
    try {
      this.believe(data);
    } catch (error) {
      return this.fail(error);
    }
    this.cancelAlarm();
    this.again?.resolve();
    this.again = undefined;
  }

  /** Has the application look at the broker's last word. */
  private believe(data: Uint8Array | undefined): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.turn = 'nobody';
    // The type says that nothing comes back, which a function that is async keeps to.
    const result: unknown = exchange?.finish?.(data);
    if (!(result instanceof Promise)) return;
    result.catch(() => undefined);
    throw new UsageError('invalid-argument', 'authentication: finish is async; it must have looked when it returns.');
  }

  private send(reasonCode: ReasonCode, authenticationData: Uint8Array | undefined): void {
    if (this.isClosed) return;
    const properties = { ...NO_AUTH_PROPERTIES, authenticationMethod: this.settings.method, authenticationData };
    const packet: AuthPacket = { kind: 'auth', reasonCode, properties };
    const [size, limit] = [packetSize(packet, 5), this.owner.packetBytesMax()];
    // [MQTT-3.2.2-15]
    if (size > limit) throw new OperationError('too-large', `AUTH takes ${size} bytes; the broker takes ${limit}.`);
    this.turn = 'theirs';
    this.owner.send(packet);
  }

  private fail(error: unknown): void {
    if (!this.isClosed) this.owner.authenticationFailed(error);
  }
}

function checkExchange(exchange: AuthenticationExchange): void {
  const given: unknown = exchange;
  if (typeof given !== 'object' || given === null) {
    throw new UsageError('invalid-argument', 'authentication.begin gives an object with respond.');
  }
  checkFunction('respond of authentication', Reflect.get(given, 'respond') ?? null);
  checkFunction('finish of authentication', Reflect.get(given, 'finish'));
}

/** A copy: the application may wipe its own. */
function dataOf(name: string, data: Uint8Array | undefined): Uint8Array | undefined {
  return data === undefined ? undefined : checkBinary(`${name} of authentication`, data).slice();
}

function lateness(timeout: Millis): OperationError {
  return new OperationError(
    'timed-out',
    `The broker did not authenticate the client again within ${timeout / 1000} s.`,
  );
}
