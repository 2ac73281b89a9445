// Bugs of sessions as the broker keeps them, of whom a message reaches, of shared subscriptions, limits and expiry.
// Longer than 400 lines because it is a table.

import type { Mutant } from '../mutant.ts';

/** Bugs of the broker besides promises, retained messages and Wills. */
export const SESSIONS_AND_ROUTES: readonly Mutant[] = [
  {
    name: 'session-present-after-clean-start',
    breaks:
      'CONNACK says that a session is present that Clean Start has ended, where the new one ends with its connection.',
    against: '[MQTT-3.2.2-2]',
    patches: [
      {
        file: 'src/broker/session-registry.ts',
        find: 'const present = session !== undefined; // [MQTT-3.1.2-5]',
        replace:
          'const present = (session ?? (request.expiryInterval > 0 || known?.key === 0 ? undefined : known)) !== undefined; // [MQTT-3.1.2-5]',
      },
    ],
  },
  {
    name: 'session-present-denied',
    breaks: 'CONNACK says that no session is present though there is one.',
    against: '[MQTT-3.2.2-3]',
    patches: [
      {
        file: 'src/broker/connecting.ts',
        find: 'connection.writePacket({ ...connack, sessionPresent: present });',
        replace: 'connection.writePacket({ ...connack, sessionPresent: false });',
      },
    ],
  },
  {
    name: 'clean-start-ignored',
    breaks: 'A client that asks for a new session gets its old one.',
    against: '[MQTT-3.1.2-4]',
    patches: [
      {
        file: 'src/broker/session-registry.ts',
        find: 'if (session !== undefined && request.clean) {',
        replace: 'if (session !== undefined && request.clean && session.expiryInterval <= 0) {',
      },
    ],
  },
  {
    name: 'session-never-expires',
    breaks: 'A session whose expiry is over goes on.',
    against: '[MQTT-3.1.2-23], [MQTT-4.1.0-2]',
    patches: [
      {
        file: 'src/broker/session-registry.ts',
        find: 'if (expiresAt <= now) this.expire(session, now);',
        replace: 'if (expiresAt <= now) return;',
      },
    ],
  },
  {
    name: 'session-expires-early',
    breaks: 'A session ends after half of its expiry.',
    against: '[MQTT-3.1.2-23]',
    patches: [
      {
        file: 'src/broker/session-registry.ts',
        find: 'session.expiresAt = millis(now + session.expiryInterval); // [MQTT-3.1.2-23]',
        replace: 'session.expiresAt = millis(now + session.expiryInterval / 2);',
      },
    ],
  },
  {
    name: 'session-expiry-by-wall-clock',
    breaks: 'When a session ends is counted on the clock on the wall.',
    against: '[MQTT-3.1.2-23]; decision 009',
    patches: [
      {
        file: 'src/broker/session-registry.ts',
        find: 'session.expiresAt = millis(now + session.expiryInterval); // [MQTT-3.1.2-23]',
        replace: 'session.expiresAt = millis(this.broker.clock.wall() + session.expiryInterval);',
      },
      {
        file: 'src/broker/session-registry.ts',
        find: 'if (expiresAt <= now) this.expire(session, now);',
        replace: 'if (expiresAt <= this.broker.clock.wall()) this.expire(session, now);',
      },
    ],
  },
  {
    name: 'session-expiry-begins-anew',
    breaks: 'The expiry of a session begins anew with each restart of the broker.',
    against: '[MQTT-3.1.2-23]',
    patches: [
      {
        file: 'src/broker/session-registry.ts',
        find: 'session.expiresAt = millis(endedAt + record.expiryInterval);',
        replace: 'session.expiresAt = millis(now + record.expiryInterval);',
      },
    ],
  },
  {
    name: 'session-end-not-stored',
    breaks: 'A session that has ended is back after a restart.',
    against: '[MQTT-3.1.2-4], [MQTT-4.1.0-2]',
    patches: [
      {
        file: 'src/broker/session-registry.ts',
        find: 'if (session.key !== 0) this.rememberEnd(session.clientId, this.broker.store.deleteSession(session.key));',
        replace: 'if (session.key !== 0) this.rememberEnd(session.clientId, 0);',
      },
    ],
  },
  {
    name: 'shared-subscription-lost-at-restart',
    breaks: 'Shared subscriptions are not there any more after a restart.',
    against: '[MQTT-4.1.0-1]',
    patches: [
      {
        file: 'src/broker/session-registry.ts',
        find: "if (parsed.kind !== 'plain' && parsed.kind !== 'shared') continue;",
        replace: "if (parsed.kind !== 'plain') continue;",
      },
    ],
  },
  {
    name: 'subscription-lost-at-restart',
    breaks: 'Of the subscriptions of a session only the first one is there after a restart.',
    against: '[MQTT-4.1.0-1]',
    patches: [
      {
        file: 'src/broker/session-registry.ts',
        find: "if (parsed.kind !== 'plain' && parsed.kind !== 'shared') continue;",
        replace:
          "if ((parsed.kind !== 'plain' && parsed.kind !== 'shared') || session.subscriptions !== undefined) continue;",
      },
    ],
  },
  {
    name: 'unsubscribed-still-delivered',
    breaks: 'Who has unsubscribed still gets messages to topics that were published to before.',
    against: '[MQTT-3.10.4-2]',
    patches: [
      {
        file: 'src/broker/router.ts',
        find: `  unsubscribe(session: ClientSession, subscription: Subscription): void {
    this.cache.clear();`,
        replace: '  unsubscribe(session: ClientSession, subscription: Subscription): void {',
      },
    ],
  },
  {
    name: 'subscribed-not-delivered',
    breaks: 'Who has subscribed gets no messages to topics that were published to before.',
    against: '[MQTT-3.3.4-2]',
    patches: [
      {
        file: 'src/broker/router.ts',
        find: `  subscribe(session: ClientSession, subscription: Subscription): void {
    this.cache.clear();`,
        replace: '  subscribe(session: ClientSession, subscription: Subscription): void {',
      },
    ],
  },
  {
    name: 'unsubscribe-not-stored',
    breaks: 'A subscription that was ended is back after a restart.',
    against: '[MQTT-3.10.4-2]',
    patches: [
      {
        file: 'src/broker/subscribing.ts',
        find: 'if (session.key !== 0) connection.gate.holdAnswers(broker.store.deleteSubscription(session.key, filter));',
        replace: '',
      },
    ],
  },
  {
    name: 'own-message-despite-no-local',
    breaks: 'A client gets its own messages though it subscribed with No Local.',
    against: '[MQTT-3.8.3-3]',
    patches: [
      {
        file: 'src/broker/routing.ts',
        find: 'if (!route.hasNoLocal || publisher === undefined) return route.targets;',
        replace: 'if (route.hasNoLocal || publisher === undefined) return route.targets;',
      },
    ],
  },
  {
    name: 'granted-qos-exceeded',
    breaks: 'Messages are delivered with the QoS of their publisher, also where a lower one was granted.',
    against: '[MQTT-3.8.4-8]',
    patches: [
      {
        file: 'src/broker/route.ts',
        find: 'if (options.qos > qos) qos = options.qos;',
        replace: 'if (options.qos > 0) qos = 2;',
      },
    ],
  },
  {
    name: 'absent-session-not-counted',
    breaks: 'What comes for an absent session is stored and forgotten.',
    against: '[MQTT-4.1.0-1]',
    patches: [
      {
        file: 'src/broker/routing.ts',
        find: 'if (qos > 0 && session.key !== 0) session.queue.count(message.payload.length);',
        replace: '',
      },
    ],
  },
  {
    name: 'new-overtakes-queue',
    breaks: 'A message for which the window has room passes those that wait.',
    against: '[MQTT-4.6.0-5]',
    patches: [
      {
        file: 'src/broker/client-session.ts',
        find: '} else if (queue.messages > 0 || !this.machine.canPublish() || connection?.isCongested !== false) {',
        replace: '} else if (!this.machine.canPublish() || connection?.isCongested !== false) {',
      },
    ],
  },
  {
    name: 'queue-stalls',
    breaks: 'An acknowledgement that makes room in the window does not send what waits.',
    against: 'liveness',
    patches: [
      {
        file: 'src/broker/client-session.ts',
        find: `  settle(delivery: SessionDelivery, reason: ReasonCode): void {
    this.windowMoved = true;`,
        replace: '  settle(delivery: SessionDelivery, reason: ReasonCode): void {',
      },
    ],
  },
  {
    name: 'stale-page-stalls-queue',
    breaks: 'A queue whose reader left while a page was on its way is never read again.',
    against: 'liveness',
    patches: [
      {
        file: 'src/store/delivery-queue.ts',
        find: `    assert(this.reading === reading, 'a queue is read a page at a time');
    const tail`,
        replace: `    if (reading.isStale) return;
    const tail`,
      },
    ],
  },
  {
    name: 'queue-loses-what-came-meanwhile',
    breaks: 'What comes while the last page of a queue is on its way is dropped when that is there.',
    against: '[MQTT-4.1.0-1]',
    patches: [
      {
        file: 'src/store/delivery-queue.ts',
        find: 'for (let next = tail.shift(); next !== undefined; next = tail.shift()) this.pushHead(next);',
        replace: `for (let next = tail.shift(); next !== undefined; next = tail.shift()) {
      this.messages--;
      this.bytes -= next.message.payload.length;
    }`,
      },
    ],
  },
  {
    name: 'closed-connection-kept',
    breaks: 'A connection that has ended is still counted, and kept in memory.',
    against: 'after quiet no state has grown',
    patches: [
      {
        file: 'src/broker/connection.ts',
        find: 'this.broker.connections.delete(this);',
        replace: '',
      },
    ],
  },
  {
    name: 'settled-kept-in-store',
    breaks: 'What a client has acknowledged stays in the store until the broker restarts.',
    against: 'after quiet no state has grown',
    patches: [
      {
        file: 'src/broker/client-session.ts',
        find: 'if (lender === undefined) this.broker.settle(this.key, messageId);',
        replace: 'if (lender === undefined) return;',
      },
    ],
  },
  {
    name: 'shared-message-to-two-members',
    breaks: 'A message of a shared subscription goes to two members.',
    against: 'section 4.8.2; [MQTT-4.8.2-4]',
    patches: [
      {
        file: 'src/broker/routing.ts',
        find: 'const isCopy = reached(target.session) > 0;',
        replace: `const isCopy = reached(target.session) > 0;
      const second = group.choose(message, reached);
      if (second !== undefined && second.session !== target.session) {
        members.push({ target: second, lender: undefined });
        if (message.qos > 0) more.push(second.recipients(message));
      }`,
      },
    ],
  },
  {
    name: 'shared-qos-2-to-another-member',
    breaks:
      'A QoS 2 message that a member of a shared subscription may have seen goes to another one when its session ends.',
    against: '[MQTT-4.8.2-5]',
    patches: [
      {
        file: 'src/broker/abandoning.ts',
        find: "if (state === 'sent') abandon(delivery, delivery.qos === 1);",
        replace: "if (state === 'sent') abandon(delivery, true);",
      },
    ],
  },
  {
    name: 'shared-qos-1-lost-with-member',
    breaks:
      'A QoS 1 message that a member of a shared subscription has not acknowledged is gone when its session ends.',
    against: '[MQTT-4.8.2-4]',
    lookIn: ['sharing'],
    patches: [
      {
        file: 'src/broker/abandoning.ts',
        find: "if (state === 'sent') abandon(delivery, delivery.qos === 1);",
        replace: "if (state === 'sent') lost.push(delivery.message.topic);",
      },
    ],
  },
  {
    name: 'shared-member-takes-and-group-keeps',
    breaks: 'A message that a member of a shared subscription has taken over from the queue stays there in the store.',
    against: '[MQTT-4.8.2-5]',
    patches: [
      {
        file: 'src/broker/group-queue.ts',
        find: 'if (messageId !== 0) broker.settle(this.key, messageId);\n      target',
        replace: 'target',
      },
    ],
  },
  {
    name: 'full-queue-acknowledged',
    breaks: 'A message for which a queue has no room is acknowledged as if it had been taken.',
    against: 'broker/commit.ts: PUBACK, PUBREC',
    patches: [
      {
        file: 'src/broker/routing.ts',
        find: `    this.taken(Reason.quotaExceeded, 0, 0);
    this.routed.refusedBy = by;`,
        replace: '    this.taken(by === undefined ? Reason.quotaExceeded : Reason.success, 0, 0);',
      },
    ],
  },
  {
    name: 'drop-not-counted',
    breaks: 'A message that is dropped at a limit is not counted.',
    against: 'every drop is counted and reported',
    patches: [
      {
        file: 'src/broker/dropped-messages.ts',
        find: 'this.broker.counters.messagesDropped[reason]++;',
        replace: '',
      },
    ],
  },
  {
    name: 'drop-not-told',
    breaks: 'Nobody is told of a message that is dropped.',
    against: 'every drop is counted and reported',
    patches: [
      {
        file: 'src/broker/dropped-messages.ts',
        find: 'this.broker.counters.messagesDropped[reason]++;\n    this.broker.events.messageDropped?.(this.name, topic, reason);',
        replace: '',
      },
    ],
  },
  {
    name: 'message-expiry-by-wall-clock',
    breaks: 'Whether a message that waits has expired is asked of the clock on the wall.',
    against: '[MQTT-3.3.2-5]; decision 009',
    patches: [
      {
        file: 'src/broker/client-session.ts',
        find: "if (isExpired(delivery.message, now)) this.drop(delivery, 'expired');",
        replace: "if (isExpired(delivery.message, this.broker.clock.wall())) this.drop(delivery, 'expired');",
      },
    ],
  },
  {
    name: 'message-expiry-ignored',
    breaks: 'A message that has expired while it waited is sent.',
    against: '[MQTT-3.3.2-5]',
    patches: [
      {
        file: 'src/broker/client-session.ts',
        find: "if (isExpired(delivery.message, now)) this.drop(delivery, 'expired');\n    else if",
        replace: 'if',
      },
    ],
  },
  {
    name: 'expiry-not-counted-down',
    breaks: 'The Message Expiry Interval is forwarded as it came, however long the message has waited.',
    against: '[MQTT-3.3.2-6]',
    patches: [
      {
        file: 'src/packet/message.ts',
        find: 'return Math.min(messageExpiryInterval, Math.max(1, Math.ceil((message.expiresAt - now) / 1000)));',
        replace: 'return messageExpiryInterval;',
      },
    ],
  },
  {
    name: 'shared-qos-1-not-lent',
    breaks:
      'A QoS 1 message of a shared subscription is settled when a member that ends with its connection is sent it, not when it has it.',
    against: '[MQTT-4.8.2-4]; docs/durability.md',
    shownBy: { plan: 'sim/regressions/borrowed-by-a-member-that-ends.json', checker: 'shared-groups' },
    patches: [
      {
        file: 'src/broker/group-queue.ts',
        find: 'return this.key !== 0 && session.key === 0 && lower(message.qos, qos) === 1;',
        replace: 'return this.key < 0 && session.key === 0 && lower(message.qos, qos) === 1;',
      },
    ],
  },
];
