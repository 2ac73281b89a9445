// What a peer of WebSocket may have sent before the broker sees any of it: a message is handed over when it is whole, and one that
// never is must cost no more than what comes over TCP before CONNECT does. Peers here write frames by hand.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { FrameSplitter } from '../../conformance/wire/frame.ts';
import { connect, publish } from '../../conformance/wire/write.ts';
import { millis } from '../../src/exports/broker.ts';
import { certificateText } from '../support/certificates.ts';
import { memoryHeld, Stage, sayFrame } from './stage.ts';

const KIBIBYTE = 1024;
const MEBIBYTE = KIBIBYTE * KIBIBYTE;
const CA = certificateText('ca.pem');
/** First bytes of a frame: whether it is the last of its message, and what it is (RFC 6455 section 5.2). */
const FRAME = { firstOfMore: 0x02, more: 0x00, whole: 0x82 } as const;
const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-protocol': 'mqtt',
};

/** A frame's opening, as clients send it, with a mask of zero: `length` bytes follow. */
function opening(first: number, length: number): Uint8Array {
  const header = Buffer.alloc(14);
  header.set([first, 0x80 | 127]);
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

function frame(first: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([opening(first, content.length), content]);
}

/** A socket behind the upgrade. */
async function openRaw(stage: Stage, transport: 'ws' | 'wss' = 'ws'): Promise<Socket> {
  const place = { host: '127.0.0.1', port: stage.port(transport), path: '/mqtt', headers: UPGRADE } as const;
  const asked = transport === 'ws' ? requestPlain(place) : requestSecure({ ...place, ca: CA, servername: 'localhost' });
  return await new Promise((resolve, reject) => {
    asked.once('error', reject).end();
    asked.once('upgrade', (_response, socket: Socket) => {
      socket.setNoDelay(true).setMaxListeners(0);
      resolve(socket.on('error', () => {}).resume());
    });
  });
}

/** Sends a piece, and waits until there is room for another. */
async function pour(socket: Socket, piece: Uint8Array): Promise<void> {
  if (socket.destroyed || socket.write(piece)) return await setImmediate();
  await Promise.race([once(socket, 'drain'), goneFrom(socket)]);
}

/** Waits for the end, whatever it is. */
function goneFrom(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
}

/** Ways to send a message that never ends: piece by piece. */
const ENDLESS: Readonly<Record<string, { readonly begin: Uint8Array; readonly piece: Uint8Array }>> = {
  'one frame of 8 MiB': { begin: opening(FRAME.whole, 8 * MEBIBYTE), piece: new Uint8Array(16 * KIBIBYTE) },
  fragments: {
    begin: frame(FRAME.firstOfMore, connect(5, { clientId: 'a' }).subarray(0, 4)),
    piece: frame(FRAME.more, new Uint8Array(KIBIBYTE)),
  },
  'a byte at a time': { begin: opening(FRAME.whole, 8 * MEBIBYTE), piece: Uint8Array.of(0) },
};

for (const [name, { begin, piece }] of Object.entries(ENDLESS)) {
  test(`threat 61: a first message without end ends its connection, plain or with TLS, and takes no memory: ${name}`, async (context) => {
    const stage = await Stage.open(context);
    await stage.watch();
    for (const transport of ['ws', 'wss'] as const) {
      const toldBefore = stage.log.length;
      const told = (): boolean =>
        stage.log.slice(toldBefore).some((line) => line.includes('when 131072 bytes had come'));
      const socket = await openRaw(stage, transport);
      socket.write(begin);
      let sent = 0;
      // What is under way when the broker has had enough may be some more than that.
      for (; !told() && sent < MEBIBYTE; sent += piece.length) await pour(socket, piece);
      assert.ok(told(), `${sent} bytes over ${transport}`);
      const before = await memoryHeld();
      for (let n = 0; n < 64 && !socket.destroyed; n++) await pour(socket, new Uint8Array(64 * KIBIBYTE));
      const grown = (await memoryHeld()) - before;
      assert.ok(grown < MEBIBYTE, `${grown} bytes more over ${transport}`);
      socket.destroy();
    }
    await stage.expectUnharmed();
  });
}

test('threat 61: many peers with a part of a first message each take no more in all than connectPendingBytesMax', async (context) => {
  const stage = await Stage.open(context, {
    limits: { connectPendingBytesMax: MEBIBYTE, connectTimeout: millis(60_000) },
  });
  await stage.watch();
  const before = await memoryHeld();
  const part = Buffer.concat([opening(FRAME.whole, 8 * MEBIBYTE), new Uint8Array(100 * KIBIBYTE)]);
  const sockets: Socket[] = [];
  for (let n = 0; n < 60; n++) {
    const socket = await openRaw(stage);
    sockets.push(socket);
    socket.write(part);
    await setImmediate();
  }
  const open = (): number => sockets.filter(({ destroyed }) => !destroyed).length;
  while (open() > 10) await setImmediate();
  const grown = (await memoryHeld()) - before;
  assert.ok(open() > 0 && sockets.at(-1)?.destroyed === false, 'those that came last are left');
  assert.ok(grown < 4 * MEBIBYTE, `${grown} bytes more, for ${60 * part.length} that came`);
  for (const socket of sockets) socket.destroy();
  assert.match(stage.log.join('\n'), /it had not sent its CONNECT, and others wait \(connectPendingBytesMax\)/);
  await stage.expectUnharmed();
});

test('threat 61: who is refused, and sends on without end, is not listened to, and hears the answer', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  const before = await memoryHeld();
  const sockets = await Promise.all(Array.from({ length: 8 }, () => openRaw(stage)));
  const noSuchLevel = connect(5, { clientId: 'a', protocolLevel: 9 });
  for (const socket of sockets) {
    const received: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    socket.write(Buffer.concat([frame(FRAME.whole, noSuchLevel), opening(FRAME.whole, 8 * MEBIBYTE)]));
    for (let n = 0; n < 30 && !socket.destroyed; n++) await pour(socket, new Uint8Array(64 * KIBIBYTE));
    while (received.length === 0 && !socket.destroyed) await setImmediate();
    assert.match(Buffer.concat(received).toString('hex'), /^820420020001/);
  }
  const grown = (await memoryHeld()) - before;
  assert.ok(grown < 4 * MEBIBYTE, `${grown} bytes more, for ${8 * 30 * 64 * KIBIBYTE} that came`);
  for (const socket of sockets) socket.destroy();
  await stage.expectUnharmed();
});

test('a CONNECT in many fragments, or with a large message right behind it, is taken as ever', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  const opened = connect(5, { clientId: 'a' });
  const fragments = [frame(FRAME.firstOfMore, opened.subarray(0, 1))];
  for (const byte of opened.subarray(1, -1)) fragments.push(frame(FRAME.more, Uint8Array.of(byte)));
  fragments.push(frame(0x80, opened.subarray(-1)));
  const large = frame(FRAME.whole, publish(5, { topic: 'large', payload: 'x'.repeat(200_000) }));
  for (const connecting of [fragments, [frame(FRAME.whole, opened)]]) {
    const socket = await openRaw(stage);
    const splitter = new FrameSplitter();
    const answered = new Promise<string>((resolve) => {
      // Two bytes of a frame's header are in front.
      socket.on('data', (chunk: Buffer) => {
        for (const answer of splitter.push(chunk.subarray(2))) resolve(sayFrame(answer));
      });
    });
    socket.write(Buffer.concat([...connecting, large]));
    assert.equal(await answered, 'connack 0x00');
    await stage.expectUnharmed('large');
    socket.destroy();
  }
});
