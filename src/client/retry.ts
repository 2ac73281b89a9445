// When to try again, and when not to.
//
// Whether: the table below has a rule, and why, for each Reason Code with which a broker can refuse or end a connection, and
// for each way to end without one. What would only happen again is not tried again.
// Taken over (0x8E) may be our own doing: a CONNECT that was given up without an answer can come to the broker after that of the next
// attempt, and take its connection over. So each such CONNECT excuses one 0x8E, for as long as a network can hold it back;
// two clients that do share an identifier still come to an end.
// When: the delay is drawn by chance up to a bound that doubles from one attempt to the next, so that clients that lost their
// broker together do not come back together; and it is never below a tenth of the bound, so that nobody is hammered. The bound
// starts anew only after a connection that has lasted: a broker that accepts and drops at once meets slower and slower attempts.

import { unreachable } from '../base/assert.ts';
import { type OperationError, UsageError } from '../base/errors.ts';
import { type Millis, millis } from '../base/millis.ts';
import type { Random } from '../base/random.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import { checkInteger } from './checks.ts';
import type { ClientEnd } from './endings.ts';

/** How to connect again. The delay before each attempt is drawn by chance, up to a bound that doubles with each failure. */
export interface ReconnectOptions {
  /** The bound of the first delay. Default: 500. */
  readonly delayMinMillis?: number | undefined;
  /** The bound of all delays. A connection that has lasted as long sets the bound back to the first one. Default: 30,000. */
  readonly delayMaxMillis?: number | undefined;
  /** How many attempts may fail in a row. Default: any number. */
  readonly attemptsMax?: number | undefined;
}

/** The options, checked and complete. */
export interface RetrySettings {
  readonly delayMin: Millis;
  readonly delayMax: Millis;
  /** `Infinity`: any number. */
  readonly attemptsMax: number;
}

/**
 * Whether an end is followed by another attempt. 'slowly': the bound of the delay is the greatest at once.
 * 'with-other-credentials': only if those of the next attempt are not those that were refused.
 */
export type RetryVerdict = 'again' | 'slowly' | 'with-other-credentials' | 'never';

/** Who may have other credentials than those that were refused. */
export interface Refusable {
  /**
   * The credentials of the latest attempt were refused, or are not enough any more.
   * @returns Whether others can be asked for.
   */
  refused(): boolean;
}

const DELAY_MILLIS_MAX = 86_400_000;
const DELAY_MIN_DEFAULT = 500;
const DELAY_MAX_DEFAULT = 30_000;
/** No delay is shorter than this part of its bound. */
const FLOOR = 0.1;
/** For so long at most TCP goes on trying to deliver what it was given. */
const LATE_CONNECT_MILLIS = 15 * 60_000;

/**
 * Checks the option and fills in the defaults. One delay given alone moves the default of the other where they would cross.
 * @returns `undefined`: never connect again.
 * @throws {UsageError} `invalid-option`.
 */
export function readReconnect(option: boolean | ReconnectOptions | undefined): RetrySettings | undefined {
  if (option === false) return undefined;
  const options = option === undefined || option === true ? {} : option;
  if (typeof options !== 'object' || options === null) {
    throw new UsageError('invalid-option', `reconnect takes true, false or an object; got ${JSON.stringify(option)}.`);
  }
  const { delayMinMillis, delayMaxMillis, attemptsMax = Number.POSITIVE_INFINITY } = options;
  const delayMin = checkDelay(
    'delayMinMillis',
    delayMinMillis ?? Math.min(DELAY_MIN_DEFAULT, delayMaxMillis ?? DELAY_MIN_DEFAULT),
  );
  const delayMax = checkDelay('delayMaxMillis', delayMaxMillis ?? Math.max(DELAY_MAX_DEFAULT, delayMin));
  if (delayMin > delayMax) {
    const sentence = `reconnect.delayMinMillis, ${delayMin}, is more than delayMaxMillis, ${delayMax}.`;
    throw new UsageError('invalid-option', sentence);
  }
  if (attemptsMax !== Number.POSITIVE_INFINITY) {
    checkInteger('reconnect.attemptsMax', attemptsMax, 1, Number.MAX_SAFE_INTEGER);
  }
  return { delayMin, delayMax, attemptsMax };
}

