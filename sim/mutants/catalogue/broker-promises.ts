// The rows of the table in src/broker/commit.ts, each violated: something leaves before what it promises is durable, or after the
// connection that it belongs to.

import type { Mutant } from '../mutant.ts';

/** Bugs of what must be durable before what leaves the broker. */
export const BROKER_PROMISES: readonly Mutant[] = [
  {
    name: 'puback-before-durable',
    breaks: 'PUBACK leaves before the message is durable.',
    against: 'broker/commit.ts: PUBACK, PUBREC',
    patches: [
      {
        file: 'src/broker/publishing.ts',
        find: 'if (qos > 0) connection.gate.holdAnswers(after, qos === 1 ? messageId : 0);',
        replace: 'if (qos === 2) connection.gate.holdAnswers(after, 0);',
      },
    ],
  },
  {
    name: 'pubrec-before-durable',
    breaks: 'PUBREC leaves before the message is durable.',
    against: 'broker/commit.ts: PUBACK, PUBREC',
    patches: [
      {
        file: 'src/broker/publishing.ts',
        find: 'if (qos > 0) connection.gate.holdAnswers(after, qos === 1 ? messageId : 0);',
        replace: 'if (qos === 1) connection.gate.holdAnswers(after, messageId);',
      },
    ],
  },
  {
    name: 'origin-not-stored',
    breaks:
      'The identifier under which a QoS 2 message came is not stored with it: its repetition after a restart is taken for a new one.',
    against: 'broker/commit.ts: PUBACK, PUBREC ("its origin if QoS 2")',
    patches: [
      {
        file: 'src/broker/publishing.ts',
        find: 'qos === 2 && session.key !== 0 && publish.id !== undefined ? { session: session.key, id: publish.id } : undefined;',
        replace: 'undefined;',
      },
    ],
  },
  {
    name: 'retained-not-awaited',
    breaks: 'PUBACK and PUBREC of a retained message that nobody has subscribed to leave before it is durable.',
    against: 'broker/commit.ts: PUBACK, PUBREC ("and as retained message")',
    lookIn: ['retained'],
    patches: [
      {
        file: 'src/broker/routing.ts',
        find: 'let after: Batch = retain === undefined ? 0 : retain();',
        replace: 'let after: Batch = 0;\n    retain?.();',
      },
    ],
  },
  {
    name: 'elision-lets-go-the-next',
    breaks:
      'When a message is elided that is not the oldest one waited for, the PUBACK of the message after it leaves.',
    against: 'broker/commit.ts: PUBACK of an elided message',
    lookIn: ['overtaking'],
    patches: [
      {
        file: 'src/broker/elision.ts',
        find: 'if (waiting.at(middle).messageId < messageId) low = middle + 1;',
        replace: 'if (waiting.at(middle).messageId <= messageId) low = middle + 1;',
      },
      {
        file: 'src/broker/elision.ts',
        find: 'return found?.messageId === messageId ? found : undefined;',
        replace: 'return found;',
      },
    ],
  },
  {
    name: 'elided-puback-overtakes',
    breaks: 'The PUBACK of an elided message lets everything leave that waits before it.',
    against: 'broker/commit.ts: PUBACK of an elided message ("waits for those before it")',
    lookIn: ['overtaking'],
    patches: [
      {
        file: 'src/broker/elision.ts',
        find: 'if (held.gate.isNext(held)) this.moved.push(held.gate);',
        replace: 'this.moved.push(held.gate);',
      },
      {
        file: 'src/broker/commit.ts',
        find: `  releaseAnswers(): void {
    this.sendHeldAnswers();`,
        replace: `  releaseAnswers(): void {
    for (let held = this.answers?.shift(); held !== undefined; held = this.answers?.shift()) {
      this.outlet.writePacket(held.packet);
      this.outlet.heldPacketLeft(held.packet);
      if (held.after === 0) break;
    }`,
      },
    ],
  },
  {
    name: 'elided-too-early',
    breaks: 'A message is left out of its batch when the first of its recipients has it, and acknowledged.',
    against: 'broker/commit.ts: PUBACK of an elided message ("everybody had it")',
    patches: [
      {
        file: 'src/store/memory/late-changes.ts',
        find: 'if (message === undefined || --message.recipients > 0) return false;',
        replace: 'if (message === undefined) return false;',
      },
      { file: 'src/store/sqlite/elision.ts', find: 'return left === 0;', replace: 'return left >= 0;' },
    ],
  },
  {
    name: 'answers-overtake',
    breaks:
      'An answer that waits for nothing leaves before those that wait: PUBREC of a repeated PUBLISH before its first copy is durable.',
    against: 'broker/commit.ts: PUBREC of a repeated PUBLISH; [MQTT-4.6.0-2]',
    patches: [
      {
        file: 'src/broker/commit.ts',
        find: 'if (this.isClear(after, this.answers)) {',
        replace: 'if (after <= this.store.durable) {',
      },
    ],
  },
  {
    name: 'pubcomp-before-durable',
    breaks:
      'PUBCOMP leaves before the removal of the identifier is durable: after a crash a new message under it is taken for the old one.',
    against: 'broker/commit.ts: PUBCOMP; [MQTT-4.3.3-12]',
    patches: [
      {
        file: 'src/broker/client-session.ts',
        find: 'if (this.key !== 0) this.openConnection().gate.holdAnswers(this.broker.store.recordReleased(this.key, id));',
        replace: 'if (this.key !== 0) this.broker.store.recordReleased(this.key, id);',
      },
    ],
  },
  {
    name: 'suback-before-durable',
    breaks: 'SUBACK leaves before the subscription is durable.',
    against: 'broker/commit.ts: SUBACK, UNSUBACK',
    patches: [
      {
        file: 'src/broker/subscribing.ts',
        find: 'connection.gate.holdAnswers(broker.store.saveSubscription(session.key, { filter: requested, options, identifier }));',
        replace: 'broker.store.saveSubscription(session.key, { filter: requested, options, identifier });',
      },
    ],
  },
  {
    name: 'unsuback-before-durable',
    breaks: 'UNSUBACK leaves before the end of the subscription is durable.',
    against: 'broker/commit.ts: SUBACK, UNSUBACK',
    lookIn: ['beginnings'],
    patches: [
      {
        file: 'src/broker/subscribing.ts',
        find: 'if (session.key !== 0) connection.gate.holdAnswers(broker.store.deleteSubscription(session.key, filter));',
        replace: 'if (session.key !== 0) broker.store.deleteSubscription(session.key, filter);',
      },
    ],
  },
  {
    name: 'connack-before-durable',
    breaks: 'CONNACK leaves before the session is durable.',
    against: 'broker/commit.ts: CONNACK',
    patches: [
      {
        file: 'src/broker/connecting.ts',
        find: 'if (attached.after <= broker.store.durable) {',
        replace: 'if (attached.after >= 0) {',
      },
    ],
  },
  {
    name: 'connack-before-deletion',
    breaks: 'CONNACK of a client that begins anew leaves before the end of its last session is durable.',
    against: 'broker/commit.ts: CONNACK ("the deletion of its client\'s last one")',
    lookIn: ['beginnings'],
    patches: [
      {
        file: 'src/broker/session-registry.ts',
        find: 'after = Math.max(after, this.ended.get(clientId) ?? 0);',
        replace: '',
      },
    ],
  },
  {
    name: 'connack-before-will',
    breaks: 'CONNACK of a session that ends with its connection leaves before its Will is durable.',
    against: 'broker/commit.ts: CONNACK ("its Will")',
    lookIn: ['beginnings'],
    patches: [
      {
        file: 'src/broker/session-registry.ts',
        find: 'after = Math.max(after, this.broker.wills.set(session, request.will));',
        replace: 'this.broker.wills.set(session, request.will);',
      },
    ],
  },
  {
    name: 'exactly-once-before-durable',
    breaks:
      'PUBLISH of QoS 2 leaves before its packet identifier is durable: after a crash it goes out under another one.',
    against: 'broker/commit.ts: PUBLISH QoS 2 to a persistent session; [MQTT-4.4.0-1]',
    patches: [
      {
        file: 'src/broker/client-session.ts',
        find: 'if (isAwaited) this.openConnection().gate.holdDeliveries(batch);',
        replace: '',
      },
    ],
  },
  {
    name: 'shared-exactly-once-before-settled',
    breaks:
      'PUBLISH of QoS 2 that waited for a shared subscription leaves before it is durable that nobody else gets it.',
    against: 'broker/commit.ts: PUBLISH QoS 2 that waited for a shared subscription; [MQTT-4.8.2-5]',
    lookIn: ['sharing'],
    patches: [
      {
        file: 'src/broker/group-queue.ts',
        find: 'if (qos === 2) session.holdDeliveries(this.broker.store.deleteWill(this.key));',
        replace: '',
      },
    ],
  },
  {
    name: 'pubrel-before-durable',
    breaks: 'PUBREL leaves before it is durable that PUBREC came: after a crash PUBLISH is sent again.',
    against: 'broker/commit.ts: PUBREL to a persistent session; [MQTT-4.3.3-6]',
    patches: [
      {
        file: 'src/broker/client-session.ts',
        find: 'this.openConnection().gate.holdDeliveries(this.broker.store.recordReceived(this.key, delivery.messageId));',
        replace: 'this.broker.store.recordReceived(this.key, delivery.messageId);',
      },
    ],
  },
  {
    name: 'held-answer-on-next-connection',
    breaks: 'What a connection held when it ended, or was taken over, leaves on the next one of its session.',
    against: 'broker/commit.ts: "when that ends, it is discarded, never sent on the next one"',
    patches: [
      {
        file: 'src/broker/commit.ts',
        find: `    this.holding.delete(this);
    this.answers = undefined;
    this.deliveries = undefined;
  }`,
        replace: '  }',
      },
      {
        file: 'src/broker/connection.ts',
        find: `  writePacket(packet: Packet): void {
    if (this.state === 'closed' || this.ending !== undefined) return;`,
        replace: `  writePacket(packet: Packet): void {
    const next = this.session?.connection;
    if (this.state === 'closed' && next !== undefined && next !== this) return next.writePacket(packet);
    if (this.state === 'closed' || this.ending !== undefined) return;`,
      },
    ],
  },
  {
    name: 'origin-removed-at-pubrec',
    breaks: 'The identifier of a QoS 2 message is removed from the store with its PUBREC, not with PUBREL.',
    against: 'broker/commit.ts: PUBCOMP; [MQTT-4.3.3-10]',
    patches: [
      {
        file: 'src/broker/client-session.ts',
        find: 'return this.openConnection().gate.send(answer);',
        replace: `if (answer.kind === 'pubrec' && this.key !== 0) this.broker.store.recordReleased(this.key, answer.id);
    return this.openConnection().gate.send(answer);`,
      },
    ],
  },
  {
    name: 'sending-not-stored',
    breaks:
      'The packet identifier of a QoS 1 delivery is not stored: after a restart the delivery is not in flight, and not marked as sent again.',
    against: '[MQTT-4.4.0-1]',
    patches: [
      {
        file: 'src/broker/client-session.ts',
        find: 'if (delivery.messageId === 0 || delivery.lender !== undefined) return;\n    const isAwaited',
        replace:
          'if (delivery.messageId === 0 || delivery.lender !== undefined || delivery.qos === 1) return;\n    const isAwaited',
      },
    ],
  },
  {
    name: 'elided-for-group',
    breaks: 'A message of a shared subscription is left out when a member has taken it over, before anybody has it.',
    against: 'broker/commit.ts: PUBACK of an elided message ("everybody had it")',
    shownBy: { plan: 'sim/mutants/plans/elided-for-group.json', checker: 'shared-groups' },
    patches: [
      {
        file: 'src/store/memory/memory-store.ts',
        find: 'if (areSessions) this.late?.addElidable(id, batch, recipients.length);',
        replace: 'this.late?.addElidable(id, batch, recipients.length);',
      },
      {
        file: 'src/store/sqlite/change-writer.ts',
        find: 'if (this.elides && message.qos === 1 && !message.retain && origin === undefined && !hasGroup) {',
        replace: 'if (this.elides && message.qos === 1 && !message.retain && origin === undefined) {',
      },
    ],
  },
];
