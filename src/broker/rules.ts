// What the specifications leave to a Server's choice, where brokers differ and their users have reasons for either. Each is a
// row of config/rule-rows.ts, where its sentence for people stands. Bounds are in limits.ts.

/**
 * How a shared subscription chooses who gets a message (sharing.ts).
 * - `round-robin`: the members take turns, as far as they can take a message now.
 * - `least-loaded`: of those, the one with the fewest unacknowledged messages.
 * - `sticky-by-publisher`, `sticky-by-topic`: of those that are connected, always the same one for the same publisher or topic,
 *   in whose queue the message waits while that member is busy.
 */
export type SharedSubscriptionStrategy = 'round-robin' | 'least-loaded' | 'sticky-by-publisher' | 'sticky-by-topic';

/** The choices of one broker. */
export interface BrokerRules {
  readonly sharedSubscriptionStrategy: SharedSubscriptionStrategy;
  /** A message that several subscriptions of one session match. `merge`: it is sent once; `separate`: once for each (section 3.3.4). */
  readonly overlappingSubscriptions: 'merge' | 'separate';
  /** Whether a payload that says to be text is looked at (section 3.3.2.3.2). */
  readonly payloadFormatCheck: boolean;
  /** What becomes of a client without an identifier, where its version allows that [MQTT-3.1.3-6]. */
  readonly emptyClientIds: 'assign' | 'refuse';
  /** Whether clients may publish to topics that begin with `$` (section 4.7.2); never to `$SYS`. */
  readonly dollarTopics: 'refuse' | 'allow';
  /** What a client of MQTT 3.1.1 hears whose QoS 1 or 2 message it may not publish [MQTT-3.3.5-2]: nothing more, or that it was taken. */
  readonly deniedPublish311: 'close' | 'acknowledge';
}

/** Choices that suit most. */
export const DEFAULT_RULES: BrokerRules = Object.freeze({
  sharedSubscriptionStrategy: 'round-robin',
  overlappingSubscriptions: 'merge',
  payloadFormatCheck: false,
  emptyClientIds: 'assign',
  dollarTopics: 'refuse',
  deniedPublish311: 'close',
});
