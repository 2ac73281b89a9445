// What a client of a plan is asked for: the options of its connection, of its subscriptions, and how small its insides are.

import type { SubscribeRequest } from '../../src/client/client.ts';
import type { ConnectOptions } from '../../src/client/options.ts';
import type { MessageHandler } from '../../src/client/received-message.ts';
import { CLIENT_TUNING, type ClientTuning } from '../../src/client/tuning.ts';
import type { ClientPlan, FilterPlan } from '../plan.ts';

const RECONNECT_MIN_MILLIS = 10;
const RECONNECT_MAX_MILLIS = 200;
const CONNECT_TIMEOUT_MILLIS = 2_000;

/** A client with a few messages at a time in memory. */
const TINY_TUNING: ClientTuning = {
  ...CLIENT_TUNING,
  head: { queueHeadMessagesMax: 2, queueHeadBytesMax: 64, queueHeadsBytesMax: 4_096 },
  outboxLateBytesMax: 64,
  sendBytesMark: 64,
  handlingMin: 2,
};

/** The options of a life's `connect`. */
export function connectOptions(plan: ClientPlan, life: number, onMessage: MessageHandler): ConnectOptions {
  const { version } = plan;
  const later = life % 2 === 0 ? plan.later : undefined;
  const will = later?.hasWill === false ? undefined : plan.will;
  return {
    clientId: plan.name,
    version,
    clean: plan.clean,
    store: plan.store === 'none' ? undefined : plan.name,
    startOffline: true,
    keepAliveSeconds: plan.keepAliveSeconds,
    connectTimeoutMillis: CONNECT_TIMEOUT_MILLIS,
    inFlightMax: plan.inFlightMax,
    outboxMessagesMax: plan.outboxMessagesMax,
    inboxBytesMax: plan.store === 'none' ? undefined : plan.inboxBytesMax,
    onAmbiguous: plan.onAmbiguous,
    reconnect: { delayMinMillis: RECONNECT_MIN_MILLIS, delayMaxMillis: RECONNECT_MAX_MILLIS },
    onMessage,
    ...(version === 5 && {
      sessionExpirySeconds: plan.sessionExpirySeconds,
      receiveMaximum: later === undefined ? plan.receiveMaximum : later.receiveMaximum,
      maximumPacketSize: plan.maximumPacketSize,
      topicAliasMaximum: plan.topicAliasMaximum,
    }),
    ...(will !== undefined && {
      will: {
        topic: will.topic,
        payload: `${plan.name}!${life}`,
        qos: will.qos,
        retain: will.retain,
        ...(version === 5 && {
          delaySeconds: will.delaySeconds,
          properties: will.expirySeconds === undefined ? undefined : { messageExpiryInterval: will.expirySeconds },
        }),
      },
    }),
  };
}

/** How small its insides are. */
export function tuningOf({ disk, packetIdMax }: ClientPlan): ClientTuning {
  return { ...(disk.tuning === 'tiny' ? TINY_TUNING : CLIENT_TUNING), packetIdMax };
}

/** One topic filter of a SUBSCRIBE. */
export function requestOf(
  { filter, qos, noLocal, retainAsPublished, retainHandling }: FilterPlan,
  version: 4 | 5,
): SubscribeRequest {
  return version === 5 ? { filter, qos, noLocal, retainAsPublished, retainHandling } : { filter, qos };
}
