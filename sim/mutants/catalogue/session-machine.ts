// Bugs of the QoS machine (src/session/), which broker and client share: handshakes, identifiers, windows, aliases, resumption.

import type { Mutant } from '../mutant.ts';

/** Bugs of the QoS machine. */
export const SESSION_MACHINE: readonly Mutant[] = [
  {
    name: 'pubrec-state-dropped-at-reconnect',
    breaks: 'The identifiers of QoS 2 messages that wait for PUBREL are forgotten when the connection ends.',
    against: '[MQTT-4.3.3-10]',
    patches: [
      {
        file: 'src/session/inbound.ts',
        find: 'for (const [id, bits] of this.exactlyOnce) this.exactlyOnce.set(id, bits & ANSWERED);',
        replace: 'this.exactlyOnce.clear();',
      },
    ],
  },
  {
    name: 'pubrec-state-dropped-by-timer',
    breaks: 'The identifiers of QoS 2 messages that wait for PUBREL are forgotten after a while.',
    against: '[MQTT-4.3.3-10]',
    patches: [
      {
        file: 'src/session/session.ts',
        find: 'if (this.keepAlive?.tick(now) === true) this.output.send(PINGREQ);',
        replace: `if (this.keepAlive?.tick(now) === true) this.output.send(PINGREQ);
    for (const id of Array.from(this.inbound.exactlyOnceIds())) this.inbound.forget(id);`,
      },
    ],
  },
  {
    name: 'pubrel-not-sent-again',
    breaks: 'A resumed connection does not send the PUBRELs again that were not answered.',
    against: '[MQTT-4.4.0-1]',
    patches: [
      {
        file: 'src/session/session.ts',
        find: "this.inFlight.forEachRelease((id) => this.answer('pubrel', id, Reason.success));",
        replace: '',
      },
    ],
  },
  {
    name: 'publish-sent-again-after-pubrec',
    breaks: 'A resumed connection sends PUBLISH again where PUBREC had come, not PUBREL.',
    against: '[MQTT-4.3.3-6]',
    patches: [
      {
        file: 'src/session/session.ts',
        find: "this.inFlight.forEachRelease((id) => this.answer('pubrel', id, Reason.success));",
        replace: 'this.inFlight.forEachRelease((id, delivery) => this.transmit(delivery, id, true, now));',
      },
    ],
  },
  {
    name: 'dup-not-set',
    breaks: 'A PUBLISH that is sent again has DUP 0.',
    against: '[MQTT-3.3.1-1]',
    patches: [
      {
        file: 'src/session/session.ts',
        find: 'const dup = !this.inFlight.isNew(id);',
        replace: 'const dup = false;',
      },
    ],
  },
  {
    name: 'outbound-aliases-kept',
    breaks: 'Topic aliases that were given out on one connection are used on the next one.',
    against: '[MQTT-3.3.2-7]',
    patches: [
      {
        file: 'src/session/session.ts',
        find: `    // [MQTT-3.3.2-7]: aliases begin anew.
    this.inboundAliases = undefined;
    this.outboundAliases = undefined;`,
        replace: '    this.inboundAliases = undefined;',
      },
      {
        file: 'src/session/session.ts',
        find: `    this.inboundAliases = undefined;
    this.outboundAliases = undefined;
    this.resendNext = 0;
    this.sentCount = 0;
    this.inbound.endConnection();`,
        replace: `    this.inboundAliases = undefined;
    this.resendNext = 0;
    this.sentCount = 0;
    this.inbound.endConnection();`,
      },
    ],
  },
  {
    name: 'inbound-aliases-kept',
    breaks: "The peer's topic aliases of one connection are still in force on the next one, whatever it says.",
    against: '[MQTT-3.3.2-7]',
    patches: [
      {
        file: 'src/session/session.ts',
        find: `    // [MQTT-3.3.2-7]: aliases begin anew.
    this.inboundAliases = undefined;
    this.outboundAliases = undefined;`,
        replace: '    this.outboundAliases = undefined;',
      },
      {
        file: 'src/session/session.ts',
        find: `    this.inboundAliases = undefined;
    this.outboundAliases = undefined;
    this.resendNext = 0;
    this.sentCount = 0;
    this.inbound.endConnection();`,
        replace: `    this.outboundAliases = undefined;
    this.resendNext = 0;
    this.sentCount = 0;
    this.inbound.endConnection();`,
      },
      {
        file: 'src/session/topic-aliases.ts',
        find: 'this.topics.set(alias, topic);',
        replace: 'if (!this.topics.has(alias)) this.topics.set(alias, topic);',
      },
    ],
  },
  {
    name: 'packet-ids-restart-at-resume',
    breaks: 'After a resume packet identifiers are given out from 1 on, also those in flight.',
    against: '[MQTT-2.2.1-3]',
    patches: [
      {
        file: 'src/session/in-flight.ts',
        find: 'if (!this.ringIsStale) return;\n',
        replace: '',
      },
      {
        file: 'src/session/in-flight.ts',
        find: 'if (states[id] === FREE) free[this.freeCount++] = id;',
        replace: 'free[this.freeCount++] = id;',
      },
    ],
  },
  {
    name: 'identifier-freed-at-pubrec',
    breaks: 'A QoS 2 delivery is over with PUBREC: its identifier is used again while the peer waits for PUBREL.',
    against: '[MQTT-4.3.3-5]',
    patches: [
      {
        file: 'src/session/session.ts',
        find: `this.answer('pubrel', id, Reason.success); // [MQTT-4.3.3-4]
        return this.resend(now);`,
        replace: `this.answer('pubrel', id, Reason.success); // [MQTT-4.3.3-4]
        return this.finish(id, Reason.success, now);`,
      },
    ],
  },
  {
    name: 'receive-maximum-ignored',
    breaks: "More is sent than the peer's Receive Maximum allows.",
    against: '[MQTT-3.3.4-9]',
    patches: [
      {
        file: 'src/session/session.ts',
        find: 'this.sentCount + count <= this.terms.sendMaximum && // [MQTT-3.3.4-7] [MQTT-3.3.4-9] [MQTT-4.9.0-2]\n',
        replace: '',
      },
    ],
  },
  {
    name: 'receive-maximum-ignored-by-resend',
    breaks: "A resume sends everything again at once, whatever the peer's Receive Maximum.",
    against: '[MQTT-3.3.4-9]',
    patches: [
      {
        file: 'src/session/session.ts',
        find: 'while (this.resendNext !== 0 && this.sentCount < terms.sendMaximum) {',
        replace: 'while (this.resendNext !== 0) {',
      },
    ],
  },
  {
    name: 'window-not-freed-by-refusal',
    breaks: 'A PUBREC that refuses the message does not make room in the window.',
    against: '[MQTT-4.9.0-2]',
    patches: [
      {
        file: 'src/session/session.ts',
        find: `// [MQTT-4.3.3-3] [MQTT-4.4.0-2]
        if (packet.reasonCode >= 0x80) return this.finish(id, packet.reasonCode, now);`,
        replace:
          'if (packet.reasonCode >= 0x80) return this.output.settle(this.inFlight.remove(id), packet.reasonCode);',
      },
    ],
  },
  {
    name: 'new-overtakes-resend',
    breaks:
      'Where the window is too small to send everything again at once, new messages take the places that become free.',
    against: '[MQTT-4.6.0-1], [MQTT-4.6.0-5]',
    patches: [
      {
        file: 'src/session/session.ts',
        find: `      this.resendNext === 0 &&
      this.sentCount + count`,
        replace: '      this.sentCount + count',
      },
      {
        file: 'src/session/session.ts',
        find: 'if (this.resendNext !== 0) this.resend(now);',
        replace: '',
      },
      {
        file: 'src/session/session.ts',
        find: 'this.keepAlive.received(now);\n    switch (packet.kind) {',
        replace: `this.keepAlive.received(now);
    if (this.resendNext !== 0) this.resend(now);
    switch (packet.kind) {`,
      },
    ],
  },
  {
    name: 'resend-by-identifier',
    breaks: 'A resume sends again in the order of packet identifiers, not in the order of sending.',
    against: '[MQTT-4.6.0-1]',
    patches: [
      {
        file: 'src/session/in-flight.ts',
        find: 'return idOrNone(this.publishFirst);',
        replace: `return this.nextPublish(packetId(0));`,
      },
      {
        file: 'src/session/in-flight.ts',
        find: 'return idOrNone(this.tables.next[id] ?? 0);',
        replace: `for (let next = id + 1; next <= this.tables.capacity; next++) {
      const state = this.state(packetId(next));
      if (state === 'awaiting-puback' || state === 'awaiting-pubrec') return packetId(next);
    }
    return 0;`,
      },
    ],
  },
  {
    name: 'repeated-qos-2-delivered-again',
    breaks:
      'A QoS 2 PUBLISH that repeats an identifier in use is delivered if its DUP flag is 0 or the connection is another one.',
    against: '[MQTT-4.3.3-10]',
    patches: [
      {
        file: 'src/session/session.ts',
        find: "if (qos === 2 && this.inbound.standing(id) !== 'new') return this.receiveRepeated(id);",
        replace: `if (qos === 2 && this.inbound.standing(id) !== 'new' && !this.inbound.countsAgain(id)) return this.receiveRepeated(id);`,
      },
    ],
  },
  {
    name: 'acknowledgement-of-absent-forgotten',
    breaks: 'A QoS 2 message that is acknowledged after its connection ended leaves its copies without an answer.',
    against: '[MQTT-4.3.3-8]',
    patches: [
      {
        file: 'src/session/session.ts',
        find: "} else if (qos === 1 || connection < this.connectionFirst || this.inbound.standing(id) !== 'unanswered') return;",
        replace: '} else return;',
      },
    ],
  },
];
