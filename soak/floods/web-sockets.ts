// Floods of WebSocket: frames that carry next to nothing, and pings of its own.

import type { Socket } from 'node:net';

import { connect, PINGREQ } from '../../conformance/wire/write.ts';
import type { Flood, FloodRun } from './flood.ts';
import { happens, openClient, withClients } from './wire.ts';

/** Flooding clients at a time. */
const CLIENTS = 20;
const BURST = 50;
/** First bytes of a frame: whether it is the last of its message, and what it is (RFC 6455 section 5.2). */
const FRAME = { firstOfMore: 0x02, more: 0x00, last: 0x80, whole: 0x82, ping: 0x89 } as const;

/** A masked frame, as clients send them; the mask is zero. */
function frame(first: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(first, 0x80 | content.length, 0, 0, 0, 0), content]);
}

const REQUEST: string = [
  'GET /mqtt HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: mqtt',
  '',
  '',
].join('\r\n');

/** Makes a WebSocket of a socket; says whether it was let in. */
export async function openUpgraded(socket: Socket): Promise<boolean> {
  socket.write(REQUEST);
  return await happens(socket, 'data');
}

/** How a masked frame of a large message begins, with a mask of zero: so many bytes follow. */
export function frameOpening(length: number): Uint8Array {
  const opening = Buffer.alloc(14);
  opening.set([FRAME.whole, 0x80 | 127]);
  opening.writeBigUInt64BE(BigInt(length), 2);
  return opening;
}

/** An open WebSocket that is a client already: all three of its openings leave at once. */
function openWebSocket(run: FloodRun, n: number): Promise<Socket | undefined> {
  const opening = frame(FRAME.whole, connect(5, { clientId: `frames${n}` }));
  return openClient(run.target.webSocket, Buffer.concat([Buffer.from(REQUEST), opening]));
}

function bursts(run: FloodRun, perSecond: number, burst: Uint8Array): Promise<void> {
  return withClients(
    run,
    CLIENTS,
    perSecond / BURST,
    (n) => openWebSocket(run, n),
    (socket) => {
      socket.write(burst);
      run.did(BURST);
    },
  );
}

/** A PINGREQ of MQTT in fragments of a byte and of nothing. */
export const FRAGMENTS: Flood = {
  sentence: 'WebSocket messages in fragments of a byte or nothing, from 20 clients, 10,000 fragments a second',
  unit: 'fragments',
  run: (run) => {
    const fragments = [frame(FRAME.firstOfMore, PINGREQ.subarray(0, 1))];
    while (fragments.length < BURST - 1) fragments.push(frame(FRAME.more, new Uint8Array(0)));
    fragments.push(frame(FRAME.last, PINGREQ.subarray(1)));
    return bursts(run, 10_000, Buffer.concat(fragments));
  },
};

/** Pings of WebSocket, each of which must be answered with its content. */
export const WEB_SOCKET_PINGS: Flood = {
  sentence: 'WebSocket pings of 125 bytes from 20 clients, 10,000 a second',
  unit: 'pings',
  run: (run) => {
    const ping = frame(FRAME.ping, new Uint8Array(125));
    return bursts(run, 10_000, Buffer.concat(Array.from({ length: BURST }, () => ping)));
  },
};
