// What every plan must be, drawn, cut down or read from a file: names that exist, values within bounds, steps in order. The world
// trusts it after that.

import type { ClientPlan, DiskPlan, FilterPlan, Plan, PublishStep, Step, SubscriptionPlan, WillPlan } from '../plan.ts';
import { parseTopicFilter } from '../../src/topic/topic-filter.ts';
import { parseTopicName } from '../../src/topic/topic-name.ts';

const UINT16_MAX = 65_535;
const UINT32_MAX = 4_294_967_295;
/** Longer than any plan lives. */
const MILLIS_MAX = 24 * 3_600_000;
/** Wall clocks may jump much further than that. */
const JUMP_MILLIS_MAX = 100 * 365 * 24 * 3_600_000;

/** @throws {Error} that names what is wrong with the plan. */
export function checkPlan(plan: Plan): void {
  const { seed, broker, clients, network, steps, quietAt } = plan;
  demand(Number.isSafeInteger(seed), `the seed is an integer; got ${seed}`);
  between('quietAt', quietAt, 0, MILLIS_MAX);
  between('broker.packetIdMax', broker.packetIdMax, 2, UINT16_MAX);
  checkDisk('broker', broker.disk);
  for (const [name, value] of Object.entries({ ...broker.limits, ...broker.limitsLater })) {
    if (typeof value === 'number') between(`broker.limits.${name}`, value, 0, Number.MAX_SAFE_INTEGER);
  }
  range('network.delayMillis', network.delayMillisMin, network.delayMillisMax);
  between('network.chunkBytesMax', network.chunkBytesMax, 0, UINT32_MAX);
  between('network.bufferBytes', network.bufferBytes, 1, UINT32_MAX);
  const byName = new Map(clients.map((client) => [client.name, client]));
  demand(byName.size === clients.length, 'two clients have the same name');
  for (const client of clients) checkClient(client, quietAt);
  checkIntruders(steps);
  let last = 0;
  for (const step of steps) {
    between(`the time of ${step.kind}`, step.at, last, quietAt);
    last = step.at;
    checkStep(step, byName);
  }
}

function checkClient(client: ClientPlan, quietAt: number): void {
  const { name, version, will } = client;
  demand(
    /^[a-z][a-z0-9]{0,22}$/.test(name) && name !== 'broker',
    `a client has a short name; got ${JSON.stringify(name)}`,
  );
  checkDisk(name, client.disk);
  between(`${name}.inFlightMax`, client.inFlightMax, 1, UINT16_MAX);
  between(`${name}.packetIdMax`, client.packetIdMax, 2, UINT16_MAX);
  between(`${name}.keepAliveSeconds`, client.keepAliveSeconds, 0, UINT16_MAX);
  range(`${name}.handlingMillis`, client.handlingMillisMin, client.handlingMillisMax);
  optional(`${name}.sessionExpirySeconds`, client.sessionExpirySeconds, 0, UINT32_MAX);
  optional(`${name}.receiveMaximum`, client.receiveMaximum, 1, UINT16_MAX);
  optional(`${name}.later.receiveMaximum`, client.later?.receiveMaximum, 1, UINT16_MAX);
  optional(`${name}.topicAliasMaximum`, client.topicAliasMaximum, 0, UINT16_MAX);
  optional(`${name}.maximumPacketSize`, client.maximumPacketSize, 64, UINT32_MAX);
  optional(`${name}.outboxMessagesMax`, client.outboxMessagesMax, 1, Number.MAX_SAFE_INTEGER);
  optional(`${name}.inboxBytesMax`, client.inboxBytesMax, 1, Number.MAX_SAFE_INTEGER);
  optional(`${name}.startsAt`, client.startsAt, 0, quietAt);
  if (version === 4) refuseForVersion4(client);
  if (will !== undefined) checkWill(name, will);
  for (const subscription of client.subscriptions) checkSubscription(client, subscription);
}

function refuseForVersion4({ name, ...client }: ClientPlan): void {
  const given = [
    client.sessionExpirySeconds,
    client.receiveMaximum,
    client.later?.receiveMaximum,
    client.topicAliasMaximum,
    client.maximumPacketSize,
  ];
  demand(
    given.every((value) => value === undefined),
    `${name} says in CONNECT what MQTT 3.1.1 has no place for`,
  );
  const { delaySeconds = 0, expirySeconds } = client.will ?? {};
  demand(delaySeconds === 0 && expirySeconds === undefined, `the Will of ${name} has what MQTT 3.1.1 has no place for`);
}

function checkWill(name: string, { topic, delaySeconds, expirySeconds }: WillPlan): void {
  checkTopic(topic);
  between(`${name}.will.delaySeconds`, delaySeconds, 0, UINT32_MAX);
  optional(`${name}.will.expirySeconds`, expirySeconds, 0, UINT32_MAX);
}

function checkSubscription({ name, version }: ClientPlan, { filters }: SubscriptionPlan): void {
  demand(filters.length > 0, `a SUBSCRIBE of ${name} has no filter`); // [MQTT-3.8.3-2]
  const texts = new Set(filters.map(({ filter }) => filter));
  demand(texts.size === filters.length, `a SUBSCRIBE of ${name} names a filter twice`);
  for (const filter of filters) checkFilter(name, version, filter);
}

