// Bugs of the store on SQLite. Only schedules with that store can see them.

import type { Mutant } from '../mutant.ts';

/** Bugs of the durable store. */
export const SQLITE: readonly Mutant[] = [
  {
    name: 'sqlite-durable-when-sent',
    breaks: 'A batch is said to be durable when it leaves for the engine, before its commit.',
    against: 'store/contract.ts: durable',
    lookIn: ['sqlite'],
    patches: [
      {
        file: 'src/store/sqlite/batch-line.ts',
        find: 'this.sentBytes += batch.length;\n    this.send(batch);',
        replace: `this.sentBytes += batch.length;
    this.durable = this.number - 1;
    this.send(batch);`,
      },
    ],
  },
  {
    name: 'sqlite-in-flight-turned',
    breaks:
      'Deliveries in flight come back at a start in the order in which they were published, not in that of sending.',
    against: '[MQTT-4.6.0-1], [MQTT-4.6.0-4]',
    lookIn: ['sqlite'],
    patches: [
      {
        file: 'src/store/sqlite/recovery.ts',
        find: 'const ids = Array.from(sendings.keys());',
        replace: 'const ids = Array.from(sendings.keys()).reverse();',
      },
    ],
  },
  {
    name: 'sqlite-acknowledged-ahead-lost',
    breaks: 'What a recipient has acknowledged before older messages is owed again after a restart.',
    against: 'store/contract.ts: settle',
    lookIn: ['sqlite'],
    patches: [
      {
        file: 'src/store/sqlite/progress.ts',
        find: 'const length = ahead?.length ?? 0;',
        replace: 'const length = 0;',
      },
    ],
  },
  {
    name: 'sqlite-identifiers-lost',
    breaks: 'The identifiers of QoS 2 messages that wait for PUBREL are not read back.',
    against: '[MQTT-4.3.3-10]',
    lookIn: ['sqlite'],
    patches: [
      {
        file: 'src/store/sqlite/recovery.ts',
        find: 'if (exactlyOnceIds !== undefined) {',
        replace: 'if (exactlyOnceIds !== undefined && exactlyOnceIds.size > 1) {',
      },
    ],
  },
  {
    name: 'sqlite-expiry-on-clock-of-run',
    breaks: 'When a message expires is stored on the clock of the run, which means nothing to the next one.',
    against: '[MQTT-3.3.2-5]; decision 009',
    lookIn: ['sqlite'],
    patches: [
      {
        file: 'src/store/sqlite/change-writer.ts',
        find: 'writeBody(writer, message, message.topic, expiresAt === undefined ? undefined : expiresAt + this.offset);',
        replace: 'writeBody(writer, message, message.topic, expiresAt);',
      },
    ],
  },
  {
    name: 'sqlite-downtime-by-wall-clock',
    breaks:
      'How long the broker was down is asked of the clock on the wall, though the machine has not been restarted.',
    against: 'decision 009',
    lookIn: ['sqlite'],
    patches: [
      {
        file: 'src/store/timeline.ts',
        find: "if (boot.id !== '' && boot.id === mark.boot.id && booted >= 0) return goOn(booted, 'none');",
        replace: '',
      },
    ],
  },
  {
    name: 'sqlite-downtime-not-counted',
    breaks: 'The time for which the broker was down does not count: messages and sessions expire as much later.',
    against: '[MQTT-3.3.2-6], [MQTT-3.1.2-23]; decision 009',
    lookIn: ['sqlite'],
    patches: [
      {
        file: 'src/store/timeline.ts',
        find: "return goOn(booted, 'none');",
        replace: "return goOn(0, 'none');",
      },
    ],
  },
  {
    name: 'sqlite-no-local-lost',
    breaks: 'No Local of a subscription is not read back.',
    against: '[MQTT-3.8.3-3]',
    lookIn: ['sqlite'],
    patches: [
      {
        file: 'src/store/sqlite/records.ts',
        find: 'noLocal: (flags & NO_LOCAL) !== 0,',
        replace: 'noLocal: false,',
      },
    ],
  },
  {
    name: 'sqlite-full-batch-lost',
    breaks:
      'A batch for which the disk had no room is said to be committed, and is not written again from the reserve.',
    against: 'store/contract.ts: full, durable',
    lookIn: ['sqlite'],
    patches: [
      {
        file: 'src/store/sqlite/engine-host.ts',
        find: 'if (!this.giveReserve(held, error) || !this.applyAgain(held)) return;',
        replace: 'if (!this.giveReserve(held, error)) return;',
      },
    ],
  },
];
