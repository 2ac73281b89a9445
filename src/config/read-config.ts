// From all sources to a configuration, or to everything that is wrong with it. Options are read one by
// one (settings.ts) and then combined here: which listeners there are, and whether they are safe.

import type { RuleFile } from '../auth/rules/rule.ts';
import type { AuthLimits } from '../auth/limits.ts';
import { type AuthSources, hasAnySource } from '../auth/sources.ts';
import type { BrokerLimits } from '../broker/limits.ts';
import type { BrokerRules } from '../broker/rules.ts';
import type { Config, ConfiguredListener, Settings } from './config.ts';
import { asksForCertificate, isOpenToOthers, requiresCertificate, showListener } from './listener-address.ts';
import { loadFile } from './load-file.ts';
import { nearest } from './nearest.ts';
import type { Origin, Problem } from './problem.ts';
import { inReadingOrder } from './problem.ts';
import { readRulesFile } from './rules-file.ts';
import { OPTION_NAMES } from './schema.ts';
import type { TextSources } from './settings.ts';
import { readSettings } from './settings.ts';
import { faultsOfSources } from './source-rows.ts';
import { environmentNameOf, flagOf } from './spelling.ts';

/** Everything that a configuration is read from. */
export interface ConfigSources extends TextSources {
  /** The file's path, from wherever it was named; `undefined`: no file. */
  readonly path: string | undefined;
}

/** What came of reading. */
export type ConfigOutcome =
  | {
      readonly kind: 'valid';
      readonly config: Config;
      readonly settings: Settings;
      readonly warnings: readonly string[];
    }
  /** Never empty; in the order in which somebody reads the file. */
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

/** The variable that names the configuration file. */
export const CONFIG_VARIABLE = 'VOUCH_CONFIG';

/** Reads, checks and combines everything. Never throws for what a user wrote. */
export function readConfig(sources: ConfigSources): ConfigOutcome {
  const file = sources.path === undefined ? undefined : loadFile(sources.path);
  const problems: Problem[] = [...(file?.problems ?? [])];
  const { settings, listenerOrigins } = readSettings(sources, file?.root, problems);
  const listeners = combineListeners(settings, listenerOrigins, problems);
  const authSources = sourcesOf(settings);
  refuseUnfitting(listeners, settings, authSources, problems);
  refuseUnsafe(listeners, settings, authSources, problems);
  const accessRules = readAccessRules(settings, problems);
  if (problems.length > 0) return { kind: 'invalid', problems: inReadingOrder(problems) };
  return {
    kind: 'valid',
    settings,
    warnings: [...misspelledVariables(sources.environment), ...unusedStorage(settings)],
    config: {
      listeners,
      allowAnonymous: settings.allowAnonymous.value,
      accessRules,
      revokeOnReload: settings.revokeOnReload.value,
      passwordFile: settings.passwordFile.value,
      authSources,
      authLimits: authLimitsOf(settings),
      store: settings.store.value,
      data: settings.data.value,
      storeBytesMax: settings.storeBytesMax.value,
      storeReserveBytes: settings.storeReserveBytes.value,
      downtimeMax: settings.downtimeMax.value,
      controlSocket: settings.controlSocket.value,
      logLevel: settings.logLevel.value,
      logFormat: settings.logFormat.value,
      quiet: settings.quiet.value,
      rules: rulesOf(settings),
      redirects: settings.redirects.value,
      busyRedirect: settings.busyRedirect.value,
      responseInformation: settings.responseInformation.value,
      limits: limitsOf(settings),
    },
  };
}

/** How strong a source is: a flag overrules all others. */
const STRENGTH: { readonly [Kind in Origin['kind']]: number } = { default: 0, file: 1, environment: 2, flag: 3 };

/**
 * `port` and `host` stand for a list of one. Whichever was said by the stronger source counts; both in
 * one source contradict each other.
 */
function combineListeners(
  settings: Settings,
  listenerOrigins: readonly Origin[],
  problems: Problem[],
): readonly ConfiguredListener[] {
  const { port, host, listeners } = settings;
  const short = STRENGTH[port.origin.kind] >= STRENGTH[host.origin.kind] ? port.origin : host.origin;
  const listed = listeners.origin;
  if (STRENGTH[short.kind] >= STRENGTH[listed.kind]) {
    if (short.kind === listed.kind && short.kind !== 'default') {
      const name = short === port.origin ? 'port' : 'host';
      const sentence = `${spell(name, short)} stands beside ${spell('listeners', listed)}: put it into the list, or remove the list`;
      problems.push({ origin: short, sentence });
    }
    const address = { type: 'tcp', host: host.value, port: port.value, proxyFrom: [] } as const;
    return [{ address, hostOrigin: host.origin, portOrigin: port.origin }];
  }
  const combined = listeners.value.map((address, index) => {
    const origin = listed.kind === 'file' ? (listenerOrigins[index] ?? listed) : listed;
    return { address, hostOrigin: origin, portOrigin: origin };
  });
  refuseTwins(combined, problems);
  return combined;
}

