// What every transport must hold, whatever it is made of. A transport's own test hands in a way to open one
// connection under test with a plain peer at its other end; the suite drives both.
// Longer than 400 lines because whoever writes a transport should find all that it must hold in one place.

import assert from 'node:assert/strict';
import { after, describe, it, mock } from 'node:test';
import fc from 'fast-check';
import type { NetworkConnection, NetworkHandler } from '../../src/transport/contract.ts';
import { Owner } from './owner.ts';
import type { Peer } from './peer.ts';

/** A connection under test, and who is at its other end. */
export interface OpenPair {
  readonly connection: NetworkConnection;
  readonly peer: Peer;
}

/** How a transport opens connections for this suite. */
export interface TransportUnderTest {
  /** Opens a connection that belongs to `handler`. */
  open(handler: NetworkHandler): Promise<OpenPair>;
  /** Frees what `open` made. */
  close(): Promise<void>;
}

/** What a transport has not. */
export interface TransportTraits {
  /** Whether a peer can break a connection so that it is not taken for an end. Default: true. */
  readonly knowsResets?: boolean;
  /** Whether a peer that closes its side still gets the answer to what it sent just before. Default: true. */
  readonly answersTheLast?: boolean;
}

/** Runs the suite for one transport. */
export function transportContract(
  name: string,
  makeTransport: () => Promise<TransportUnderTest>,
  { knowsResets = true, answersTheLast = true }: TransportTraits = {},
): void {
  describe(`${name} keeps the transport contract`, { timeout: 30_000 }, () => {
    const made = makeTransport();
    const opened: OpenPair[] = [];
    after(async () => {
      // A test that fails leaves connections open, and they would keep the process alive.
      for (const { connection, peer } of opened) {
        connection.destroy();
        peer.reset();
      }
      await (await made).close();
    });
    const open = async (owner: Owner = new Owner()): Promise<OpenPair & { readonly owner: Owner }> => {
      const pair = await (await made).open(owner);
      opened.push(pair);
      return { ...pair, owner };
    };
    contractOfReading(open);
    contractOfWriting(open);
    contractOfSlowPeers(open);
    contractOfManyConnections(open);
    contractOfEnding(open);
    contractOfCuttingOff(open);
    contractOfClosed(open, answersTheLast);
    if (knowsResets) contractOfResets(open);
  });
}

type Open = (owner?: Owner) => Promise<OpenPair & { readonly owner: Owner }>;

function contractOfReading(open: Open): void {
  it('bytes arrive in order and whole, however the peer splits them', async () => {
    const { peer, owner } = await open();
    const sent: Uint8Array[] = [];
    const splits = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200_000, size: 'max' }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(splits, async (pieces) => {
        sent.push(...pieces);
        await Promise.all(pieces.map((piece) => peer.send(piece)));
        const expected = Buffer.concat(sent);
        assert.ok((await owner.untilReceived(expected.length)).equals(expected));
      }),
      { numRuns: 20, endOnFailure: true },
    );
    peer.end();
  });

  it('an owner that pauses inside receive() gets no further chunk until it resumes', async () => {
    const { connection, peer, owner } = await open();
    const other = await open();
    owner.onChunk = () => connection.pause();
    const bytes = numbered(1_000_000, 7);
    const sent = peer.send(bytes);
    await owner.untilReceived(1);
    await roundTrips(other, 20);
    assert.equal(owner.chunks.length, 1);

    owner.onChunk = undefined;
    connection.resume();
    assert.ok((await owner.untilReceived(bytes.length)).equals(bytes));
    await sent;
    peer.end();
    other.peer.end();
  });

  it('an owner that was paused from outside gets no chunk until it is resumed', async () => {
    const { connection, peer, owner } = await open();
    const other = await open();
    connection.pause();
    await peer.send(numbered(1_000, 8));
    await roundTrips(other, 20);
    assert.equal(owner.chunks.length, 0);
    connection.resume();
    await owner.untilReceived(1_000);
    peer.end();
    other.peer.end();
  });
}

function contractOfWriting(open: Open): void {
  it('what is laid down in one turn leaves in one write; until then it does not count as waiting, for no drained() follows', async () => {
    const { connection, peer, owner } = await open();
    for (let i = 0; i < 100; i++) write(connection, numbered(20, i));
    assert.equal(connection.waitingBytes(), 0);
    await peer.receivedAtLeast(2_000);
    assert.equal(peer.chunkCount(), 1);
    assert.deepEqual(owner.told, []);
    peer.end();
  });

  it('a turn that lays down more than 64 KiB does not keep it until its end', async () => {
    const { connection, peer } = await open();
    for (let i = 0; i < 100; i++) {
      write(connection, numbered(2_000, i));
      // A socket that encrypts takes its time: what it has not taken waits, and says so.
      assert.ok(connection.writer().position < 64 * 1024 || connection.waitingBytes() > 0);
    }
    await peer.receivedAtLeast(200_000);
    peer.end();
  });

  it('a packet larger than every buffer arrives whole', async () => {
    const { connection, peer } = await open();
    const packet = numbered(5_000_000, 9);
    write(connection, packet);
    assert.ok((await peer.receivedAtLeast(packet.length)).equals(packet));
    peer.end();
  });
}

