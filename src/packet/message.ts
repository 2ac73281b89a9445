// A message: what an application publishes, apart from any packet that carries it. The broker makes
// one from each PUBLISH or Will it accepts; sessions, queues and the store refer to it, and the
// encoder lays it down again for each subscriber.

import type { Millis } from '../base/millis.ts';
import type { QoS } from './packet.ts';
import type { MessageProperties } from './properties.ts';

/** An Application Message (section 1.2). Never written to once made. */
export interface Message {
  readonly topic: string;
  /** As decoded a view into the received chunk; whoever keeps the message keeps a copy (`DecoderOptions.arena` makes it). */
  readonly payload: Uint8Array;
  /** The QoS with which it was published; a delivery's own may be lower. */
  readonly qos: QoS;
  /** The RETAIN flag with which it was published. */
  readonly retain: boolean;
  /** `messageExpiryInterval` in here is as published; deliveries carry what is left of it. */
  readonly properties: MessageProperties;
  /** On the monotonic clock; `undefined`: never. */
  readonly expiresAt: Millis | undefined;
}

/**
 * The Message Expiry Interval to send now, in seconds, rounded up, at least 1: a message whose sending began no longer expires.
 * But never more than it came with: an interval of 0 stays 0.
 * `undefined` when the message has none. See section 3.3.2.3.3.
 */
export function remainingExpiry(message: Message, now: Millis): number | undefined {
  // [MQTT-3.3.2-6]
  const { messageExpiryInterval } = message.properties;
  if (message.expiresAt === undefined || messageExpiryInterval === undefined) return undefined;
  return Math.min(messageExpiryInterval, Math.max(1, Math.ceil((message.expiresAt - now) / 1000)));
}
