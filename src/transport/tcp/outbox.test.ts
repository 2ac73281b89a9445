import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Outbox, type OutboxSink } from './outbox.ts';

/** A socket that is slow when told to be, and then keeps the very views it was given, as a busy socket does; what it takes at once is the kernel's copy. */
class FakeSocket implements OutboxSink {
  readonly writes: Uint8Array[] = [];
  writableLength = 0;
  isSlow = false;

  write(bytes: Uint8Array): boolean {
    this.writes.push(this.isSlow ? bytes : new Uint8Array(bytes));
    if (this.isSlow) this.writableLength += bytes.length;
    return !this.isSlow;
  }

  takeAll(): void {
    this.writableLength = 0;
    this.isSlow = false;
  }
}

it('everything that is laid down in a turn leaves in one write when it ends', async () => {
  const socket = new FakeSocket();
  const outbox = new Outbox(socket);
  lay(outbox, 1, 10);
  lay(outbox, 2, 10);
  assert.equal(socket.writes.length, 0);
  await endOfTurn();
  assert.deepEqual(lengths(socket), [20]);
  await endOfTurn();
  assert.deepEqual(lengths(socket), [20]);
});

it('what the shorter way takes does not go through the socket, what it leaves does, in order', async () => {
  const socket = new FakeSocket();
  const direct: number[] = [];
  let room = 100;
  const outbox = new Outbox(socket, (_, bytes, length) => {
    const taken = Math.min(room, length);
    direct.push(...bytes.subarray(0, taken));
    room -= taken;
    return taken;
  });
  lay(outbox, 1, 60);
  await endOfTurn();
  socket.isSlow = true;
  lay(outbox, 2, 60);
  await endOfTurn();
  assert.deepEqual(direct, [...Array<number>(60).fill(1), ...Array<number>(40).fill(2)]);
  assert.deepEqual(lengths(socket), [20]);
  assert.equal(outbox.waitingBytes(), 20);
});

it('the shorter way is not tried while the socket holds something, which it would overtake', async () => {
  const socket = new FakeSocket();
  let tries = 0;
  const outbox = new Outbox(socket, () => {
    tries++;
    return 0;
  });
  socket.isSlow = true;
  lay(outbox, 1, 10);
  await endOfTurn();
  lay(outbox, 2, 10);
  await endOfTurn();
  assert.equal(tries, 1);
  outbox.flushLast();
  assert.equal(tries, 1);
  assert.deepEqual(lengths(socket), [10, 10]);
});

it('nothing counts as waiting unless a drain is to come, which tells the owner that it is gone', async () => {
  const socket = new FakeSocket();
  const outbox = new Outbox(socket);
  lay(outbox, 1, 50_000);
  assert.equal(outbox.waitingBytes(), 0);
  socket.isSlow = true;
  await endOfTurn();
  assert.equal(outbox.waitingBytes(), 50_000);
  lay(outbox, 2, 10);
  assert.equal(outbox.waitingBytes(), 50_010);
});

it('a buffer that is nearly full leaves at once', () => {
  const socket = new FakeSocket();
  const outbox = new Outbox(socket);
  lay(outbox, 1, 50_000);
  assert.deepEqual(lengths(socket), []);
  lay(outbox, 2, 14_000);
  assert.deepEqual(lengths(socket), [64_000]);
});

it('nothing is written while the socket is busy, whatever is laid down', async () => {
  const socket = new FakeSocket();
  const outbox = new Outbox(socket);
  socket.isSlow = true;
  lay(outbox, 1, 100);
  await endOfTurn();
  for (let i = 0; i < 5; i++) {
    lay(outbox, 2, 50_000);
    await endOfTurn();
  }
  assert.deepEqual(lengths(socket), [100]);
  assert.equal(outbox.waitingBytes(), 250_100);

  socket.takeAll();
  assert.equal(outbox.receiveDrain(), true);
  assert.deepEqual(lengths(socket), [100, 250_000]);
});

it('a drain after which the socket is busy again is not the end of waiting', async () => {
  const socket = new FakeSocket();
  const outbox = new Outbox(socket);
  socket.isSlow = true;
  lay(outbox, 1, 100);
  await endOfTurn();
  lay(outbox, 2, 100);
  socket.writableLength = 0;
  assert.equal(outbox.receiveDrain(), false);
  socket.takeAll();
  assert.equal(outbox.receiveDrain(), true);
});

it('a buffer that the socket still holds is not written over, by this connection or by another', async () => {
  const socket = new FakeSocket();
  const outbox = new Outbox(socket);
  const neighbour = new Outbox(new FakeSocket());
  socket.isSlow = true;
  lay(outbox, 1, 200);
  await endOfTurn();
  lay(outbox, 2, 200);
  lay(neighbour, 3, 200);
  await endOfTurn();
  lay(neighbour, 4, 200);
  assert.ok(socket.writes[0]?.every((byte) => byte === 1));
});

it('a buffer that the socket has taken is used again', async () => {
  const socket = new FakeSocket();
  const outbox = new Outbox(socket);
  lay(outbox, 1, 200);
  const first = outbox.writer();
  await endOfTurn();
  lay(outbox, 2, 200);
  assert.equal(outbox.writer(), first);
});

it('a stream that promises no drain for a small rest is written to again', async () => {
  const socket: OutboxSink & { writableLength: number } = {
    writableLength: 0,
    write(bytes) {
      this.writableLength += bytes.length;
      return true;
    },
  };
  const outbox = new Outbox(socket);
  lay(outbox, 1, 100);
  await endOfTurn();
  lay(outbox, 2, 100);
  await endOfTurn();
  assert.equal(socket.writableLength, 200);
  assert.equal(outbox.waitingBytes(), 0);
});

it('flushLast() hands over what waits behind a busy socket', async () => {
  const socket = new FakeSocket();
  const outbox = new Outbox(socket);
  socket.isSlow = true;
  lay(outbox, 1, 100);
  await endOfTurn();
  lay(outbox, 2, 70);
  outbox.flushLast();
  assert.deepEqual(lengths(socket), [100, 70]);
  assert.ok(socket.writes[0]?.every((byte) => byte === 1));
});

it('what is discarded is not written', async () => {
  const socket = new FakeSocket();
  const outbox = new Outbox(socket);
  lay(outbox, 1, 100);
  outbox.discard();
  await endOfTurn();
  assert.equal(socket.writes.length, 0);
  assert.equal(outbox.waitingBytes(), 0);
});

function lay(outbox: Outbox, value: number, length: number): void {
  const writer = outbox.writer();
  writer.reserve(length);
  writer.raw(new Uint8Array(length).fill(value));
  outbox.wrote();
}

function lengths(socket: FakeSocket): number[] {
  return socket.writes.map((bytes) => bytes.length);
}

/** Resolves after the flush of this turn: immediates run in the order in which they were asked for. */
function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
