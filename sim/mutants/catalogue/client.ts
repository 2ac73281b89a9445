// Bugs of the client: the rows of the table in src/client/commit.ts, each violated, and what becomes of outbox, inbox and
// subscriptions over connections and processes.

import type { Mutant } from '../mutant.ts';

/** Bugs of the client. */
export const CLIENT: readonly Mutant[] = [
  {
    name: 'client-exactly-once-before-durable',
    breaks: 'PUBLISH of QoS 2 leaves the client before its packet identifier is durable.',
    against: 'client/commit.ts: PUBLISH QoS 2; [MQTT-4.4.0-1]',
    lookIn: ['dead-clients'],
    patches: [
      {
        file: 'src/client/session-state.ts',
        find: 'if (isAwaited) this.gate?.holdDeliveries(batch);',
        replace: '',
      },
    ],
  },
  {
    name: 'client-pubrel-before-durable',
    breaks: 'PUBREL leaves the client before it is durable that PUBREC came.',
    against: 'client/commit.ts: PUBREL; [MQTT-4.3.3-6]',
    patches: [
      {
        file: 'src/client/session-state.ts',
        find: 'this.gate?.holdDeliveries(this.kept.store.recordReceived(OUTBOX, messageId));',
        replace: 'this.kept.store.recordReceived(OUTBOX, messageId);',
      },
    ],
  },
  {
    name: 'client-answer-before-durable',
    breaks: 'PUBACK and PUBREC leave the client before the message is durable in its inbox.',
    against: 'client/commit.ts: PUBACK, PUBREC',
    lookIn: ['dead-clients', 'anything'],
    patches: [
      {
        file: 'src/client/stored-inbox.ts',
        find: 'this.owner.holdAnswers(after);',
        replace: '',
      },
    ],
  },
  {
    name: 'client-origin-not-stored',
    breaks:
      'The identifier under which a QoS 2 message came is not stored with it: its repetition after a restart is taken for a new one.',
    against: 'client/commit.ts: PUBACK, PUBREC ("for QoS 2 with the identifier that it came under")',
    patches: [
      {
        file: 'src/client/stored-inbox.ts',
        find: 'const origin = qos === 2 && id !== undefined ? { session: OUTBOX, id } : undefined;',
        replace: 'const origin = undefined;',
      },
    ],
  },
  {
    name: 'client-pubcomp-before-durable',
    breaks: 'PUBCOMP leaves the client before the removal of the identifier is durable.',
    against: 'client/commit.ts: PUBCOMP; [MQTT-4.3.3-12]',
    lookIn: ['dead-clients'],
    patches: [
      {
        file: 'src/client/session-state.ts',
        find: 'if (this.kept !== undefined) this.gate?.holdAnswers(this.kept.store.recordReleased(OUTBOX, id));',
        replace: 'if (this.kept !== undefined) this.kept.store.recordReleased(OUTBOX, id);',
      },
    ],
  },
  {
    name: 'client-held-answers-kept',
    breaks: 'Acknowledgements that a connection held when it ended leave on the next one.',
    against: 'client/commit.ts: "What is held belongs to its connection, and is discarded with that"',
    lookIn: ['dead-clients'],
    patches: [
      {
        file: 'src/client/commit.ts',
        find: `    this.answers.clear();
    this.deliveries.clear();`,
        replace: '    this.deliveries.clear();',
      },
    ],
  },
  {
    name: 'client-held-deliveries-kept',
    breaks: 'PUBLISH and PUBREL packets that a connection held when it ended leave on the next one.',
    against: 'client/commit.ts: "What is held belongs to its connection, and is discarded with that"',
    patches: [
      {
        file: 'src/client/commit.ts',
        find: `    this.answers.clear();
    this.deliveries.clear();`,
        replace: '    this.answers.clear();',
      },
    ],
  },
  {
    name: 'client-handed-over-before-durable',
    breaks:
      'The application gets a message before it is durable in the inbox, and after a crash again under another key.',
    against: 'client/commit.ts: "A message of the inbox goes to the application only when it is durable"',
    patches: [
      {
        file: 'src/client/stored-inbox.ts',
        find: 'if (this.isStopped || next.after > kept.store.durable || handling.takenCount >= this.window) return;',
        replace: 'if (this.isStopped || handling.takenCount >= this.window) return;',
      },
      {
        file: 'src/client/stored-inbox.ts',
        find: 'if (after <= kept.store.durable) this.pumpSoon();',
        replace: 'this.pumpSoon();',
      },
    ],
  },
  {
    name: 'client-stored-before-durable',
    breaks: 'The application is told that a message is stored before it is: a crash loses it.',
    against: 'Publishing.stored',
    patches: [
      {
        file: 'src/client/outbox.ts',
        find: 'handle.storedWith(kept.durability.of(kept.store.append(messageId, message, recipients, undefined)));',
        replace: `kept.store.append(messageId, message, recipients, undefined);
    handle.storedWith(IN_MEMORY);`,
      },
    ],
  },
  {
    name: 'client-outbox-forgets-beyond-head',
    breaks: 'What is accepted while the head of the outbox is full is stored and forgotten.',
    against: 'liveness',
    patches: [
      {
        file: 'src/client/outbox.ts',
        find: 'else stored.count(payloadBytes);',
        replace: '',
      },
    ],
  },
  {
    name: 'client-outbox-settled-by-pubrec',
    breaks: 'A QoS 2 message leaves the outbox in the store with PUBREC.',
    against: '[MQTT-4.3.3-4], [MQTT-4.4.0-1]',
    patches: [
      {
        file: 'src/client/session-state.ts',
        find: 'publication.answer = reason;\n    if (messageId',
        replace: `publication.answer = reason;
    if (messageId !== 0 && this.kept !== undefined) {
      this.kept.store.settle(OUTBOX, messageId);
      Object.assign(publication, { messageId: 0 });
      return;
    }
    if (messageId`,
      },
    ],
  },
  {
    name: 'client-line-stalls',
    breaks: 'Messages that wait for a place in the outbox are not let in when one becomes free.',
    against: 'liveness',
    patches: [
      {
        file: 'src/client/outbox.ts',
        find: 'if (this.line.length > 0 || this.waiters.length > 0) this.admit();',
        replace: '',
      },
    ],
  },
  {
    name: 'client-inbox-key-changes',
    breaks: 'What the application had and has not acknowledged comes again after a restart under another key.',
    against: 'client/stored-inbox.ts: "once and under one key"',
    patches: [
      {
        file: 'src/client/stored-inbox.ts',
        find: 'handling.hand(new Arrival(next.message, { ...next, key: next.messageId, packetId: 0 }, this.finishedByAll));',
        replace: `const key = next.dup ? next.messageId + 0.5 : next.messageId;
      handling.hand(new Arrival(next.message, { ...next, key, packetId: 0 }, this.finishedByAll));`,
      },
      {
        file: 'src/client/stored-inbox.ts',
        find: 'this.kept.store.settle(INBOX, key);',
        replace: 'this.kept.store.settle(INBOX, Math.floor(key));',
      },
    ],
  },
  {
    name: 'client-inbox-not-settled',
    breaks: 'What the application has acknowledged stays in the inbox on disk.',
    against: 'after quiet no state has grown',
    patches: [
      {
        file: 'src/client/stored-inbox.ts',
        find: 'this.kept.store.settle(INBOX, key);',
        replace: '',
      },
    ],
  },
  {
    name: 'client-inbox-settled-when-handed-over',
    breaks: 'A message leaves the inbox when the application gets it, not when it has acknowledged it.',
    against: 'at least once, application to application',
    lookIn: ['client-stores'],
    patches: [
      {
        file: 'src/client/stored-inbox.ts',
        find: 'this.kept.store.settle(INBOX, key);',
        replace: '',
      },
      {
        file: 'src/client/stored-inbox.ts',
        find: 'handling.hand(new Arrival(',
        replace: `kept.store.settle(INBOX, next.messageId);
      handling.hand(new Arrival(`,
      },
    ],
  },
  {
    name: 'client-acknowledges-unhandled',
    breaks: 'Without a store a message is acknowledged to the broker before the application is done with it.',
    against: 'at least once, application to application',
    patches: [
      {
        file: 'src/client/inbox.ts',
        find: 'if (qos === 0 || arrival.isFinished) return Reason.success;',
        replace: 'return Reason.success;',
      },
    ],
  },
  {
    name: 'client-ambiguous-sent-again',
    breaks: "With onAmbiguous 'reject' a QoS 2 message of a lost session is sent again, and may arrive twice.",
    against: 'client/session-state.ts: the table of onAmbiguous',
    lookIn: ['lost-sessions'],
    patches: [
      {
        file: 'src/client/session-state.ts',
        find: 'if (this.resendsAmbiguous) return;',
        replace: 'return;',
      },
    ],
  },
  {
    name: 'client-released-sent-again',
    breaks: 'A QoS 2 message past PUBREC is sent as a new one when the broker has lost the session.',
    against: 'client/session-state.ts: the table of onAmbiguous',
    patches: [
      {
        file: 'src/session/session.ts',
        find: 'this.inFlight.forEachRelease((id) => this.output.settle(this.inFlight.remove(id), Reason.success));\n    this.inFlight.markAllNew();',
        replace: `const released: D[] = [];
    this.inFlight.forEachRelease((id) => released.push(this.inFlight.remove(id)));
    for (const delivery of released) this.inFlight.add(delivery, 2);
    this.inFlight.markAllNew();`,
      },
    ],
  },
  {
    name: 'client-session-loss-ignored',
    breaks:
      'A client whose session the broker has lost goes on with what it had received, and takes new messages for repeated ones.',
    against: '[MQTT-3.2.2-5]',
    patches: [
      {
        file: 'src/client/session-state.ts',
        find: 'if (!agreement.sessionPresent) this.renew(now);',
        replace: '',
      },
    ],
  },
  {
    name: 'client-subscriptions-not-renewed',
    breaks: 'A client whose session the broker has lost does not subscribe again.',
    against: 'docs/client.md',
    lookIn: ['lost-sessions'],
    patches: [
      {
        file: 'src/client/live-client.ts',
        find: 'if (!agreement.sessionPresent || this.isSessionInDoubt || isUntold) this.subscriptions.renew();',
        replace: 'if (agreement.sessionPresent && (this.isSessionInDoubt || isUntold)) this.subscriptions.renew();',
      },
    ],
  },
  {
    name: 'client-repeated-pubrec-before-durable',
    breaks: 'PUBREC of a PUBLISH that is repeated on a new connection leaves before its first copy is durable.',
    against: 'client/commit.ts: PUBREC of a repeated PUBLISH',
    shownBy: { plan: 'sim/mutants/plans/client-repeated-pubrec-before-durable.json', checker: 'at-least-once' },
    patches: [
      {
        file: 'src/client/commit.ts',
        find: 'this.floor = this.latest;',
        replace: 'this.floor = 0;',
      },
    ],
  },
];