function refuseTwins(listeners: readonly ConfiguredListener[], problems: Problem[]): void {
  const seen = new Set<string>();
  for (const { address, hostOrigin } of listeners) {
    const url = showListener(address);
    if (seen.has(url) && (address.type === 'unix' || address.port !== 0)) {
      problems.push({ origin: hostOrigin, sentence: `${url} stands twice in the list: keep one of them` });
    }
    seen.add(url);
  }
}

/**
 * As long as nobody is asked who they are, only this machine may reach a listener, unless the operator says otherwise. A
 * certificate that is required says who somebody is.
 */
function refuseUnsafe(
  listeners: readonly ConfiguredListener[],
  { allowAnonymous, passwordFile }: Settings,
  sources: AuthSources,
  problems: Problem[],
): void {
  if (allowAnonymous.value || passwordFile.value !== '' || hasAnySource(sources)) return;
  for (const { address, hostOrigin } of listeners) {
    if (!isOpenToOthers(address) || requiresCertificate(address)) continue;
    const sentence =
      `${showListener(address)} can be reached from other machines, and nobody would be asked who they are: ` +
      `listen on 127.0.0.1 only, name a passwordFile (${flagOf('passwordFile')}) or something else that asks (docs/security.md), or let everybody in with "allowAnonymous: true" (${flagOf('allowAnonymous')})`;
    problems.push({ origin: hostOrigin, sentence });
  }
}

/** What was said of certificates, tokens and an HTTP server must come to something. */
function refuseUnfitting(
  listeners: readonly ConfiguredListener[],
  settings: Settings,
  sources: AuthSources,
  problems: Problem[],
): void {
  for (const { option, sentence } of faultsOfSources(sources)) {
    problems.push({ origin: settings[option].origin, sentence });
  }
  if (sources.certificateUser === 'none' || listeners.some(({ address }) => asksForCertificate(address))) return;
  const sentence = 'no listener asks clients for certificates (clientCertificate), so certificateUser is of no use';
  problems.push({ origin: settings.certificateUser.origin, sentence });
}

/** A file of rules that cannot be used is a mistake of the configuration: without it everything would be allowed. */
function readAccessRules({ rulesFile }: Settings, problems: Problem[]): RuleFile | undefined {
  if (rulesFile.value === '') return undefined;
  const outcome = readRulesFile(rulesFile.value);
  if (outcome.kind === 'valid') return outcome.file;
  problems.push(...outcome.problems);
  return undefined;
}

/** A variable that nearly is one of ours would be ignored in silence otherwise. */
function misspelledVariables(environment: TextSources['environment']): readonly string[] {
  const known = [CONFIG_VARIABLE, ...OPTION_NAMES.map(environmentNameOf)];
  const warnings: string[] = [];
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('VOUCH_') || known.includes(name)) continue;
    const near = nearest(
      name.slice('VOUCH_'.length),
      known.map((variable) => variable.slice('VOUCH_'.length)),
    );
    if (near !== undefined) warnings.push(`${name} is not read; did you mean VOUCH_${near}?`);
  }
  return warnings;
}

/** Somebody who names a data directory expects something in it. */
function unusedStorage({ store, data }: Settings): readonly string[] {
  if (store.value === 'sqlite' || data.origin.kind === 'default') return [];
  return [
    `${spell('data', data.origin)} is not used: ${spell('store', store.origin)} says that nothing is kept on disk`,
  ];
}

/** Written out, so that a rule that is forgotten here does not compile. */
function rulesOf(settings: Settings): BrokerRules {
  return {
    sharedSubscriptionStrategy: settings.sharedSubscriptionStrategy.value,
    overlappingSubscriptions: settings.overlappingSubscriptions.value,
    payloadFormatCheck: settings.payloadFormatCheck.value,
    emptyClientIds: settings.emptyClientIds.value,
    dollarTopics: settings.dollarTopics.value,
    deniedPublish311: settings.deniedPublish311.value,
  };
}

/** The same for the bounds of asking who somebody is. */
function authLimitsOf(settings: Settings): AuthLimits {
  return {
    passwordChecksMax: settings.passwordChecksMax.value,
    passwordChecksWaitingMax: settings.passwordChecksWaitingMax.value,
    passwordCacheMax: settings.passwordCacheMax.value,
    passwordCacheExpiry: settings.passwordCacheExpiry.value,
    authFailuresMax: settings.authFailuresMax.value,
    authBackOffMax: settings.authBackOffMax.value,
  };
}

