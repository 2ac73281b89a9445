// Stores with something of everything in them, for tests of the tools.

import { copyFileSync } from 'node:fs';

import { millis } from '../../base/millis.ts';
import type { Message } from '../../packet/message.ts';
import { packetId } from '../../packet/packet-id.ts';
import { NO_MESSAGE_PROPERTIES } from '../../packet/properties.ts';
import type { Recipient } from '../contract.ts';
import { ChangeWriter } from './change-writer.ts';
import type { DataDirectory } from './data-directory.ts';
import { ENGINE_TUNING, type EngineOptions } from './engine.ts';
import { DatabaseSync } from './node-sqlite.ts';
import { type OpenDirectory, openDirectory } from './open-directory.ts';

/** How tests open engines. Pages are small, so that even a small store has some. */
export const TEST_ENGINE: Omit<EngineOptions, 'file'> = {
  synchronous: 'normal',
  bytesMax: 0,
  monotonic: () => millis(0),
  tuning: { ...ENGINE_TUNING, pageEntriesMax: 4 },
};

/** An open store, with a writer for its changes. */
export interface OpenStore extends OpenDirectory {
  readonly writer: ChangeWriter;
  /** Applies what was written. */
  apply(): void;
  /** Closes the engine and gives the lock up. */
  close(): void;
}

/** Opens a store as a broker would. */
export function openStore(directory: DataDirectory): OpenStore {
  const open = openDirectory({ path: directory.path, reserveBytes: 0, engine: TEST_ENGINE, progress() {} });
  open.engine.recover({ found() {}, progress() {} });
  const writer = new ChangeWriter(false);
  return {
    ...open,
    writer,
    apply: () => open.engine.apply(writer.seal(new Uint8Array(1024))),
    close() {
      open.engine.close();
      open.release();
    },
  };
}

/** Makes a store with something of everything, and closes it. */
export function makeSampleStore(directory: DataDirectory): void {
  const store = openStore(directory);
  writeSample(store.writer);
  store.apply();
  while (store.engine.maintain());
  store.close();
}

/** The keys of the sample. */
export const SAMPLE = { ann: 1, bob: 2, group: 3 } as const;

/**
 * Two sessions, a group, Wills, retained messages, and 20 messages: ann is owed them all and has had 1 and 3; bob is owed the
 * even ones, and has 2 and 4 in flight; the group is owed message 20.
 */
export function writeSample(writer: ChangeWriter): void {
  const { ann, bob, group } = SAMPLE;
  writer.clockMark({
    storeTime: millis(5000),
    wall: millis(Date.UTC(2026, 0, 2)),
    boot: { id: 'b', time: millis(7000) },
  });
  const expiryInterval = millis(60_000);
  writer.saveSession({ key: ann, clientId: 'ann', principal: undefined, expiryInterval, disconnectedAt: undefined });
  writer.saveSession({ key: bob, clientId: 'bob', principal: 'robert', expiryInterval, disconnectedAt: millis(4500) });
  writer.saveGroup({ key: group, filter: '$share/g/t' });
  const options = { qos: 2, noLocal: false, retainAsPublished: true, retainHandling: 1 } as const;
  writer.saveSubscription(ann, { filter: 't', options, identifier: 0 });
  writer.saveSubscription(bob, { filter: '$share/g/t', options, identifier: 7 });
  const { topic, payload, properties } = sampleMessage(0);
  writer.saveWill(ann, {
    clientId: 'ann',
    principal: undefined,
    will: { topic, payload, qos: 1, retain: true, delayInterval: 30, properties },
  });
  for (const name of ['a', 'b']) writer.saveRetained({ ...sampleMessage(0), topic: `r/${name}`, retain: true });
  for (let id = 1; id <= 20; id++) {
    const recipients: Recipient[] = [recipient(ann, 1)];
    if (id % 2 === 0)
      recipients.push({ ...recipient(bob, 2), subscriptionIdentifiers: [7], sharedFilter: '$share/g/t' });
    if (id === 20) recipients.push(recipient(group, 2));
    const origin = id === 5 ? { session: ann, id: packetId(55) } : undefined;
    writer.append(id, sampleMessage(id), recipients, origin);
  }
  writer.settle(ann, 1);
  writer.settle(ann, 3);
  writer.recordSending(bob, 2, packetId(10));
  writer.recordSending(bob, 4, packetId(11));
  writer.recordReceived(bob, 4);
}

/** A message of the sample. */
export function sampleMessage(id: number): Message {
  return {
    topic: 't',
    payload: Buffer.from(`message ${id}`),
    qos: 2,
    retain: false,
    properties: { ...NO_MESSAGE_PROPERTIES, correlationData: Uint8Array.of(1, 2), userProperties: [['k', 'ä']] },
    expiresAt: id === 6 ? millis(99_000) : undefined,
  };
}

/** Does something to a database with SQL, behind the engine's back. */
export function harm(directory: DataDirectory, sql: string): void {
  const database = new DatabaseSync(directory.database);
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}

/** Copies a store that is open, as a power cut leaves it. */
export function copyAsCrashed(from: DataDirectory, to: DataDirectory): void {
  copyFileSync(from.database, to.database);
  copyFileSync(from.log, to.log);
}

function recipient(key: number, qos: 1 | 2): Recipient {
  return { key, qos, retain: false, subscriptionIdentifiers: [], sharedFilter: '' };
}
