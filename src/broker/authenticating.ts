// Enhanced authentication (MQTT 5.0 section 4.12): the AUTH packets of one connection, between the client and the method that
// its CONNECT has named. One exchange leads to CONNACK; later ones, which the client asks for (re-authentication,
// section 4.12.1), lead to AUTH 0x00 while everything else goes on, or to the end of the connection.
// Invariant: client and method speak in turns. Who speaks out of turn broke a rule; whose turn it is for too long is what
// the connection ends for. What the data means is the method's; what becomes of a client that is let in is connecting.ts's.

import type {
  AuthenticationExchange,
  AuthenticationMethod,
  AuthenticationStep,
  AuthenticationSubject,
  Credentials,
  Identity,
} from '../auth/contract.ts';
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { type Millis, millis } from '../base/millis.ts';
import { packetSize } from '../packet/encode.ts';
import type { AuthPacket } from '../packet/packet.ts';
import { NO_AUTH_PROPERTIES } from '../packet/properties.ts';
import { violation } from '../packet/protocol-error.ts';
import { REASON_CODES } from '../packet/reason-code-table.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import type { BrokerState } from './broker-state.ts';
import type { Connection } from './connection.ts';

/** What an exchange came to. */
export type AuthenticationOutcome = Exclude<AuthenticationStep, { readonly kind: 'continue' }>;

const BINARY_BYTES_MAX = 65_535;

/**
 * When what a client was let in with expires; `undefined`: it does not.
 * @param wall  By the clock on the wall, which is asked once: that it is set later neither lengthens nor shortens the time.
 */
export function expiryOf(wall: Millis | undefined, clock: Clock, now: Millis): Millis | undefined {
  if (wall === undefined || wall === Number.POSITIVE_INFINITY) return undefined;
  const left = wall - clock.wall();
  // Foreign code may say anything: what is no number has passed.
  return millis(now + (left > 0 ? left : 0));
}

/** The exchanges of one connection. */
export class ClientAuthentication {
  private readonly broker: BrokerState;
  private readonly connection: Connection;
  /** The Authentication Method of CONNECT, which is that of every AUTH [MQTT-4.12.0-5] [MQTT-4.12.1-1]. */
  private readonly name: string;
  private readonly method: AuthenticationMethod;
  /** The one under way. */
  private exchange: AuthenticationExchange | undefined;
  private decide: (outcome: AuthenticationOutcome) => void;
  /** It is the method's turn. */
  private isDeciding: boolean;
  /** When the client must be re-authenticated; `undefined`: it is not being so. */
  deadline: Millis | undefined;

  constructor(broker: BrokerState, connection: Connection, name: string, method: AuthenticationMethod) {
    this.broker = broker;
    this.connection = connection;
    this.name = name;
    this.method = method;
    this.exchange = undefined;
    this.decide = () => undefined;
    this.isDeciding = false;
    this.deadline = undefined;
  }

  /** CONNECT has come. `decide` is called once, now or later, unless the connection ends before. */
  start(
    credentials: Credentials,
    data: Uint8Array | undefined,
    decide: (outcome: AuthenticationOutcome) => void,
  ): void {
    this.begin({ kind: 'connecting', credentials }, data, decide);
  }

  /**
   * AUTH has come.
   * @throws {ProtocolError} `protocol-error` (0x82), when the client may not send it, or not now.
   */
  receive({ reasonCode, properties }: AuthPacket): void {
    if (properties.authenticationMethod !== this.name) {
      throw violation('MQTT-4.12.0-5', 'AUTH names another Authentication Method than CONNECT.');
    }
    const { session, now } = this.connection;
    const isAgain = reasonCode === Reason.reAuthenticate;
    if (isAgain === (this.exchange !== undefined) || this.isDeciding) {
      throw violation('MQTT-4.12.0-3', 'AUTH came out of turn.');
    }
    if (!isAgain) return this.ask(properties.authenticationData);
    assert(session !== undefined, 'the first exchange leads to a session');
    const { identity } = session;
    this.postpone(now);
    this.connection.watch();
    const subject = { kind: 're-authenticating', identity } as const;
    this.begin(subject, properties.authenticationData, (outcome) => this.reAuthenticated(identity, outcome));
  }

  /** The client could not be heard: it gets as much time again. */
  postpone(now: Millis): void {
    this.deadline = millis(now + this.broker.limits.connectTimeout);
  }

  /** The deadline has passed: ends the connection [MQTT-4.12.1-2]. */
  giveUp(): void {
    const limit = `within ${this.broker.limits.connectTimeout / 1000} s (connectTimeout)`;
    // Whose turn it was is to blame.
    const reasonCode = this.isDeciding ? Reason.serverBusy : Reason.notAuthorized;
    this.connection.expel(reasonCode, `Re-authentication did not end ${limit}.`);
  }