/** Says after each end how long to wait for the next attempt. One for the life of a client. */
export class Retry {
  private readonly settings: RetrySettings | undefined;
  private readonly random: Random;
  /** When CONNACK came; `undefined` while there is no connection. */
  private connectedAt: Millis | undefined;
  /** Attempts that have failed since the last CONNACK. */
  private failedAttempts: number;
  /** How often the bound has been doubled. */
  private doublings: number;
  /** CONNECTs that were sent and not answered, and may still come to the broker; and until when. */
  private lateConnects: number;
  private lateUntil: Millis;

  /** @param settings  `undefined`: every end is the last one. */
  constructor(settings: RetrySettings | undefined, random: Random) {
    this.settings = settings;
    this.random = random;
    this.connectedAt = undefined;
    this.failedAttempts = 0;
    this.doublings = 0;
    this.lateConnects = 0;
    this.lateUntil = millis(0);
  }

  /** An attempt has ended after its CONNECT was sent, and before an answer came. To be told before `next`. */
  unanswered(now: Millis): void {
    if (now >= this.lateUntil) this.lateConnects = 0;
    this.lateConnects++;
    this.lateUntil = millis(now + LATE_CONNECT_MILLIS);
  }

  /** Whether such a CONNECT may still come to the broker, or has come since. */
  mayComeLate(now: Millis): boolean {
    return now < this.lateUntil;
  }

  /** CONNACK has come, and accepts. Whether that was worth something is seen when the connection ends. */
  succeeded(now: Millis): void {
    this.connectedAt = now;
    this.failedAttempts = 0;
  }

  /**
   * A connection has ended, or an attempt has failed.
   * @param credentials  Asked only where the end says that the credentials are to blame.
   * @param isRedirected  The broker has ended a connection to send the client elsewhere, and it goes there.
   * @returns How long to wait for the next attempt; `undefined`: there is none.
   */
  next(end: ClientEnd, credentials: Refusable, now: Millis, isRedirected = false): Millis | undefined {
    const { settings, connectedAt } = this;
    if (settings === undefined) return undefined;
    this.connectedAt = undefined;
    if (connectedAt === undefined) this.failedAttempts++;
    else if (now - connectedAt >= settings.delayMax) this.doublings = 0;
    if (this.failedAttempts >= settings.attemptsMax) return undefined;
    const verdict = this.mayBeOurDoing(end, now) ? 'slowly' : isRedirected ? 'again' : retryVerdict(end);
    switch (verdict) {
      case 'never':
        return undefined;
      case 'with-other-credentials':
        return credentials.refused() ? this.delay(settings, this.doublings++) : undefined;
      case 'again':
        return this.delay(settings, this.doublings++);
      case 'slowly':
        this.doublings++;
        return this.delay(settings, Number.POSITIVE_INFINITY);
      default:
        return unreachable(verdict);
    }
  }

  /** Taken over, perhaps by one of our own CONNECTs. */
  private mayBeOurDoing(end: ClientEnd, now: Millis): boolean {
    if (end.kind !== 'disconnected-by-broker' || end.reasonCode !== Reason.sessionTakenOver) return false;
    if (this.lateConnects === 0 || !this.mayComeLate(now)) return false;
    this.lateConnects--;
    return true;
  }

  private delay({ delayMin, delayMax }: RetrySettings, doublings: number): Millis {
    const bound = Math.min(delayMax, delayMin * 2 ** doublings);
    return millis(Math.ceil(bound * (FLOOR + (1 - FLOOR) * this.random.next())));
  }
}

/** Whether an end is followed by another attempt. */
export function retryVerdict(end: ClientEnd): RetryVerdict {
  switch (end.kind) {
    case 'disconnected': // The application has ended the client.
    case 'handler-failed': // A function of the application failed, and its message would come again.
    case 'store-failed': // Nothing can be promised without the client's store.
      return 'never';
    case 'connection-lost': // A network can come back.
    case 'authentication-failed': // The next connection begins with an authentication of its own.
      return 'again';
    case 'disconnected-by-broker':
      return verdictOnReason(end.reasonCode);
    case 'protocol-error':
      // A broker or a network that has fallen silent can come back; one that breaks a rule of MQTT, or is none, does so again.
      return end.error.kind === 'keep-alive-timeout' ? 'again' : 'never';
    case 'not-connected':
      return verdictOnAttempt(end.error);
    default:
      return unreachable(end);
  }
}

