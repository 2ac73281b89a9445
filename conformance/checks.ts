// All checks, in the order of the specification.

import type { ClientCheck, ServerCheck } from './check.ts';
import { CHECKS as CLIENT_ALIASES } from './client/aliases.ts';
import { CHECKS as CLIENT_ANSWERS } from './client/answers.ts';
import { CHECKS as CLIENT_AUTHENTICATION } from './client/authentication.ts';
import { CHECKS as CLIENT_CONNACK } from './client/connack.ts';
import { CHECKS as CLIENT_CONNECT } from './client/connect.ts';
import { CHECKS as CLIENT_DISCONNECT } from './client/disconnect.ts';
import { CHECKS as CLIENT_FILTERS } from './client/filters.ts';
import { CHECKS as CLIENT_HEADERS } from './client/headers.ts';
import { CHECKS as CLIENT_IDENTITY } from './client/identity.ts';
import { CHECKS as CLIENT_KEEP_ALIVE } from './client/keep-alive.ts';
import { CHECKS as CLIENT_ORDER } from './client/order.ts';
import { CHECKS as CLIENT_PACKET_IDS } from './client/packet-ids.ts';
import { CHECKS as CLIENT_PUBLISH } from './client/publish.ts';
import { CHECKS as CLIENT_QOS_1 } from './client/qos-1.ts';
import { CHECKS as CLIENT_QOS_2_RECEIVER } from './client/qos-2-receiver.ts';
import { CHECKS as CLIENT_QOS_2_SENDER } from './client/qos-2-sender.ts';
import { CHECKS as CLIENT_QUOTA } from './client/quota.ts';
import { CHECKS as CLIENT_RESUME } from './client/resume.ts';
import { CHECKS as CLIENT_TEXTS } from './client/texts.ts';
import { CHECKS as CLIENT_TRANSPORT } from './client/transport.ts';
import { CHECKS as TEXT } from './server/text.ts';
import { CHECKS as FIXED_HEADER } from './server/fixed-header.ts';
import { CHECKS as PACKET_IDENTIFIERS } from './server/packet-identifiers.ts';
import { CHECKS as PROPERTIES } from './server/properties.ts';
import { CHECKS as CONNECT_FLAGS } from './server/connect-flags.ts';
import { CHECKS as CLEAN_START } from './server/clean-start.ts';
import { CHECKS as WILL } from './server/will.ts';
import { CHECKS as KEEP_ALIVE } from './server/keep-alive.ts';
import { CHECKS as CONNECT_PROPERTIES } from './server/connect-properties.ts';
import { CHECKS as CLIENT_IDENTIFIER } from './server/client-identifier.ts';
import { CHECKS as CONNECT_ACTIONS } from './server/connect-actions.ts';
import { CHECKS as CONNACK } from './server/connack.ts';
import { CHECKS as PUBLISH_FLAGS } from './server/publish-flags.ts';
import { CHECKS as PUBLISH_RETAIN } from './server/publish-retain.ts';
import { CHECKS as RETAIN_OPTIONS } from './server/retain-options.ts';
import { CHECKS as PUBLISH_TOPIC } from './server/publish-topic.ts';
import { CHECKS as PUBLISH_PROPERTIES } from './server/publish-properties.ts';
import { CHECKS as MESSAGE_EXPIRY } from './server/message-expiry.ts';
import { CHECKS as TOPIC_ALIAS } from './server/topic-alias.ts';
import { CHECKS as OVERLAPPING_SUBSCRIPTIONS } from './server/overlapping-subscriptions.ts';
import { CHECKS as SEND_QUOTA } from './server/send-quota.ts';
import { CHECKS as ACKNOWLEDGEMENTS } from './server/acknowledgements.ts';
import { CHECKS as SUBSCRIBE } from './server/subscribe.ts';
import { CHECKS as SUBACK } from './server/suback.ts';
import { CHECKS as UNSUBSCRIBE } from './server/unsubscribe.ts';
import { CHECKS as DISCONNECT } from './server/disconnect.ts';
import { CHECKS as ENHANCED_AUTHENTICATION } from './server/enhanced-authentication.ts';
import { CHECKS as SESSION_STATE } from './server/session-state.ts';
import { CHECKS as QOS_1 } from './server/qos-1.ts';
import { CHECKS as QOS_2_SENDER } from './server/qos-2-sender.ts';
import { CHECKS as QOS_2_RECEIVER } from './server/qos-2-receiver.ts';
import { CHECKS as REDELIVERY } from './server/redelivery.ts';
import { CHECKS as ORDER } from './server/order.ts';
import { CHECKS as TOPICS } from './server/topics.ts';
import { CHECKS as SHARED_SUBSCRIPTIONS } from './server/shared-subscriptions.ts';
import { CHECKS as ERRORS } from './server/errors.ts';
import { CHECKS as TRANSPORT } from './server/transport.ts';

/** The checks of a broker. */
export const SERVER_CHECKS: readonly ServerCheck[] = [
  ...TEXT,
  ...FIXED_HEADER,
  ...PACKET_IDENTIFIERS,
  ...PROPERTIES,
  ...CONNECT_FLAGS,
  ...CLEAN_START,
  ...WILL,
  ...KEEP_ALIVE,
  ...CONNECT_PROPERTIES,
  ...CLIENT_IDENTIFIER,
  ...CONNECT_ACTIONS,
  ...CONNACK,
  ...PUBLISH_FLAGS,
  ...PUBLISH_RETAIN,
  ...RETAIN_OPTIONS,
  ...PUBLISH_TOPIC,
  ...PUBLISH_PROPERTIES,
  ...MESSAGE_EXPIRY,
  ...TOPIC_ALIAS,
  ...OVERLAPPING_SUBSCRIPTIONS,
  ...SEND_QUOTA,
  ...ACKNOWLEDGEMENTS,
  ...SUBSCRIBE,
  ...SUBACK,
  ...UNSUBSCRIBE,
  ...DISCONNECT,
  ...ENHANCED_AUTHENTICATION,
  ...SESSION_STATE,
  ...QOS_1,
  ...QOS_2_SENDER,
  ...QOS_2_RECEIVER,
  ...REDELIVERY,
  ...ORDER,
  ...TOPICS,
  ...SHARED_SUBSCRIPTIONS,
  ...ERRORS,
  ...TRANSPORT,
];

/** The checks of our client. */
export const CLIENT_CHECKS: readonly ClientCheck[] = [
  ...CLIENT_TEXTS,
  ...CLIENT_HEADERS,
  ...CLIENT_PACKET_IDS,
  ...CLIENT_CONNECT,
  ...CLIENT_IDENTITY,
  ...CLIENT_KEEP_ALIVE,
  ...CLIENT_CONNACK,
  ...CLIENT_PUBLISH,
  ...CLIENT_ALIASES,
  ...CLIENT_QUOTA,
  ...CLIENT_ANSWERS,
  ...CLIENT_DISCONNECT,
  ...CLIENT_TRANSPORT,
  ...CLIENT_QOS_1,
  ...CLIENT_QOS_2_SENDER,
  ...CLIENT_QOS_2_RECEIVER,
  ...CLIENT_RESUME,
  ...CLIENT_ORDER,
  ...CLIENT_FILTERS,
  ...CLIENT_AUTHENTICATION,
];
