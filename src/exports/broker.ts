// The door `vouch`: a broker inside another program. What comes in here is checked, since the caller
// may not be held to the types; what goes out is an interface, never one of our own objects.

import { ALLOW_ALL } from '../auth/allow-all.ts';
import type { Authenticator, Authorizer } from '../auth/contract.ts';
import type { AuthLimits } from '../auth/limits.ts';
import { answeredRulesAlone } from '../auth/rules/answered-rules-alone.ts';
import { type AuthSources, hasAnySource, namesGroups } from '../auth/sources.ts';
import { OperationError, UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { SILENT_LOG } from '../base/log.ts';
import type { OutgoingMessage } from '../broker/broker.ts';
import type { BrokerEvents } from '../broker/events.ts';
import type { BrokerLimits } from '../broker/limits.ts';
import type { ClientRedirect } from '../broker/parts.ts';
import type { BrokerRules } from '../broker/rules.ts';
import { bytesOf, checkMessageProperties } from '../client/checks.ts';
import { completeAuthLimits, completeLimits, completeRules } from '../config/check-limits.ts';
import { completeSources, type GivenSources } from '../config/check-sources.ts';
import { type ListenOptions, listenerOf } from '../config/listen-options.ts';
import type { ListenerAddress } from '../config/listener-address.ts';
import { isOpenToOthers, requiresCertificate } from '../config/listener-address.ts';
import { showProblem } from '../config/problem.ts';
import { isRedirect, isResponseInformation, REDIRECT_ROWS } from '../config/redirect-rows.ts';
import { readRulesFile } from '../config/rules-file.ts';
import { ROWS } from '../config/schema.ts';
import { quote } from '../config/spelling.ts';
import type { QoS } from '../packet/packet.ts';
import type { MessageProperties } from '../packet/properties.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import { reasonName } from '../packet/reason-codes.ts';
import { AccessRules } from '../server/access-rules.ts';
import type { EventListener } from '../server/event-hub.ts';
import { EventHub } from '../server/event-hub.ts';
import { type Gate, openGate } from '../server/gate.ts';
import { type DoorGuard, warnOfOpenDoor } from '../server/open-doors.ts';
import { type ReloadReport, Reloads } from '../server/reloads.ts';
import { RunningBroker } from '../server/running-broker.ts';
import { memoryGauge } from '../server/memory-gauge.ts';
import { limitsInMemory, makeStore } from '../server/storage.ts';
import type { Store } from '../store/contract.ts';
import { topicName } from '../topic/topic-name.ts';
import type { Listener } from '../transport/contract.ts';

export type { CertificateUser } from '../auth/certificate-link.ts';
export type {
  Accepted,
  Action,
  Authentication,
  AuthenticationExchange,
  AuthenticationMethod,
  AuthenticationStep,
  AuthenticationSubject,
  Authenticator,
  Authorizer,
  Credentials,
  Explanation,
  Identity,
  Rights,
  RuleTally,
} from '../auth/contract.ts';
export type { AuthLimits } from '../auth/limits.ts';
export { DEFAULT_AUTH_LIMITS } from '../auth/limits.ts';
export type { AuthSources, TokenAlgorithm } from '../auth/sources.ts';
export type { ErrorCode } from '../base/errors.ts';
export { ERROR_CODES, OperationError, UsageError } from '../base/errors.ts';
export type { PeerCertificate } from '../base/peer-certificate.ts';
export type { Log, LogFields, LogLevel } from '../base/log.ts';
export type { Millis } from '../base/millis.ts';
export { millis, seconds } from '../base/millis.ts';
export type { BrokerEvents, DropReason } from '../broker/events.ts';
export type { BrokerLimits } from '../broker/limits.ts';
export { DEFAULT_LIMITS } from '../broker/limits.ts';
export type { ClientRedirect } from '../broker/parts.ts';
export type { BrokerRules, SharedSubscriptionStrategy } from '../broker/rules.ts';
export { DEFAULT_RULES } from '../broker/rules.ts';
export type {
  ListenCertificate,
  ListenOptions,
  ListenTlsOptions,
  ListenWebSocketOptions,
} from '../config/listen-options.ts';
export type { Message } from '../packet/message.ts';
export type { QoS } from '../packet/packet.ts';
export type { MessageProperties, UserProperty } from '../packet/properties.ts';
export type { ReasonCode } from '../packet/reason-codes.ts';
export type { EventListener } from '../server/event-hub.ts';
export type { ReloadReport } from '../server/reloads.ts';
export type { Store } from '../store/contract.ts';
export type { Listener } from '../transport/contract.ts';

/** What a broker is to be. Everything has a default. */
export interface BrokerOptions extends GivenSources {
  /** Who is told what happens. Default: nobody. */
  readonly log?: Log | 'silent' | undefined;
  /** Bounds to set in place of the defaults. */
  readonly limits?: Partial<BrokerLimits> | undefined;
  /** What MQTT leaves open, where it is not to be as by default. */
  readonly rules?: Partial<BrokerRules> | undefined;
  /** Clients that are told to use another server; the first rule that fits one holds. Default: none. */
  readonly redirects?: readonly ClientRedirect[] | undefined;
  /** Where clients are told to go for now that are refused because the broker is busy. Default: nowhere. */
  readonly busyRedirect?: string | undefined;
  /**
   * Where the response topics of clients begin that ask for Response Information: each is told this topic with its client identifier
   * behind it. Default: they are told nothing.
   */
  readonly responseInformation?: string | undefined;
  /**
   * Decides who a client is: every client, unless one of the other ways is there, too; then, those whom none of them knows. Default:
   * everybody is anonymous, and only loopback may be listened on.
   */
  readonly authenticator?: Authenticator | undefined;
  /** A file of users and passwords, as `vouch passwd` writes it. It is read again when it changes. */
  readonly passwordFile?: string | undefined;
  /** Bounds of asking who clients are, to set in place of the defaults: checks at a time, and how long who guesses is held off. */
  readonly authLimits?: Partial<AuthLimits> | undefined;
  /** Decides what a client may do. Default: everything. Beside `httpAuth`, an answer that comes with rules is refused: nobody would obey them. */
  readonly authorizer?: Authorizer | undefined;
  /** A file of rules in place of `authorizer`, as `vouch start` reads it (docs/rules.md). It is read again when it changes. */
  readonly rulesFile?: string | undefined;
  /** Whether a change of these files, or of a listener's, disconnects clients that would not be let in any more. Default false. */
  readonly revokeOnReload?: boolean | undefined;
  /**
   * Allows listeners that other machines can reach although nobody is asked who they are. With a `passwordFile`, tokens and the like,
   * and no `authenticator`: lets clients in that do not say who they are. Default false.
   */
  readonly allowAnonymous?: boolean | undefined;
  /**
   * The directory to keep everything in that must outlive the process: what is acknowledged is on disk there first. It is made if
   * it is not there; one broker at a time can use it. Default: none. Everything is in memory then and lost with `close` or
   * the process, and an acknowledgement promises nothing beyond that.
   */
  readonly data?: string | undefined;
  /** A store of your own, in place of `data`. */
  readonly store?: Store | undefined;
}

/** How to publish. */
export interface PublishOptions {
  /** Default 0. */
  readonly qos?: QoS | undefined;
  /** Keep it for later subscribers. Default false. */
  readonly retain?: boolean | undefined;
  /** Properties of MQTT 5; those left out are not sent. */
  readonly properties?: Partial<MessageProperties> | undefined;
}

/** What became of a message. */
export interface Published {
  /** 0x00: somebody is subscribed; 0x10: nobody is. Refusals are errors. */
  readonly reasonCode: ReasonCode;
}

/** A broker in this process. */
export interface EmbeddedBroker {
  /**
   * Opens a door, once everything in `data` is there again; any number of times.
   * @throws {UsageError} `invalid-option`: a bad address, one that other machines can reach without authentication, or a file that
   * is not what it should be.
   * @throws {OperationError} `address-in-use`, `address-unavailable`, `closed`; `store-in-use`, `store-damaged`,
   * `store-not-accepted`, `store-newer`, `store-unavailable`, `store-full`: `data` cannot be used.
   */
  listen(options?: ListenOptions): Promise<Listener>;

  /**
   * Publishes a message of this program; resolves once everything that QoS promises about it is durable.
   * @param payload  Text is sent as UTF-8; bytes are copied.
   * @throws {UsageError} `invalid-argument`.
   * @throws {OperationError} `rejected` with `reasonCode`; `closed`; `store-failed`: the disk failed, and whether the message
   * is on it is not known; what `listen` throws of `data`.
   */
  publish(topic: string, payload: string | Uint8Array, options?: PublishOptions): Promise<Published>;

  /**
   * Listens to an event. Listeners are called in the middle of the broker's work: be quick, copy a payload to keep it.
   * What a listener throws is logged and ends nothing. `storeFailed` is the one not to miss where there is `data`: the
   * broker has ended its connections and is of no more use; end the process, or close this broker and tell somebody.
   * @returns a function that ends it.
   */
  on<Name extends keyof BrokerEvents>(event: Name, listener: EventListener<Name>): () => void;

  /**
   * Reads the files of users, rules, keys and certificates again, as happens by itself within two seconds of a change. What is
   * wrong stays as it was.
   * @returns what became of each.
   */
  reload(): readonly ReloadReport[];

  /** Tells every client, closes every connection and listener, then the store. May be called again. */
  close(): Promise<void>;
}

/**
 * Makes a broker. It reads its store back and listens once it is asked to.
 * @throws {UsageError} `invalid-option`: an unknown limit or rule, or one out of bounds; a redirect or a topic that is none; no path in `data`, or a `store`
 * beside it; a `passwordFile` or another file that cannot be used; a `rulesFile` that is wrong, or an `authorizer` beside it.
 */
export function createBroker(options: BrokerOptions = {}): EmbeddedBroker {
  const log = options.log === undefined || options.log === 'silent' ? SILENT_LOG : options.log;
  const { data } = options;
  if (data !== undefined) checkData(data, options.store);
  const isInMemory = data === undefined && options.store === undefined;
  const given = completeLimits(options.limits ?? {});
  const limits = isInMemory ? limitsInMemory(given) : given;
  const rules = completeRules(options.rules ?? {});
  const redirects = checkRedirects(options.redirects);
  const busyRedirect = checkBusyRedirect(options.busyRedirect);
  const responseInformation = checkResponseInformation(options.responseInformation);
  const { revokeOnReload = false } = options;
  const authSources = completeSources(options);
  const gate = gateOf(options, authSources, log);
  const guard = guardOf(options, authSources);
  const storage = {
    store: isInMemory ? 'memory' : 'sqlite',
    data: data ?? ROWS.data.default,
    storeBytesMax: ROWS.storeBytesMax.default,
    storeReserveBytes: ROWS.storeReserveBytes.default,
    downtimeMax: ROWS.downtimeMax.default,
  } as const;
  const accessRules = openRules(options, authSources);
  const reloads = new Reloads(log);
  for (const reloadable of gate.reloadables) reloads.add(reloadable);
  if (accessRules !== undefined) reloads.add(accessRules);
  const hub = new EventHub(log);
  const life = new BrokerLife(() =>
    RunningBroker.open({
      store: options.store ?? makeStore(storage, log),
      authenticator: gate.authenticator,
      authorizer: accessRules ?? options.authorizer ?? (authSources.httpAuth === '' ? ALLOW_ALL : answeredRulesAlone()),
      log,
      limits,
      rules,
      redirects,
      busyRedirect,
      responseInformation,
      memory: limits.memoryMax > 0 ? memoryGauge(limits.memoryMax) : undefined,
      events: hub.events,
      reloads,
      revokeOnReload,
    }),
  );
  return {
    async listen(listenOptions = {}) {
      const address = listenerOf(listenOptions);
      if (!guard.isAsked && !guard.allowAnonymous) refuseUnsafe(address);
      const running = await life.opened();
      const listener = await running.listen(address);
      warnOfOpenDoor(address, listener.url, guard, log);
      return listener;
    },
    async publish(topic, payload, publishOptions = {}) {
      const message = outgoingMessage(topic, payload, publishOptions, limits);
      const running = await life.opened();
      const reasonCode = await running.broker.publish(message);
      if (reasonCode < 0x80) return { reasonCode };
      throw new OperationError('rejected', `The message was refused: ${reasonName(reasonCode)}.`, reasonCode);
    },
    on: (event, listener) => hub.add(event, listener),
    reload: () => reloads.reload(),
    async close() {
      gate.close();
      reloads.close();
      await life.close();
    },
  };
}

/** Opens the broker when it is first needed, and closes it once. */
class BrokerLife {
  private readonly open: () => Promise<RunningBroker>;
  private opening: Promise<RunningBroker> | undefined;
  private closing: Promise<void> | undefined;

  constructor(open: () => Promise<RunningBroker>) {
    this.open = open;
    this.opening = undefined;
    this.closing = undefined;
  }

  async opened(): Promise<RunningBroker> {
    if (this.closing !== undefined) throw new OperationError('closed', 'The broker was closed.');
    this.opening ??= this.open();
    const running = await this.opening;
    // `close` may have come while the store was read.
    if (this.isClosed()) throw new OperationError('closed', 'The broker was closed.');
    return running;
  }

  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private isClosed(): boolean {
    return this.closing !== undefined;
  }

  private async closeOnce(): Promise<void> {
    // A broker that could not be opened has nothing to close; whoever wanted it open was told why.
    const running = await this.opening?.catch(() => undefined);
    await running?.close();
  }
}

function checkData(data: string, store: Store | undefined): void {
  if (ROWS.data.read(data) === undefined) {
    throw new UsageError('invalid-option', `data takes ${ROWS.data.takes}; got ${quote(data)}.`);
  }
  if (store !== undefined) {
    throw new UsageError('invalid-option', 'A broker has one store: give createBroker either data or store.');
  }
}

function openRules(options: BrokerOptions, authSources: AuthSources): AccessRules | undefined {
  const { rulesFile: path, authorizer, authenticator } = options;
  if (path === undefined) return undefined;
  if (ROWS.rulesFile.read(path) !== path) {
    throw new UsageError('invalid-option', `rulesFile takes the path of a file; got ${quote(path)}.`);
  }
  if (authorizer !== undefined) {
    throw new UsageError('invalid-option', 'A broker has one judge: give createBroker either rulesFile or authorizer.');
  }
  const outcome = readRulesFile(path);
  if (outcome.kind === 'invalid') {
    throw new UsageError('invalid-option', outcome.problems.map(showProblem).join('\n'));
  }
  return new AccessRules(outcome.file, authenticator !== undefined || namesGroups(authSources) ? 'answers' : 'file');
}

function gateOf(options: BrokerOptions, authSources: AuthSources, log: Log): Gate {
  const { authenticator, passwordFile, allowAnonymous = false } = options;
  if (passwordFile !== undefined && (typeof passwordFile !== 'string' || passwordFile === ''))
    throw new UsageError('invalid-option', `passwordFile takes the path of a file; got ${quote(passwordFile)}.`);
  const choices = {
    passwordFile: passwordFile ?? '',
    allowAnonymous,
    authLimits: completeAuthLimits(options.authLimits ?? {}),
  };
  return openGate({ ...choices, authSources, authenticator, hasOwnAuthorizer: options.authorizer !== undefined }, log);
}

function guardOf(options: BrokerOptions, authSources: AuthSources): DoorGuard {
  const { authenticator, authorizer, passwordFile, rulesFile, allowAnonymous = false } = options;
  return {
    isAsked: authenticator !== undefined || passwordFile !== undefined || hasAnySource(authSources),
    allowAnonymous,
    hasRules: authorizer !== undefined || rulesFile !== undefined,
  };
}

function checkRedirects(redirects: readonly ClientRedirect[] | undefined): readonly ClientRedirect[] | undefined {
  if (redirects === undefined || (Array.isArray(redirects) && redirects.every(isRedirect))) return redirects;
  const takes = `clients, to (${REDIRECT_ROWS.to.takes}) and permanent`;
  throw new UsageError('invalid-option', `redirects takes a list of objects with ${takes}; got ${quote(redirects)}.`);
}

function checkBusyRedirect(reference: string | undefined): string | undefined {
  if (reference === undefined || isRedirect({ clients: '*', to: reference, permanent: false })) return reference;
  const { takes } = REDIRECT_ROWS.to;
  throw new UsageError('invalid-option', `busyRedirect takes ${takes}; got ${quote(reference)}.`);
}

function checkResponseInformation(prefix: string | undefined): string | undefined {
  if (prefix === undefined || isResponseInformation(prefix)) return prefix;
  const { takes } = ROWS.responseInformation;
  throw new UsageError('invalid-option', `responseInformation takes ${takes}; got ${quote(prefix)}.`);
}

function refuseUnsafe(address: ListenerAddress): void {
  if (address.type === 'unix' || !isOpenToOthers(address) || requiresCertificate(address)) return;
  const ways = 'give createBroker an authenticator, or allowAnonymous: true';
  throw new UsageError(
    'invalid-option',
    `Other machines can reach ${address.host}, and nobody would be asked who they are: ${ways}.`,
  );
}

function outgoingMessage(
  topic: string,
  payload: string | Uint8Array,
  options: PublishOptions,
  limits: BrokerLimits,
): OutgoingMessage {
  const { qos = 0, retain = false } = options;
  if (![0, 1, 2].includes(qos)) throw new UsageError('invalid-argument', `qos takes 0, 1 or 2; got ${quote(qos)}.`);
  // A caller in JavaScript may hand over anything; a number would become that many zeros.
  const bytes: unknown = bytesOf(payload);
  if (!(bytes instanceof Uint8Array)) throw new UsageError('invalid-argument', 'A payload is text or a Uint8Array.');
  if (bytes.length > limits.packetBytesMax) {
    const bound = `${limits.packetBytesMax} (packetBytesMax)`;
    throw new UsageError('too-large', `The payload has ${bytes.length} bytes; the broker takes at most ${bound}.`);
  }
  const properties = checkMessageProperties(options.properties, 5);
  return { topic: topicName(topic, limits.topicLevelsMax), payload: bytes, qos, retain, properties };
}
