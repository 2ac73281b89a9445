// What a plan says, in words: who takes part, and each thing that is to happen.

import { unreachable } from '../../src/base/assert.ts';
import type { BrokerPlan, ClientPlan, DiskPlan, NetworkPlan, Plan, PublishStep, Step, WillPlan } from '../plan.ts';
import { sayFilter, sayReason, words } from './say-packet.ts';

/** A plan in a few lines: the broker, the network, each client, each step. */
export function sayPlan(plan: Plan): readonly string[] {
  return [
    `broker: ${sayBroker(plan.broker)}`,
    `network: ${sayNetwork(plan.network)}`,
    ...plan.clients.flatMap(sayClient),
    ...plan.steps.map((step) => `at ${sayTime(step.at)}: ${sayStep(step)}`),
    `at ${sayTime(plan.quietAt)}: nothing breaks any more`,
  ];
}

/** A step without its time. */
export function sayStep(step: Step): string {
  switch (step.kind) {
    case 'publish':
      return sayPublish(step);
    case 'subscribe':
      return `${step.client} subscribes to ${step.subscription.filters.map(sayFilter).join(', ')}`;
    case 'unsubscribe':
      return `${step.client} unsubscribes from ${step.filters.join(', ')}`;
    case 'stop':
      return words(step.who, 'stops', sayReason(step.reasonCode), sayExpiry(step.sessionExpirySeconds));
    case 'start':
      return `${step.who} starts`;
    case 'crash':
      return step.machine ? `the machine of ${step.who} loses its power` : `${step.who} is killed`;
    case 'crash-at':
      return `${step.machine ? `the machine of ${step.who} is to lose its power` : `${step.who} is to be killed`} at boundary ${step.boundary} from here, and started ${step.downMillis} ms later`;
    case 'cut':
      return `the connection of ${step.client} is cut`;
    case 'half-open':
      return `the connection of ${step.client} is lost, and ${step.told} is told`;
    case 'stall':
      return `nothing goes to ${step.to === 'both' ? `${step.client} nor to the broker` : sayEnd(step.to, step.client)} on the connection of ${step.client} for ${step.millis} ms`;
    case 'unreachable':
      return `${step.client} cannot reach the broker for ${step.millis} ms`;
    case 'intruder':
      return `somebody else connects as ${step.client}${step.clean ? ', with a new session,' : ''} for ${step.millis} ms`;
    case 'wall-clock':
      return `the wall clocks jump by ${step.millis} ms`;
    case 'disk':
      return `the disk of ${step.who} is ${step.fault} for ${step.millis} ms`;
    default:
      return unreachable(step);
  }
}

/** Virtual time as it stands at the beginning of a line. */
export function sayTime(millis: number): string {
  return `${(millis / 1000).toFixed(3)} s`;
}

function sayPublish(step: PublishStep): string {
  return words(
    step.client,
    'publishes',
    step.count > 1 && `${step.count} messages`,
    `to ${step.topic}, QoS ${step.qos}`,
    step.retain && (step.isEmpty ? 'clearing what is retained' : 'retain'),
    step.payloadBytes > 0 && `of ${step.payloadBytes} bytes`,
    step.expirySeconds !== undefined && `expiring in ${step.expirySeconds} s`,
    step.count > 1 && (step.everyMillis > 0 ? `every ${step.everyMillis} ms` : 'in one turn'),
  );
}

function sayEnd(to: 'client' | 'broker', client: string): string {
  return to === 'client' ? client : 'the broker';
}

function sayBroker({ store, limits, limitsLater = {}, packetIdMax, disk }: BrokerPlan): string {
  const later = sayLimits(limitsLater).map((limit) => `${limit} in every second life`);
  return [`store ${store}`, sayDisk(disk), sayIds(packetIdMax), ...sayLimits(limits), ...later]
    .filter(Boolean)
    .join(', ');
}

function sayLimits(limits: BrokerPlan['limits']): readonly string[] {
  return Object.entries(limits).map(([name, limit]) => `${name} ${limit}`);
}

function sayNetwork({ delayMillisMin, delayMillisMax, chunkBytesMax, bufferBytes }: NetworkPlan): string {
  const chunks = chunkBytesMax > 0 ? `in chunks of up to ${chunkBytesMax} bytes` : 'as it was written';
  return `${delayMillisMin} to ${delayMillisMax} ms, ${chunks}, ${bufferBytes} bytes fit in`;
}

function sayClient(client: ClientPlan): readonly string[] {
  const { will, sessionExpirySeconds, receiveMaximum, outboxMessagesMax, inboxBytesMax } = client;
  const traits = [
    `version ${client.version}`,
    client.store === 'none' ? 'no store' : `store ${client.store}, ${sayDisk(client.disk)}`,
    client.clean && 'a new session each time',
    sayExpiry(sessionExpirySeconds),
    receiveMaximum !== undefined && `receive maximum ${receiveMaximum}`,
    client.topicAliasMaximum !== undefined && `topic alias maximum ${client.topicAliasMaximum}`,
    client.maximumPacketSize !== undefined && `maximum packet size ${client.maximumPacketSize}`,
    `${client.inFlightMax} in flight`,
    client.keepAliveSeconds > 0 && `keep-alive ${client.keepAliveSeconds} s`,
    sayIds(client.packetIdMax),
    outboxMessagesMax !== undefined && `outbox of ${outboxMessagesMax}`,
    inboxBytesMax !== undefined && `inbox of ${inboxBytesMax} bytes`,
    client.onAmbiguous === 'reject' && 'gives up what is ambiguous',
    client.handlingMillisMax > 0 && `handles for ${client.handlingMillisMin} to ${client.handlingMillisMax} ms`,
    will !== undefined && sayWill(will),
    client.later !== undefined &&
      `in every second life ${client.later.hasWill ? 'its Will' : 'no Will'}${sayReceiveMaximum(client.later.receiveMaximum)}`,
    client.startsAt === undefined ? 'starts by a step' : `starts at ${sayTime(client.startsAt)}`,
  ];
  const filters = client.subscriptions.map(
    (one, index) => `  subscribes (${index}) ${one.filters.map(sayFilter).join(', ')}`,
  );
  return [`${client.name}: ${traits.filter((trait) => trait !== false && trait !== '').join(', ')}`, ...filters];
}

function sayWill({ topic, qos, retain, delaySeconds, expirySeconds }: WillPlan): string {
  return words(
    `Will ${topic} QoS ${qos}`,
    retain && 'retain',
    delaySeconds > 0 && `after ${delaySeconds} s`,
    expirySeconds !== undefined && `expiring in ${expirySeconds} s`,
  );
}

function sayReceiveMaximum(receiveMaximum: number | undefined): string {
  return receiveMaximum === undefined ? '' : ` and receive maximum ${receiveMaximum}`;
}

function sayDisk({ commitMillisMin, commitMillisMax, tuning }: DiskPlan): string {
  return `commits in ${commitMillisMin} to ${commitMillisMax} ms${tuning === 'tiny' ? ', tiny batches' : ''}`;
}

function sayIds(packetIdMax: number): string {
  return packetIdMax < 65_535 ? `packet identifiers to ${packetIdMax}` : '';
}

function sayExpiry(seconds: number | undefined): string {
  return seconds === undefined ? '' : `session expiry ${seconds} s`;
}