function checkFilter(name: string, version: 4 | 5, filter: FilterPlan): void {
  const { kind } = parseTopicFilter(filter.filter);
  demand(kind === 'plain' || kind === 'shared', `${JSON.stringify(filter.filter)} of ${name} is no topic filter`);
  // [MQTT-3.8.3-4]
  demand(!(filter.noLocal && kind === 'shared'), `${name} asks for No Local in ${filter.filter}`);
  const isPlain = !filter.noLocal && !filter.retainAsPublished && filter.retainHandling === 0;
  demand(version === 5 || isPlain, `${name} subscribes with options that MQTT 3.1.1 has no place for`);
}

function checkStep(step: Step, clients: ReadonlyMap<string, ClientPlan>): void {
  const client = (name: string): ClientPlan => {
    const found = clients.get(name);
    if (found === undefined)
      throw new Error(`Not a plan: ${step.kind} at ${step.at} is for ${name}, who is not there.`);
    return found;
  };
  const clientOrBroker = (name: string): ClientPlan | undefined => (name === 'broker' ? undefined : client(name));
  switch (step.kind) {
    case 'publish':
      return checkPublish(client(step.client), step);
    case 'subscribe':
      return checkSubscription(client(step.client), step.subscription);
    case 'unsubscribe':
      client(step.client);
      demand(step.filters.length > 0, `an UNSUBSCRIBE of ${step.client} has no filter`); // [MQTT-3.10.3-2]
      for (const filter of step.filters) {
        const { kind } = parseTopicFilter(filter);
        demand(kind === 'plain' || kind === 'shared', `${JSON.stringify(filter)} is no topic filter`);
      }
      return;
    case 'stop':
      return checkStop(step, clientOrBroker(step.who));
    case 'start':
    case 'crash':
      clientOrBroker(step.who);
      return;
    case 'crash-at':
      clientOrBroker(step.who);
      between('the boundary of crash-at', step.boundary, 1, 1_000_000);
      between('the time after crash-at', step.downMillis, 0, MILLIS_MAX);
      return;
    case 'cut':
    case 'half-open':
      client(step.client);
      return;
    case 'stall':
    case 'unreachable':
    case 'intruder':
      client(step.client);
      between(`the time of ${step.kind}`, step.millis, 0, MILLIS_MAX);
      return;
    case 'wall-clock':
      between('the jump of the wall clock', step.millis, -JUMP_MILLIS_MAX, JUMP_MILLIS_MAX);
      return;
    case 'disk':
      demand(clientOrBroker(step.who)?.store !== 'none', `${step.who} has no disk`);
      between('the time of a disk fault', step.millis, 0, MILLIS_MAX);
  }
}

/** All of one client are clean, or none: see assemble-plan.ts. */
function checkIntruders(steps: readonly Step[]): void {
  const clean = new Map<string, boolean>();
  for (const step of steps) {
    if (step.kind !== 'intruder') continue;
    const first = clean.get(step.client) ?? step.clean;
    demand(first === step.clean, `intruders of ${step.client} end its session, and begin it anew`);
    clean.set(step.client, first);
  }
}

function checkPublish({ name, version }: ClientPlan, step: PublishStep): void {
  checkTopic(step.topic);
  between('the count of a publish step', step.count, 1, 100_000);
  between('everyMillis', step.everyMillis, 0, MILLIS_MAX);
  between('payloadBytes', step.payloadBytes, 0, 1024 * 1024);
  optional('the expiry of a message', step.expirySeconds, 0, UINT32_MAX);
  demand(
    version === 5 || step.expirySeconds === undefined,
    `${name} says when a message expires, but not in MQTT 3.1.1`,
  );
  demand(!step.isEmpty || step.retain, `${name} clears what is retained, without the retain flag`);
}

function checkStop(
  { who, reasonCode, sessionExpirySeconds }: Extract<Step, { kind: 'stop' }>,
  client: ClientPlan | undefined,
): void {
  between('the reason code of a stop', reasonCode, 0, 255);
  optional('the expiry of a stop', sessionExpirySeconds, 0, UINT32_MAX);
  demand(
    client?.version === 5 || (reasonCode === 0 && sessionExpirySeconds === undefined),
    `${who} stops in words of MQTT 5.0`,
  );
}

function checkTopic(topic: string): void {
  demand(parseTopicName(topic).kind === 'topic', `${JSON.stringify(topic)} is no topic name`);
}

function checkDisk(who: string, { commitMillisMin, commitMillisMax }: DiskPlan): void {
  range(`${who}.disk.commitMillis`, commitMillisMin, commitMillisMax);
}

function range(name: string, min: number, max: number): void {
  between(`${name}Max`, max, 0, MILLIS_MAX);
  between(`${name}Min`, min, 0, max);
}

function optional(name: string, value: number | undefined, min: number, max: number): void {
  if (value !== undefined) between(name, value, min, max);
}

function between(name: string, value: number, min: number, max: number): void {
  demand(Number.isInteger(value) && value >= min && value <= max, `${name} is from ${min} to ${max}; got ${value}`);
}

function demand(isSo: boolean, sentence: string): void {
  if (!isSo) throw new Error(`Not a plan: ${sentence}.`);
}
