// A disk that fills up: what must be stored is refused, what is stored is still delivered, and once there is room again all
// is as before. Once with a limit of our own, where delivering makes room, and which needs nobody's rights; once on
// a disk that somebody else fills, and frees again.

import assert from 'node:assert/strict';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { skipUnless } from '../require.ts';
import { BrokerProcess, type BrokerStart } from './broker-process.ts';
import { temporaryDirectory } from './data-directory.ts';
import { Ext4Image, imageProblem, removeImages } from './ext4-image.ts';
import { endProcesses } from './killable.ts';
import { Probe } from './probe.ts';

const MIB = 1024 * 1024;
const QUOTA_EXCEEDED = 0x97;
/** How much a message takes, and how many there may be before something is wrong. */
const MESSAGE_BYTES = 32 * 1024;
const MESSAGES_MAX = 6000;
/** So many are under way at once. */
const AT_ONCE = 10;
/** What somebody else leaves of the disk. */
const ROOM_BYTES = 20 * MIB;
/** How many times it is filled and emptied. */
const ROUNDS = 2;

const ARCHIVE = { clientId: 'archive', clean: false, isPersistent: true };

const problem = imageProblem();

after(async () => {
  await endProcesses();
  removeImages();
});

/** What fills the disk besides the broker. */
interface Ballast {
  load(): void;
  unload(): void;
}

test('a store at its limit refuses what must be stored, delivers, and recovers by itself', async (context) => {
  const options = ['--store-bytes-max', '16MiB', '--store-reserve-bytes', '1MiB'];
  const none = { load: () => {}, unload: () => {} };
  await fillAndEmpty(temporaryDirectory(context), { options }, none);
});

test('a disk that is full refuses what must be stored, delivers, and recovers by itself', {
  skip: skipUnless('root', problem === '', problem),
}, async (context) => {
  const image = Ext4Image.make(160 * MIB);
  context.after(() => image.remove());
  const file = path.join(image.directory, 'ballast');
  const ballast = {
    load: () => writeFileSync(file, new Uint8Array(freeBytes(image.directory) - ROOM_BYTES)),
    unload: () => rmSync(file),
  };
  const options = ['--store-reserve-bytes', '24MiB'];
  await fillAndEmpty(path.join(image.directory, 'data'), { options }, ballast);
});

test('a disk that the broker itself has filled, and nobody else, is given back what it does not need any more', {
  skip: skipUnless('root', problem === '', problem),
}, async (context) => {
  const image = Ext4Image.make(160 * MIB);
  context.after(() => image.remove());
  const none = { load: () => {}, unload: () => {} };
  await fillAndEmpty(path.join(image.directory, 'data'), { options: ['--store-reserve-bytes', '24MiB'] }, none);
});

function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

/** Fills the store until it refuses, sees what goes on, empties it; the second time it is killed while it is full. */
async function fillAndEmpty(directory: string, start: BrokerStart, ballast: Ballast): Promise<void> {
  let broker = BrokerProcess.spawn(directory, start);
  try {
    const port = await broker.port();
    const first = await Probe.connect(port, ARCHIVE);
    assert.equal(await first.subscribe('kept/#', 1), 1);
    first.cut();
    for (let round = 0; round < ROUNDS; round++) {
      ballast.load();
      const accepted = await fill(await broker.port(), round);
      if (round === 1) {
        await broker.kill();
        broker = BrokerProcess.spawn(directory, start);
      }
      await empty(await broker.port(), accepted, ballast);
    }
    broker.signal('SIGTERM');
    assert.equal((await broker.ended).code, 0);
  } catch (error) {
    throw new Error(`The broker said of late:\n${broker.said}`, { cause: error });
  }
}

/** @returns what was accepted. */
async function fill(port: number, round: number): Promise<readonly string[]> {
  const publisher = await Probe.connect(port, { clientId: 'publisher' });
  const accepted = await publishUntilRefused(publisher, round);
  await seeFull(port, publisher);
  publisher.cut();
  return accepted;
}

/** Everything is delivered, and then there is room again. */
async function empty(port: number, accepted: readonly string[], ballast: Ballast): Promise<void> {
  const reader = await Probe.connect(port, ARCHIVE);
  assert.ok(reader.sessionPresent);
  await reader.untilReceived(accepted.length);
  assert.deepEqual(reader.received.map(headOf), accepted.map(headOf));
  ballast.unload();
  const publisher = await Probe.connect(port, { clientId: 'publisher' });
  // Room is looked for once a second.
  while ((await publisher.publish('kept/again', 'again')) === QUOTA_EXCEEDED) await publisher.ping();
  await reader.untilReceived(accepted.length + 1);
  // What it has acknowledged by then has arrived, and does not come again in the next round.
  await reader.ping();
  reader.cut();
  publisher.cut();
}

/** @returns what was accepted. */
async function publishUntilRefused(publisher: Probe, round: number): Promise<readonly string[]> {
  const accepted: string[] = [];
  for (let number = 0; number < MESSAGES_MAX; number += AT_ONCE) {
    const texts = Array.from({ length: AT_ONCE }, (_, n) => `${round} ${number + n} `.padEnd(MESSAGE_BYTES, 'x'));
    const reasonCodes = await Promise.all(texts.map((text) => publisher.publish('kept/x', text)));
    accepted.push(...texts.filter((_, index) => reasonCodes[index] === 0));
    if (reasonCodes.includes(QUOTA_EXCEEDED)) return accepted;
  }
  throw new Error('It was never full.');
}

/** What is refused, and what is not, while there is no room. */
async function seeFull(port: number, publisher: Probe): Promise<void> {
  assert.equal(await publisher.publish('kept/x', 'x', { qos: 2 }), QUOTA_EXCEEDED);
  assert.equal(await publisher.publish('retained', 'x', { retain: true }), QUOTA_EXCEEDED);
  // Nobody needs to remember that.
  const reader = await Probe.connect(port, { clientId: 'reader' });
  await reader.subscribe('fleeting', 1);
  assert.equal(await publisher.publish('fleeting', 'x'), 0);
  await reader.untilReceived(1);
  reader.cut();
  // MQTT 3.1.1 has no word for it: no acknowledgement, and after a while no connection.
  const old = await Probe.connect(port, { clientId: 'old', version: 4 });
  await assert.rejects(old.publish('kept/x', 'x'), /ended without puback/);
}

function headOf(text: string): string {
  return text.slice(0, 20).trim();
}