  private begin(
    subject: AuthenticationSubject,
    data: Uint8Array | undefined,
    decide: (outcome: AuthenticationOutcome) => void,
  ): void {
    this.decide = decide;
    try {
      this.exchange = this.method.begin(subject);
    } catch (error) {
      return this.decide(failure(error));
    }
    this.ask(data);
  }

  private ask(data: Uint8Array | undefined): void {
    const step = this.next(data);
    if (!(step instanceof Promise)) return this.take(step);
    this.isDeciding = true;
    const { connection } = this;
    if (connection.isConnecting) connection.pauseReading();
    // Never rejected: `next` has made a refusal of that.
    void step.then((late) => {
      connection.goOnWith(() => {
        this.isDeciding = false;
        this.take(late);
      });
    });
  }

  /** Asks the method. One that fails has not said yes: fail closed, and nobody else notices. */
  private next(data: Uint8Array | undefined): AuthenticationStep | Promise<AuthenticationStep> {
    try {
      const step = this.exchange?.next(data) ?? failure('it has no answer');
      return step instanceof Promise ? step.then(fitting).catch(failure) : fitting(step);
    } catch (error) {
      return failure(error);
    }
  }

  private take(step: AuthenticationStep): void {
    if (step.kind !== 'continue') {
      this.exchange = undefined;
      return this.decide(step);
    }
    const excess = this.send(Reason.continueAuthentication, step.data); // [MQTT-4.12.0-2]
    if (excess === undefined) this.connection.awaitAuth();
    else this.decide(excess);
  }

  private reAuthenticated(identity: Identity, outcome: AuthenticationOutcome): void {
    const { connection } = this;
    this.deadline = undefined;
    const refusal = outcome.kind === 'refused' ? outcome : changeOf(identity, outcome.principal);
    const answer = refusal ?? this.send(Reason.success, outcome.kind === 'accepted' ? outcome.data : undefined);
    if (answer !== undefined) return connection.expel(disconnectCode(answer.reasonCode), answer.detail);
    if (outcome.kind === 'accepted') connection.authenticatedUntil(outcome.expiresAt);
    connection.watch();
    this.broker.log.info(`${connection.describe()} has authenticated again.`, connection.facts(undefined));
  }

  /** Sends AUTH; if it is too large for the client, says so and sends nothing [MQTT-3.1.2-24]. */
  private send(
    reasonCode: ReasonCode,
    data: Uint8Array | undefined,
  ): Extract<AuthenticationOutcome, { readonly kind: 'refused' }> | undefined {
    const { connection } = this;
    const properties = { ...NO_AUTH_PROPERTIES, authenticationMethod: this.name, authenticationData: data };
    const packet: AuthPacket = { kind: 'auth', reasonCode, properties };
    const limit = connection.outlet.packetBytesMax;
    if (packetSize(packet, 5) > limit) {
      const detail = `AUTH is larger than the client's Maximum Packet Size of ${limit} bytes.`;
      return { kind: 'refused', reasonCode: Reason.packetTooLarge, detail };
    }
    connection.writePacket(packet);
    return undefined;
  }
}

/** Binary Data (section 1.5.6) is bounded. */
function fitting(step: AuthenticationStep): AuthenticationStep {
  const length = step.kind === 'refused' ? 0 : (step.data?.length ?? 0);
  return length <= BINARY_BYTES_MAX ? step : failure(`its data has ${length} bytes`);
}

/** A session belongs to its principal, and what goes on during the exchange goes on in that name: it cannot change. */
function changeOf(
  { principal }: Identity,
  now: string | undefined,
): Extract<AuthenticationOutcome, { readonly kind: 'refused' }> | undefined {
  if (now === principal) return undefined;
  const detail = 'Re-authentication makes another user of the client.';
  return { kind: 'refused', reasonCode: Reason.notAuthorized, detail };
}

function failure(error: unknown): AuthenticationOutcome {
  const what = error instanceof Error ? error.message : String(error);
  const detail = `The authentication method failed: ${what}.`;
  return { kind: 'refused', reasonCode: Reason.implementationSpecificError, detail };
}

/** A method may say anything; what DISCONNECT may not say becomes 0x87 [MQTT-3.14.2-1]. */
function disconnectCode(reasonCode: ReasonCode): ReasonCode {
  return reasonCode >= 0x80 && REASON_CODES.disconnectFromServer.has(reasonCode) ? reasonCode : Reason.notAuthorized;
}
