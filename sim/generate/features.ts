// What a plan has, found in the plan itself, so that it is true of one that was cut down, too. Coverage counts what happened in
// plans with which of these.

import type { ClientPlan, FilterPlan, Plan, PublishStep } from '../plan.ts';

/** Each feature, and whether a plan has it. */
const FEATURES_OF: Readonly<Record<string, (plan: Parts) => boolean>> = {
  'v3.1.1': ({ clients }) => clients.some(({ version }) => version === 4),
  'v5.0': ({ clients }) => clients.some(({ version }) => version === 5),
  'qos 0': ({ messages }) => messages.some(({ qos }) => qos === 0),
  'qos 1': ({ messages }) => messages.some(({ qos }) => qos === 1),
  'qos 2': ({ messages }) => messages.some(({ qos }) => qos === 2),
  'qos lowered': ({ messages, filters }) => messages.some((one) => filters.some(({ qos }) => qos > 0 && qos < one.qos)),
  retained: ({ messages }) => messages.some(({ retain, isEmpty }) => retain && !isEmpty),
  'retained cleared': ({ messages }) => messages.some(({ isEmpty }) => isEmpty),
  wildcards: ({ filters }) => filters.some(({ filter }) => /[+#]/.test(filter)),
  'several filters': ({ clients }) => clients.some((client) => filtersOf(client).length > 1),
  shared: ({ filters }) => filters.some(({ filter }) => filter.startsWith('$share/')),
  'no local': ({ filters }) => filters.some(({ noLocal }) => noLocal),
  'retain as published': ({ filters }) => filters.some(({ retainAsPublished }) => retainAsPublished),
  'retain handling': ({ filters }) => filters.some(({ retainHandling }) => retainHandling > 0),
  'subscribing later': ({ steps }) => steps.some(({ kind }) => kind === 'subscribe'),
  unsubscribing: ({ steps }) => steps.some(({ kind }) => kind === 'unsubscribe'),
  'hears itself': ({ plan }) => plan.clients.some((client) => publishes(plan, client) && filtersOf(client).length > 0),
  will: ({ wills }) => wills.length > 0,
  'will with delay': ({ wills }) => wills.some(({ delaySeconds }) => delaySeconds > 0),
  'will retained': ({ wills }) => wills.some(({ retain }) => retain),
  'will with expiry': ({ wills }) => wills.some(({ expirySeconds }) => expirySeconds !== undefined),
  clean: ({ clients }) => clients.some(({ clean }) => clean),
  'session kept': ({ clients }) => clients.some((client) => !endsWithConnection(client)),
  'session expires soon': ({ clients }) =>
    clients.some(({ sessionExpirySeconds: seconds }) => seconds !== undefined && seconds > 0 && seconds < 60),
  'session ends with connection': ({ clients }) => clients.some(endsWithConnection),
  'expiry at disconnect': ({ steps }) =>
    steps.some((step) => step.kind === 'stop' && step.sessionExpirySeconds !== undefined),
  'message expiry': ({ messages }) => messages.some(({ expirySeconds }) => expirySeconds !== undefined),
  'receive maximum': ({ clients }) => clients.some(({ receiveMaximum }) => receiveMaximum !== undefined),
  'narrow client window': ({ clients }) => clients.some(({ inFlightMax }) => inFlightMax <= 3),
  'narrow broker window': ({ limits }) => isSet(limits.receiveMaximum) || isSet(limits.inFlightMax),
  'client comes back changed': ({ clients }) => clients.some(({ later }) => later !== undefined),
  'broker comes back changed': ({ plan }) => plan.broker.limitsLater !== undefined,
  'few packet ids': ({ plan }) => [plan.broker, ...plan.clients].some(({ packetIdMax }) => packetIdMax < 100),
  'topic aliases': ({ clients }) =>
    clients.some(({ version, topicAliasMaximum }) => version === 5 && topicAliasMaximum !== 0),
  'few topic aliases': ({ clients, limits }) =>
    isSet(limits.topicAliasMaximum) || clients.some(({ topicAliasMaximum }) => isSet(topicAliasMaximum)),
  'maximum packet size': ({ clients }) => clients.some(({ maximumPacketSize }) => isSet(maximumPacketSize)),
  'keep alive': ({ clients }) => clients.some(({ keepAliveSeconds }) => keepAliveSeconds > 0),
  'client store': ({ clients }) => clients.some(({ store }) => store !== 'none'),
  'client with sqlite': ({ clients }) => clients.some(({ store }) => store === 'sqlite'),
  'broker with sqlite': ({ plan }) => plan.broker.store === 'sqlite',
  'tiny tuning': ({ plan }) => [plan.broker, ...plan.clients].some(({ disk }) => disk.tuning === 'tiny'),
  'small outbox': ({ clients }) => clients.some(({ outboxMessagesMax }) => isSet(outboxMessagesMax)),
  'small inbox': ({ clients }) => clients.some(({ inboxBytesMax }) => isSet(inboxBytesMax)),
  'rejects ambiguous': ({ clients }) => clients.some(({ onAmbiguous }) => onAmbiguous === 'reject'),
  'slow application': ({ clients }) => clients.some(({ handlingMillisMax }) => handlingMillisMax >= 20),
  'small links': ({ plan }) => plan.network.bufferBytes < 10_000,
  'split packets': ({ plan }) => plan.network.chunkBytesMax > 0,
  'large payloads': ({ messages }) => messages.some(({ payloadBytes }) => payloadBytes >= 100),
  flood: ({ messages }) => messages.some(({ count, everyMillis }) => count >= 100 && everyMillis === 0),
  'queue heads': ({ limits }) => isSet(limits.queueHeadMessagesMax),
  'queue limit: reject': (parts) => hasPolicy(parts, 'reject'),
  'queue limit: drop-oldest': (parts) => hasPolicy(parts, 'drop-oldest'),
  'queue limit: drop-newest': (parts) => hasPolicy(parts, 'drop-newest'),
  'queue limit: end-session': (parts) => hasPolicy(parts, 'end-session'),
  'limit of all queues': ({ limits }) => isSet(limits.queuesMessagesMax) || isSet(limits.queuesBytesMax),
  'transient queue limit': ({ limits }) => isSet(limits.transientQueueMessagesMax),
  'retained limit': ({ limits }) => isSet(limits.retainedMessagesMax),
  'session expiry limit': ({ limits }) => isSet(limits.sessionExpiryMax),
  'late store': ({ limits }) => isSet(limits.storeLateBytesMax),
};

/** The names of all features. */
export const FEATURES: readonly string[] = Object.keys(FEATURES_OF);

/** What a plan has of them. */
export function featuresOf(plan: Plan): readonly string[] {
  const parts = partsOf(plan);
  return Object.entries(FEATURES_OF).flatMap(([name, isIn]) => (isIn(parts) ? [name] : []));
}

/** A plan with what is asked about most. */
interface Parts {
  readonly plan: Plan;
  readonly clients: Plan['clients'];
  readonly limits: Plan['broker']['limits'];
  readonly steps: Plan['steps'];
  readonly messages: readonly PublishStep[];
  readonly filters: readonly FilterPlan[];
  readonly wills: readonly NonNullable<ClientPlan['will']>[];
}

function partsOf(plan: Plan): Parts {
  const { clients, steps } = plan;
  const later = steps.flatMap((step) => (step.kind === 'subscribe' ? step.subscription.filters : []));
  return {
    plan,
    clients,
    limits: plan.broker.limits,
    steps,
    messages: steps.filter((step) => step.kind === 'publish'),
    filters: [...clients.flatMap(filtersOf), ...later],
    wills: clients.flatMap(({ will }) => (will === undefined ? [] : [will])),
  };
}

function hasPolicy({ limits }: Parts, policy: string): boolean {
  return (
    (isSet(limits.sessionQueueMessagesMax) && limits.sessionQueueMessagesPolicy === policy) ||
    (isSet(limits.sessionQueueBytesMax) && limits.sessionQueueBytesPolicy === policy) ||
    (isSet(limits.queuesMessagesMax) && limits.queuesMessagesPolicy === policy) ||
    (isSet(limits.queuesBytesMax) && limits.queuesBytesPolicy === policy)
  );
}

function isSet(value: number | undefined): boolean {
  return value !== undefined;
}

function filtersOf({ subscriptions }: ClientPlan): readonly FilterPlan[] {
  return subscriptions.flatMap(({ filters }) => filters);
}

function publishes({ steps }: Plan, { name }: ClientPlan): boolean {
  return steps.some((step) => step.kind === 'publish' && step.client === name);
}

function endsWithConnection({ clean, sessionExpirySeconds: seconds }: ClientPlan): boolean {
  return seconds === undefined ? clean : seconds === 0;
}