function contractOfSlowPeers(open: Open): void {
  it('a peer that does not read makes waitingBytes() grow, and drained() is told once it has read', async () => {
    const { connection, peer, owner } = await open();
    peer.stopReading();
    const written = await writeUntilItWaits(connection, 1_000_000);
    assert.deepEqual(owner.told, []);

    peer.startReading();
    await owner.until(() => owner.told.length > 0);
    assert.deepEqual(owner.told, ['drained']);
    assert.equal(connection.waitingBytes(), 0);
    assert.equal((await peer.receivedAtLeast(written)).length, written);
    assert.deepEqual(owner.told, ['drained']);
    peer.end();
  });

  it('a peer that reads in time causes no drained()', async () => {
    const { connection, peer, owner } = await open();
    write(connection, numbered(100, 1));
    await peer.receivedAtLeast(100);
    await roundTrips({ connection, peer, owner }, 5);
    assert.deepEqual(owner.told, []);
    peer.end();
  });

  it('an owner may lay down more from within drained()', async () => {
    const { connection, peer, owner } = await open();
    peer.stopReading();
    const before = await writeUntilItWaits(connection, 1_000_000);
    const drained = owner.until(() => owner.told.includes('drained')).then(() => write(connection, numbered(10, 3)));
    peer.startReading();
    await drained;
    const received = await peer.receivedAtLeast(before + 10);
    assert.ok(received.subarray(before).equals(numbered(10, 3)));
    peer.end();
  });
}

function contractOfManyConnections(open: Open): void {
  it('no byte is lost, moved or mixed up between connections, whatever their peers do', async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat(999)), async (chance) => {
        const draw = (): number => Number(chance.next().value);
        const pairs = await Promise.all(Array.from({ length: 6 }, () => open()));
        const sent = pairs.map((): Buffer[] => []);
        // Half of the peers are slow from the start, so far that the system takes no more for them.
        for (const [index, { connection, peer }] of pairs.entries()) {
          if (index % 2 === 0) continue;
          peer.stopReading();
          await writeUntilItWaits(connection, 1, (portion) => sent[index]?.push(portion));
        }
        for (let turn = 0; turn < 60; turn++) {
          for (const [index, { connection, peer }] of pairs.entries()) {
            if (draw() < 30) peer.stopReading();
            if (draw() < 30) peer.startReading();
            const pieces = draw() % 4;
            for (let piece = 0; piece < pieces; piece++) {
              const bytes = numbered(draw() < 60 ? 150_000 : draw(), turn * 64 + index * 4 + piece);
              sent[index]?.push(bytes);
              write(connection, bytes);
            }
          }
          if (draw() < 700) await turns(1);
        }
        for (const [index, { connection, peer }] of pairs.entries()) {
          peer.startReading();
          connection.end();
          assert.ok((await peer.receivedAll()).equals(Buffer.concat(sent[index] ?? [])));
        }
      }),
      { numRuns: 3, endOnFailure: true },
    );
  });
}

function contractOfEnding(open: Open): void {
  it('end() sends what was written, then closes', async () => {
    const { connection, peer, owner } = await open();
    const bytes = numbered(3_000_000, 5);
    write(connection, bytes);
    connection.end();
    assert.ok((await peer.receivedAll()).equals(bytes));
    await owner.untilClosed();
    assert.equal(owner.cause, undefined);
  });

  it('end() sends what waits behind a slow peer too', async () => {
    const { connection, peer, owner } = await open();
    peer.stopReading();
    const written = await writeUntilItWaits(connection, 1_000_000);
    connection.end();
    peer.startReading();
    assert.equal((await peer.receivedAll()).length, written);
    await owner.untilClosed();
  });

  it('end() delivers the last bytes although the peer goes on sending', async () => {
    const { connection, peer, owner } = await open();
    const flood = peer.send(numbered(2_000_000, 1));
    await owner.untilReceived(1);
    write(connection, numbered(100, 2));
    connection.end();
    assert.ok((await peer.receivedAll()).equals(numbered(100, 2)));
    await flood;
    await owner.untilClosed();
  });
}

