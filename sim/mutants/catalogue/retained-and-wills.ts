// Bugs of retained messages and of Wills.

import type { Mutant } from '../mutant.ts';

/** Bugs of what outlives its publisher. */
export const RETAINED_AND_WILLS: readonly Mutant[] = [
  {
    name: 'retained-cleared-late',
    breaks: 'A retained message that was cleared is still given to new subscribers, until the broker restarts.',
    against: '[MQTT-3.3.1-6]',
    patches: [
      {
        file: 'src/broker/retained-messages.ts',
        find: 'const previous = this.trie.delete(topic);',
        replace: 'const previous = this.trie.get(topic);',
      },
    ],
  },
  {
    name: 'retained-clear-not-stored',
    breaks: 'A retained message that was cleared is back after a restart.',
    against: '[MQTT-3.3.1-6]',
    patches: [
      {
        file: 'src/broker/retained-messages.ts',
        find: 'this.removedAfter = this.broker.store.deleteRetained(topic);',
        replace: 'this.removedAfter = 0;',
      },
    ],
  },
  {
    name: 'clear-not-awaited',
    breaks: 'Who clears a retained message is acknowledged before that is durable.',
    against: 'broker/commit.ts: PUBACK, PUBREC ("and as retained message")',
    lookIn: ['retained'],
    patches: [
      {
        file: 'src/broker/retained-messages.ts',
        find: 'if (message.payload.length === 0) return this.remove(topic);',
        replace: 'if (message.payload.length === 0) return Math.min(0, this.remove(topic));',
      },
    ],
  },
  {
    name: 'retained-replacement-not-stored',
    breaks: 'After a restart the first retained message of a topic is there, not the last one.',
    against: '[MQTT-3.3.1-5]',
    patches: [
      {
        file: 'src/broker/retained-messages.ts',
        find: `    this.put(topic, kept); // [MQTT-3.3.1-5]
    return this.broker.store.saveRetained(kept);`,
        replace: `    const isNew = this.trie.get(topic) === undefined;
    this.put(topic, kept);
    return isNew ? this.broker.store.saveRetained(kept) : 0;`,
      },
    ],
  },
  {
    name: 'retained-older-wins',
    breaks: 'A retained message does not take the place of another one that has not expired.',
    against: '[MQTT-3.3.1-5]',
    patches: [
      {
        file: 'src/broker/retained-messages.ts',
        find: `    this.put(topic, kept); // [MQTT-3.3.1-5]
    return`,
        replace: `    if (this.trie.get(topic)?.message.expiresAt === undefined) this.put(topic, kept);
    return`,
      },
    ],
  },
  {
    name: 'retained-flag-lost',
    breaks: 'A retained message that a new subscription gets has RETAIN 0.',
    against: '[MQTT-3.3.1-9]',
    patches: [
      {
        file: 'src/broker/client-session.ts',
        find: 'this.enqueue(message, qos, true, address, messageId, now);',
        replace: 'this.enqueue(message, qos, false, address, messageId, now);',
      },
    ],
  },
  {
    name: 'retain-flag-on-live-message',
    breaks:
      'A message is forwarded with the RETAIN flag of its publisher, though the subscription did not ask for that.',
    against: '[MQTT-3.3.1-12]',
    patches: [
      {
        file: 'src/broker/routing.ts',
        find: 'const flag = target.retainAsPublished && message.retain;',
        replace: 'const flag = message.retain;',
      },
    ],
  },
  {
    name: 'retained-not-sent-again',
    breaks: 'Who subscribes again gets no retained messages, though Retain Handling is 0.',
    against: '[MQTT-3.3.1-9]',
    patches: [
      {
        file: 'src/broker/subscribing.ts',
        find: 'return retainHandling === 0 || (retainHandling === 1 && isNew);',
        replace: 'return retainHandling < 2 && isNew;',
      },
    ],
  },
  {
    name: 'retained-expiry-ignored',
    breaks: 'A retained message that has expired is still given to new subscribers.',
    against: '[MQTT-3.3.2-5]',
    patches: [
      {
        file: 'src/broker/owed-retained.ts',
        find: 'if (found.has(topic) || isExpired(message, now)) return;',
        replace: 'if (found.has(topic)) return;',
      },
      {
        file: 'src/broker/retained-messages.ts',
        find: 'if (message.expiresAt !== undefined) this.broker.deadlines.set(entry, message.expiresAt);',
        replace: '',
      },
    ],
  },
  {
    name: 'will-lost-on-takeover',
    breaks: 'A connection that is taken over leaves no Will.',
    against: '[MQTT-3.1.2-8], [MQTT-3.1.4-3]',
    patches: [
      {
        file: 'src/broker/connection.ts',
        find: 'this.leave(true, Reason.sessionTakenOver);',
        replace: 'this.leave(false, Reason.sessionTakenOver);',
      },
    ],
  },
  {
    name: 'will-delay-ignored',
    breaks: 'A Will with a delay is published at once, also where the client comes back in time.',
    against: '[MQTT-3.1.3-9]',
    patches: [
      {
        file: 'src/broker/wills.ts',
        find: 'const dueAt = millis(endedAt + seconds(session.will.will.delayInterval));',
        replace: 'const dueAt = endedAt;',
      },
    ],
  },
  {
    name: 'own-will-despite-no-local',
    breaks: 'A client gets its own Will though it subscribed with No Local.',
    against: '[MQTT-3.8.3-3]',
    patches: [
      {
        file: 'src/broker/wills.ts',
        find: 'const owner = sessions.get(identity.clientId);',
        replace: 'const owner = undefined;',
      },
    ],
  },
  {
    name: 'will-after-disconnect',
    breaks: 'A client that leaves with DISCONNECT and Reason Code 0x00 leaves its Will behind.',
    against: '[MQTT-3.14.4-3]',
    patches: [
      {
        file: 'src/broker/disconnecting.ts',
        find: 'connection.leave(!isNormal, reasonCode);',
        replace: 'connection.leave(true, reasonCode);',
      },
    ],
  },
  {
    name: 'will-of-earlier-connection',
    breaks: 'A client that connects without a Will keeps the one of its last connection.',
    against: '[MQTT-3.1.3-9]',
    lookIn: ['wills'],
    patches: [
      {
        file: 'src/broker/wills.ts',
        find: `      session.will = undefined;
      return previous === undefined ? 0 : store.deleteWill(previous.key);`,
        replace: '      return 0;',
      },
    ],
  },
  {
    name: 'will-again-after-restart',
    breaks: 'A Will that was published stays in the store, and is published again after a restart.',
    against: '[MQTT-3.1.2-10]',
    patches: [
      {
        file: 'src/broker/wills.ts',
        find: 'store.deleteWill(key); // [MQTT-3.1.2-10]',
        replace: '',
      },
    ],
  },
  {
    name: 'will-again-after-disconnect',
    breaks: 'A Will that DISCONNECT has discarded stays in the store, and is published after a restart.',
    against: '[MQTT-3.14.4-3]',
    patches: [
      {
        file: 'src/broker/wills.ts',
        find: `    this.broker.store.deleteWill(session.will.key);
    session.will = undefined;`,
        replace: '    session.will = undefined;',
      },
    ],
  },
  {
    name: 'will-lost-at-restart',
    breaks: 'The Will of a session is not there any more after a restart.',
    against: '[MQTT-3.1.2-8]',
    lookIn: ['wills'],
    patches: [
      {
        file: 'src/broker/wills.ts',
        find: 'session.will = { key, will, dueAt: millis(dueAt), isDeferred: true };',
        replace: 'session.will = undefined;',
      },
    ],
  },
  {
    name: 'orphan-will-lost',
    breaks: 'The Will of a connection whose session ended with it is not there any more after a restart.',
    against: '[MQTT-3.1.2-8]',
    lookIn: ['wills'],
    patches: [
      {
        file: 'src/broker/wills.ts',
        find: 'this.broker.deadlines.set(orphan, millis(now + this.broker.limits.willRestartGrace));',
        replace: '',
      },
    ],
  },
  {
    name: 'will-lost-at-session-end',
    breaks: 'A session that ends before the delay of its Will is over takes the Will with it.',
    against: '[MQTT-3.1.2-8]',
    patches: [
      {
        file: 'src/broker/session-registry.ts',
        find: 'this.broker.wills.publish(session, now); // [MQTT-3.1.2-8]: the delay is over',
        replace: 'this.broker.wills.cancel(session); // the delay is over',
      },
    ],
  },
];