/** The same for where it is found out. */
function sourcesOf(settings: Settings): AuthSources {
  return {
    certificateUser: settings.certificateUser.value,
    jwtKeys: settings.jwtKeys.value,
    jwtKeysCa: settings.jwtKeysCa.value,
    jwtSecretFile: settings.jwtSecretFile.value,
    jwtAlgorithms: settings.jwtAlgorithms.value,
    jwtIssuer: settings.jwtIssuer.value,
    jwtAudience: settings.jwtAudience.value,
    jwtField: settings.jwtField.value,
    jwtUserClaim: settings.jwtUserClaim.value,
    jwtGroupsClaim: settings.jwtGroupsClaim.value,
    jwtClientIdClaim: settings.jwtClientIdClaim.value,
    jwtClockTolerance: settings.jwtClockTolerance.value,
    httpAuth: settings.httpAuth.value,
    httpAuthCa: settings.httpAuthCa.value,
    httpAuthTokenFile: settings.httpAuthTokenFile.value,
    httpAuthTimeout: settings.httpAuthTimeout.value,
    httpAuthRequestsMax: settings.httpAuthRequestsMax.value,
    httpAuthWaitingMax: settings.httpAuthWaitingMax.value,
    httpAuthCacheExpiry: settings.httpAuthCacheExpiry.value,
  };
}

/** The same for limits. */
function limitsOf(settings: Settings): BrokerLimits {
  return {
    connectionsMax: settings.connectionsMax.value,
    connectionsPerAddressMax: settings.connectionsPerAddressMax.value,
    connectionsPerUserMax: settings.connectionsPerUserMax.value,
    connectRatePerAddress: settings.connectRatePerAddress.value,
    openFilesReserve: settings.openFilesReserve.value,
    connectPendingBytesMax: settings.connectPendingBytesMax.value,
    handshakesMax: settings.handshakesMax.value,
    connectTimeout: settings.connectTimeout.value,
    connectPacketBytesMax: settings.connectPacketBytesMax.value,
    packetBytesMax: settings.packetBytesMax.value,
    receiveMaximum: settings.receiveMaximum.value,
    inFlightMax: settings.inFlightMax.value,
    messageRateIn: settings.messageRateIn.value,
    byteRateIn: settings.byteRateIn.value,
    messageRateOut: settings.messageRateOut.value,
    byteRateOut: settings.byteRateOut.value,
    rateDebtMax: settings.rateDebtMax.value,
    topicAliasMaximum: settings.topicAliasMaximum.value,
    topicAliasesOutMax: settings.topicAliasesOutMax.value,
    keepAliveSecondsMax: settings.keepAliveSecondsMax.value,
    sessionExpiryMax: settings.sessionExpiryMax.value,
    sessionsMax: settings.sessionsMax.value,
    flappingConnectsMax: settings.flappingConnectsMax.value,
    flappingWindow: settings.flappingWindow.value,
    flappingHold: settings.flappingHold.value,
    topicLevelsMax: settings.topicLevelsMax.value,
    subscriptionsMax: settings.subscriptionsMax.value,
    subscribeFiltersMax: settings.subscribeFiltersMax.value,
    userPropertiesMax: settings.userPropertiesMax.value,
    clientIdBytesMax: settings.clientIdBytesMax.value,
    clientIdBytesMax31: settings.clientIdBytesMax31.value,
    sessionQueueMessagesMax: settings.sessionQueueMessagesMax.value,
    sessionQueueMessagesPolicy: settings.sessionQueueMessagesPolicy.value,
    sessionQueueBytesMax: settings.sessionQueueBytesMax.value,
    sessionQueueBytesPolicy: settings.sessionQueueBytesPolicy.value,
    queuesMessagesMax: settings.queuesMessagesMax.value,
    queuesMessagesPolicy: settings.queuesMessagesPolicy.value,
    queuesBytesMax: settings.queuesBytesMax.value,
    queuesBytesPolicy: settings.queuesBytesPolicy.value,
    transientQueueMessagesMax: settings.transientQueueMessagesMax.value,
    transientQueueBytesMax: settings.transientQueueBytesMax.value,
    queueHeadMessagesMax: settings.queueHeadMessagesMax.value,
    queueHeadBytesMax: settings.queueHeadBytesMax.value,
    queueHeadsBytesMax: settings.queueHeadsBytesMax.value,
    retainedMessagesMax: settings.retainedMessagesMax.value,
    retainedBytesMax: settings.retainedBytesMax.value,
    outboxBytesMax: settings.outboxBytesMax.value,
    memoryMax: settings.memoryMax.value,
    routeCacheMax: settings.routeCacheMax.value,
    storeLateBytesMax: settings.storeLateBytesMax.value,
    publisherHoldMillis: settings.publisherHoldMillis.value,
    systemTopicsInterval: settings.systemTopicsInterval.value,
    willRestartGrace: settings.willRestartGrace.value,
  };
}

function spell(name: string, origin: Origin): string {
  if (origin.kind === 'flag') return flagOf(name);
  return origin.kind === 'environment' ? environmentNameOf(name) : name;
}