function contractOfCuttingOff(open: Open): void {
  it('end() cuts off a peer that does not read, after three seconds', async () => {
    const { connection, peer, owner } = await open();
    peer.stopReading();
    await writeUntilItWaits(connection, 1_000_000);
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      connection.end();
      mock.timers.tick(2_999);
      await turns(5);
      assert.deepEqual(owner.told, []);
      mock.timers.tick(1);
      await owner.untilClosed();
    } finally {
      mock.timers.reset();
    }
    peer.startReading();
    await peer.gone();
  });

  it('no chunk arrives after end() or destroy(), not even after one inside receive()', async () => {
    for (const close of ['end', 'destroy'] as const) {
      const { connection, peer, owner } = await open();
      owner.onChunk = () => connection[close]();
      void peer.send(numbered(1_000_000, 1));
      await owner.untilClosed();
      assert.equal(owner.chunks.length, 1);
    }
  });

  it('destroy() closes without sending what was written', async () => {
    const { connection, peer, owner } = await open();
    write(connection, numbered(100, 1));
    connection.destroy();
    await owner.untilClosed();
    await peer.gone();
    assert.equal(peer.received().length, 0);
  });

  it('destroy() after end() closes at once', async () => {
    const { connection, peer, owner } = await open();
    peer.stopReading();
    await writeUntilItWaits(connection, 1_000_000);
    connection.end();
    connection.destroy();
    await owner.untilClosed();
  });
}

function contractOfClosed(open: Open, answersTheLast: boolean): void {
  it(`a peer that closes its side closes the connection${answersTheLast ? ', and still gets the answer to its last bytes' : ''}`, async () => {
    const { connection, peer, owner } = await open();
    owner.onChunk = () => write(connection, numbered(50, 2));
    void peer.send(numbered(10, 1));
    peer.end();
    const answer = await peer.receivedAll();
    if (answersTheLast) assert.ok(answer.equals(numbered(50, 2)));
    await owner.untilClosed();
    assert.equal(owner.cause, undefined);
  });

  it('closed() is told exactly once, and nothing after it', async () => {
    const { connection, peer, owner } = await open();
    const other = await open();
    write(connection, numbered(10, 1));
    connection.end();
    connection.end();
    connection.destroy();
    connection.destroy();
    peer.reset();
    await owner.untilClosed();
    connection.end();
    connection.destroy();
    connection.pause();
    connection.resume();
    await roundTrips(other, 5);
    assert.deepEqual(owner.told, ['closed']);
    other.peer.end();
  });

  it('what is written after end(), destroy() or closed() is dropped and holds no memory', async () => {
    const { connection, peer, owner } = await open();
    connection.end();
    write(connection, numbered(100, 1));
    await owner.untilClosed();
    write(connection, numbered(100, 1));
    connection.destroy();
    write(connection, numbered(100, 1));
    assert.equal(connection.waitingBytes(), 0);
    assert.equal((await peer.receivedAll()).length, 0);
  });
}

function contractOfResets(open: Open): void {
  it('a peer that resets the connection closes it with a cause', async () => {
    const { connection, peer, owner } = await open();
    await roundTrips({ connection, peer, owner }, 1);
    peer.reset();
    await owner.untilClosed();
    assert.ok(owner.cause instanceof Error);
  });
}

/** Lays bytes down as an encoder does. */
function write(connection: NetworkConnection, bytes: Uint8Array): void {
  const writer = connection.writer();
  writer.reserve(bytes.length);
  writer.raw(bytes);
  connection.wrote();
}

/** Writes turn after turn until that many bytes wait; gives how many were written in all. */
async function writeUntilItWaits(
  connection: NetworkConnection,
  byteCount: number,
  note: (portion: Buffer) => void = () => {},
): Promise<number> {
  let written = 0;
  while (connection.waitingBytes() < byteCount) {
    const portion = numbered(50_000, written);
    note(portion);
    write(connection, portion);
    written += portion.length;
    await turns(1);
  }
  return written;
}

/** Sends a byte each way, that many times: by then the system has had its chance to deliver whatever else it could. */
async function roundTrips(pair: OpenPair & { readonly owner: Owner }, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const there = pair.owner.received().length;
    await pair.peer.send(Uint8Array.of(i));
    await pair.owner.untilReceived(there + 1);
    const back = pair.peer.received().length;
    write(pair.connection, Uint8Array.of(i));
    await pair.peer.receivedAtLeast(back + 1);
  }
}

/** Lets the event loop turn. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Bytes that tell where they belong: no two starts give the same run. */
function numbered(length: number, start: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = (start * 2_654_435_761 + 1) >>> 0;
  for (let i = 0; i < words.length; i++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223;
    words[i] = state;
  }
  return Buffer.from(words.buffer, 0, length);
}
