// Every state of an identifier against every packet that names one, as two tables: what is written here
// is all that can happen.

import { test } from 'node:test';

import { type Flow, flow } from './session-flow.arbitrary.ts';

/** What comes of a packet: lines, or the statement that it breaks. */
type Outcome = readonly string[] | { readonly breaks: string };

const SENDING: { readonly [state: string]: (start: Flow) => Flow } = {
  'that is free': (start) => start,
  'that waits for PUBACK': (start) => start.publish('a', 1).expect('> PUBLISH a QoS 1 id 1'),
  'that waits for PUBREC': (start) => start.publish('a', 2).expect('> PUBLISH a QoS 2 id 1'),
  'that waits for PUBCOMP': (start) =>
    start.publish('a', 2).receive('PUBREC 1').expect('> PUBLISH a QoS 2 id 1', '> PUBREL 1'),
  'lent to a SUBSCRIBE': (start) => {
    start.session.lendId();
    return start;
  },
};

const ANSWERS: { readonly [packet: string]: { readonly [State in keyof typeof SENDING]: Outcome } } = {
  'PUBACK 1': {
    'that is free': [],
    'that waits for PUBACK': ['settle a 0x00'],
    'that waits for PUBREC': { breaks: 'MQTT-4.3.2-3' },
    'that waits for PUBCOMP': { breaks: 'MQTT-4.3.2-3' },
    'lent to a SUBSCRIBE': { breaks: 'MQTT-4.3.2-3' },
  },
  'PUBACK 1 0x10': {
    'that is free': [],
    'that waits for PUBACK': ['settle a 0x10'],
    'that waits for PUBREC': { breaks: 'MQTT-4.3.2-3' },
    'that waits for PUBCOMP': { breaks: 'MQTT-4.3.2-3' },
    'lent to a SUBSCRIBE': { breaks: 'MQTT-4.3.2-3' },
  },
  'PUBACK 1 0x87': {
    'that is free': [],
    'that waits for PUBACK': ['settle a 0x87'],
    'that waits for PUBREC': { breaks: 'MQTT-4.3.2-3' },
    'that waits for PUBCOMP': { breaks: 'MQTT-4.3.2-3' },
    'lent to a SUBSCRIBE': { breaks: 'MQTT-4.3.2-3' },
  },
  'PUBREC 1': {
    'that is free': ['> PUBREL 1 0x92'],
    'that waits for PUBACK': { breaks: 'MQTT-4.3.3-3' },
    'that waits for PUBREC': ['> PUBREL 1'],
    'that waits for PUBCOMP': ['> PUBREL 1'],
    'lent to a SUBSCRIBE': { breaks: 'MQTT-4.3.3-3' },
  },
  'PUBREC 1 0x97': {
    'that is free': [],
    'that waits for PUBACK': { breaks: 'MQTT-4.3.3-3' },
    'that waits for PUBREC': ['settle a 0x97'],
    'that waits for PUBCOMP': ['settle a 0x97'],
    'lent to a SUBSCRIBE': { breaks: 'MQTT-4.3.3-3' },
  },
  'PUBCOMP 1': {
    'that is free': [],
    'that waits for PUBACK': { breaks: 'MQTT-4.3.3-5' },
    'that waits for PUBREC': { breaks: 'MQTT-4.3.3-5' },
    'that waits for PUBCOMP': ['settle a 0x00'],
    'lent to a SUBSCRIBE': { breaks: 'MQTT-4.3.3-5' },
  },
  'PUBCOMP 1 0x92': {
    'that is free': [],
    'that waits for PUBACK': { breaks: 'MQTT-4.3.3-5' },
    'that waits for PUBREC': { breaks: 'MQTT-4.3.3-5' },
    'that waits for PUBCOMP': ['settle a 0x00'],
    'lent to a SUBSCRIBE': { breaks: 'MQTT-4.3.3-5' },
  },
};

