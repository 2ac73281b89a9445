// The process may open hardly any more files: who is cut off, who makes way, and what the log and $SYS say while it lasts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { FilesGauge } from '../../src/broker/file-shortage.ts';
import { millis } from '../../src/base/millis.ts';
import { connectPacket, TestBroker } from './harness.ts';

const DOOR = '192.0.2.9:1';

/** So many connections more find a descriptor. */
class Files implements FilesGauge {
  free = 0;

  hasRoomFor(count: number): boolean {
    return this.free >= count;
  }
}

/** What the log says of files, each line with its level. */
function linesOf({ log }: TestBroker): readonly string[] {
  return log
    .filter(({ fields }) => fields['limit'] === 'openFiles')
    .map(({ level, sentence }) => `${level}: ${sentence}`);
}

test('the log says once that files are short, with what to do, and once that there are some again, with how many were cut off', async () => {
  const files = new Files();
  const host = await TestBroker.open({ files });
  for (let second = 0; second < 30; second++) {
    host.broker.noteFilesShort(DOOR);
    host.pass(1_000);
  }
  assert.equal(linesOf(host).length, 1);
  assert.match(linesOf(host)[0] ?? '', /^warn: Cut off 192\.0\.2\.9:1: .*openFilesReserve.*ulimit -n.*connectionsMax/);
  files.free = 7;
  for (let second = 0; second < 30; second++) host.pass(1_000);
  assert.equal(linesOf(host).length, 1, 'one client that comes and goes is no end of it');
  files.free = 8;
  host.pass(1_000);
  assert.match(linesOf(host)[1] ?? '', /^info: There are files and sockets .* 30 were cut off meanwhile\.$/);
  for (let second = 0; second < 30; second++) host.pass(1_000);
  assert.equal(linesOf(host).length, 2);
  assert.equal(host.broker.counters.limitsReached.openFiles, 30);
  assert.equal(host.broker.nextDeadline(), undefined, 'nothing is asked when files are not short');
});

test('while somebody was cut off within three seconds it is not over, however many files are free', async () => {
  const files = new Files();
  files.free = 1_000;
  const host = await TestBroker.open({ files });
  host.broker.noteFilesShort(DOOR);
  for (let second = 0; second < 2; second++) host.pass(1_000);
  host.broker.noteFilesShort(DOOR);
  for (let second = 0; second < 2; second++) host.pass(1_000);
  assert.equal(linesOf(host).length, 1);
  host.pass(1_000);
  assert.equal(linesOf(host).length, 2);
});

test('$SYS says whether files are short', async () => {
  const files = new Files();
  const host = await TestBroker.open({ files, limits: { systemTopicsInterval: millis(1_000) } });
  const reader = host.connect();
  const told = (): string | undefined => {
    host.pass(1_000);
    return reader.messages().at(-1);
  };
  reader.subscribe('$SYS/broker/files/short');
  reader.take();
  host.broker.noteFilesShort(DOOR);
  assert.equal(told(), '$SYS/broker/files/short=1');
  files.free = 8;
  for (let second = 0; second < 4; second++) host.pass(1_000);
  assert.equal(told(), '$SYS/broker/files/short=0');
});

test('those that have said nothing yet make way, the oldest of the address that has most, and nobody who is connected', async () => {
  const host = await TestBroker.open({ files: new Files() });
  const client = host.connect({ address: '192.0.2.1' });
  const other = host.dial(5, undefined, '192.0.2.2');
  const flood = Array.from({ length: 100 }, () => host.dial(5, undefined, '192.0.2.1'));
  host.broker.noteFilesShort(DOOR);
  const left = (): number => flood.filter(({ ended }) => ended === 'not yet').length;
  assert.equal(left(), 74, 'a quarter of 101');
  assert.deepEqual([flood[25]?.ended, flood[26]?.ended], ['destroy', 'not yet']);
  assert.equal(host.broker.counters.limitsReached.openFiles, 27);
  for (let n = 0; n < 20; n++) host.broker.noteFilesShort(DOOR);
  assert.equal(left(), 31, 'a few may take their time');
  other.send(connectPacket({ clientId: 'late' }));
  assert.equal(other.expect('connack').reasonCode, 0);
  assert.equal(client.ended, 'not yet');
});