function verdictOnAttempt({ code, reasonCode }: OperationError): RetryVerdict {
  if (code === 'protocol-error') return 'never'; // As above.
  if (code === 'connection-refused' && reasonCode !== undefined) return verdictOnReason(reasonCode);
  // Nobody there, nobody answers, no credentials to be had just now: a network or a broker that is not there can come.
  return 'again';
}

function verdictOnReason(reasonCode: ReasonCode): RetryVerdict {
  // Nobody knows what the broker means by one that is not in the table.
  return RULES.get(reasonCode) ?? 'again';
}

/** The rule for each Reason Code of CONNACK (table 3-1) and of the broker's DISCONNECT (table 3-10), and why. */
export const RULES: ReadonlyMap<ReasonCode, RetryVerdict> = new Map([
  [Reason.normalDisconnection, 'again'], // The broker has nothing against the client.
  [Reason.unspecifiedError, 'again'], // The broker does not say that it lasts.
  [Reason.malformedPacket, 'never'], // The same packet would be sent again.
  [Reason.protocolError, 'never'], // The same packet would be sent again.
  [Reason.implementationSpecificError, 'again'], // The broker does not say that it lasts.
  [Reason.unsupportedProtocolVersion, 'never'], // The client has no other version to offer.
  [Reason.clientIdentifierNotValid, 'never'], // The client has no other identifier to offer.
  [Reason.badUserNameOrPassword, 'with-other-credentials'], // A wrong password does not become right.
  [Reason.notAuthorized, 'with-other-credentials'], // The same user may do no more at the next attempt.
  [Reason.serverUnavailable, 'again'], // The broker says of itself that it is down.
  [Reason.serverBusy, 'slowly'], // A busy broker asks for patience.
  [Reason.banned, 'with-other-credentials'], // A ban is lifted by people.
  [Reason.serverShuttingDown, 'again'], // A broker that goes down comes up again.
  [Reason.badAuthenticationMethod, 'never'], // The client has no other method to offer.
  [Reason.keepAliveTimeout, 'again'], // The network held something back.
  [Reason.sessionTakenOver, 'never'], // Two clients with one identifier would throw each other out in turn.
  [Reason.topicFilterInvalid, 'never'], // The same subscription would be asked for again.
  [Reason.topicNameInvalid, 'never'], // The same packet would be sent again.
  [Reason.receiveMaximumExceeded, 'never'], // Broker and client count differently, and would again.
  [Reason.topicAliasInvalid, 'never'], // The same packet would be sent again.
  [Reason.packetTooLarge, 'never'], // The same packet would be sent again.
  [Reason.messageRateTooHigh, 'slowly'], // The broker asks for patience.
  [Reason.quotaExceeded, 'slowly'], // A quota is freed, or begins anew, with time.
  [Reason.administrativeAction, 'again'], // Who is to stay away is banned.
  [Reason.payloadFormatInvalid, 'never'], // The same packet would be sent again.
  [Reason.retainNotSupported, 'never'], // The same packet would be sent again.
  [Reason.qosNotSupported, 'never'], // The same packet would be sent again.
  // The broker names another server, and only the application knows whether it is to be trusted. Where the client goes there, nobody asks
  // for these rules (redirecting.ts).
  [Reason.useAnotherServer, 'never'],
  [Reason.serverMoved, 'never'],
  [Reason.sharedSubscriptionsNotSupported, 'never'], // The same subscription would be asked for again.
  [Reason.connectionRateExceeded, 'slowly'], // The broker asks for patience.
  [Reason.maximumConnectTime, 'again'], // The time of the next connection begins anew.
  [Reason.subscriptionIdentifiersNotSupported, 'never'], // The same subscription would be asked for again.
  [Reason.wildcardSubscriptionsNotSupported, 'never'], // The same subscription would be asked for again.
]);

function checkDelay(name: string, value: number): Millis {
  return millis(checkInteger(`reconnect.${name}`, value, 1, DELAY_MILLIS_MAX));
}