const RECEIVING: { readonly [state: string]: (start: Flow) => Flow } = {
  'that is new': (start) => start,
  'of a QoS 1 message that is acknowledged': (start) =>
    start.receive('PUBLISH a QoS 1 id 1').expect('deliver a', '> PUBACK 1'),
  'of a QoS 1 message that waits for its answer': (start) =>
    start.postpone('late').receive('PUBLISH late QoS 1 id 1').expect('deliver late'),
  'of a QoS 2 message that waits for its answer': (start) =>
    start.postpone('late').receive('PUBLISH late QoS 2 id 1').expect('deliver late'),
  'of a QoS 2 message that had its PUBREC': (start) =>
    start.receive('PUBLISH a QoS 2 id 1').expect('deliver a', '> PUBREC 1'),
  'of a QoS 2 message that was refused': (start) =>
    start.answer('no', 0x87).receive('PUBLISH no QoS 2 id 1').expect('deliver no', '> PUBREC 1 0x87'),
  'of a QoS 2 message that had its PUBCOMP': (start) =>
    start.receive('PUBLISH a QoS 2 id 1', 'PUBREL 1').expect('deliver a', '> PUBREC 1', '> PUBCOMP 1'),
};

const REQUESTS: { readonly [packet: string]: { readonly [State in keyof typeof RECEIVING]: Outcome } } = {
  'PUBLISH b QoS 0': {
    'that is new': ['deliver b'],
    'of a QoS 1 message that is acknowledged': ['deliver b'],
    'of a QoS 1 message that waits for its answer': ['deliver b'],
    'of a QoS 2 message that waits for its answer': ['deliver b'],
    'of a QoS 2 message that had its PUBREC': ['deliver b'],
    'of a QoS 2 message that was refused': ['deliver b'],
    'of a QoS 2 message that had its PUBCOMP': ['deliver b'],
  },
  'PUBLISH b QoS 1 id 1 dup': {
    'that is new': ['deliver b', '> PUBACK 1'],
    'of a QoS 1 message that is acknowledged': ['deliver b', '> PUBACK 1'],
    'of a QoS 1 message that waits for its answer': ['deliver b'],
    'of a QoS 2 message that waits for its answer': ['deliver b'],
    'of a QoS 2 message that had its PUBREC': ['deliver b', '> PUBACK 1'],
    'of a QoS 2 message that was refused': ['deliver b', '> PUBACK 1'],
    'of a QoS 2 message that had its PUBCOMP': ['deliver b', '> PUBACK 1'],
  },
  'PUBLISH b QoS 2 id 1 dup': {
    'that is new': ['deliver b', '> PUBREC 1'],
    'of a QoS 1 message that is acknowledged': ['deliver b', '> PUBREC 1'],
    'of a QoS 1 message that waits for its answer': ['deliver b'],
    'of a QoS 2 message that waits for its answer': [],
    'of a QoS 2 message that had its PUBREC': ['> PUBREC 1'],
    'of a QoS 2 message that was refused': ['deliver b', '> PUBREC 1'],
    'of a QoS 2 message that had its PUBCOMP': ['deliver b', '> PUBREC 1'],
  },
  'PUBREL 1': {
    'that is new': ['> PUBCOMP 1 0x92'],
    'of a QoS 1 message that is acknowledged': ['> PUBCOMP 1 0x92'],
    'of a QoS 1 message that waits for its answer': ['> PUBCOMP 1 0x92'],
    'of a QoS 2 message that waits for its answer': { breaks: 'MQTT-4.3.3-4' },
    'of a QoS 2 message that had its PUBREC': ['> PUBCOMP 1'],
    'of a QoS 2 message that was refused': ['> PUBCOMP 1 0x92'],
    'of a QoS 2 message that had its PUBCOMP': ['> PUBCOMP 1 0x92'],
  },
};

for (const [states, packets] of [
  [SENDING, ANSWERS],
  [RECEIVING, REQUESTS],
] as const) {
  for (const [packet, outcomes] of Object.entries(packets)) {
    for (const [state, reach] of Object.entries(states)) {
      const outcome = outcomes[state] ?? [];
      const claim = 'breaks' in outcome ? `breaks ${outcome.breaks}` : `gives [${outcome.join(', ')}]`;
      test(`${packet} for an identifier ${state} ${claim}`, () => {
        const reached = reach(flow());
        if ('breaks' in outcome) reached.expectBreach((self) => self.receive(packet), 'protocol-error', outcome.breaks);
        else reached.receive(packet).expect(...outcome);
      });
    }
  }
}
