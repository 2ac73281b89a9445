// The PROXY header before everything that can be spoken behind it: who is let in, by which name, and that no byte is lost
// where the header and what follows come in one piece.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, it } from 'node:test';
import { connect as connectSecure } from 'node:tls';
import { WebSocket } from 'ws';
import type { Accept, Listener, NetworkConnection } from '../../src/transport/contract.ts';
import { Proxies } from '../../src/transport/tcp/proxied.ts';
import { listenTcp } from '../../src/transport/tcp/tcp-listener.ts';
import { listenTls } from '../../src/transport/tls/tls-listener.ts';
import { listenWebSocket } from '../../src/transport/websocket/web-socket-listener.ts';
import { certificate, certificateText } from '../support/certificates.ts';
import { echoOver } from '../support/echo-handler.ts';

const HOST = '127.0.0.1';
const CA = certificateText('ca.pem');
const LINE = Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 56324 1883\r\n');
const BINARY = Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000207c6336401dc04075b', 'hex');

const KINDS = ['tcp', 'tls', 'ws', 'wss'] as const;

interface Door {
  readonly listener: Listener;
  readonly accepted: NetworkConnection[];
  readonly refusals: string[];
  refused(): Promise<void>;
}

const doors: Door[] = [];
after(async () => {
  for (const { accepted, listener } of doors) {
    for (const connection of accepted) connection.destroy();
    await listener.close();
  }
});

async function openDoor(kind: (typeof KINDS)[number], from: readonly string[], millisMax = 10_000): Promise<Door> {
  const accepted: NetworkConnection[] = [];
  const refusals: string[] = [];
  let wake = (): void => {};
  const onRefused = (remote: string, reason: string): void => {
    refusals.push(`${remote.replace(/(?<=^127\.0\.0\.1):\d+$/u, '')}: ${reason}`);
    wake();
  };
  const accept: Accept = (connection) => {
    accepted.push(connection);
    return echoOver(connection);
  };
  const tls = { ...certificate('server'), clientCertificate: 'none', minVersion: 'TLSv1.2' } as const;
  const common = { host: HOST, port: 0, proxies: new Proxies(from), waiting: { millisMax, onRefused } };
  const webSocket = { path: '/mqtt', origins: [] };
  const listener = await {
    tcp: () => listenTcp(common, accept),
    tls: () => listenTls({ ...common, tls }, accept),
    ws: () => listenWebSocket({ ...common, tls: undefined, webSocket, messageBytesMax: 1_000_000 }, accept),
    wss: () => listenWebSocket({ ...common, tls, webSocket, messageBytesMax: 1_000_000 }, accept),
  }[kind]();
  const refused = async (): Promise<void> => {
    while (refusals.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const door = { listener, accepted, refusals, refused };
  doors.push(door);
  return door;
}

/** Connects, and sends the header in pieces of that length. */
async function dial(door: Door, header: Buffer, pieceLength: number): Promise<Socket> {
  const socket = connect(door.listener.port, HOST).on('error', () => {});
  await once(socket.setNoDelay(true), 'connect');
  for (let start = 0; start < header.length; start += pieceLength) {
    socket.write(header.subarray(start, start + pieceLength));
    // Lets it leave by itself.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  return socket;
}

/** Sends bytes over what the listener speaks, above a socket whose header is sent, and waits for them to come back. */
async function echo(kind: (typeof KINDS)[number], raw: Socket, url: string): Promise<void> {
  const socket =
    kind === 'tcp' || kind === 'ws' ? raw : connectSecure({ socket: raw, ca: CA, servername: 'localhost' });
  const bytes = Buffer.alloc(10_000, 'x');
  if (kind === 'tcp' || kind === 'tls') {
    socket.write(bytes);
    let count = 0;
    for await (const chunk of socket) {
      count += (chunk as Buffer).length;
      if (count === bytes.length) return;
    }
    assert.fail('the connection ended before everything came back');
  }
  const webSocket = new WebSocket(url.replace('wss:', 'ws:'), 'mqtt', { createConnection: () => socket });
  await once(webSocket, 'open');
  webSocket.send(bytes);
  const length = await new Promise<number>((resolve) => {
    webSocket.once('message', (message: Buffer) => resolve(message.length));
  });
  assert.equal(length, bytes.length);
  webSocket.terminate();
}

for (const kind of KINDS) {
  it(`a proxy that is listed says whom it speaks for: ${kind}`, async () => {
    const door = await openDoor(kind, [HOST]);
    for (const header of [LINE, BINARY]) {
      for (const pieceLength of [1, 20, header.length]) {
        await echo(kind, await dial(door, header, pieceLength), door.listener.url);
        assert.equal(door.accepted.at(-1)?.remote, '192.0.2.7:56324');
      }
    }
    assert.deepEqual(door.refusals, []);
  });

  it(`a proxy that speaks for nobody has its own name: ${kind}`, async () => {
    const door = await openDoor(kind, ['127.0.0.0/8']);
    await echo(kind, await dial(door, Buffer.from('PROXY UNKNOWN\r\n'), 100), door.listener.url);
    assert.match(door.accepted.at(-1)?.remote ?? '', /^127\.0\.0\.1:\d+$/u);
  });

  it(`threat 62: whoever is not listed is not let in, whatever is claimed: ${kind}`, async () => {
    const door = await openDoor(kind, ['10.0.0.0/8', '::1']);
    const socket = await dial(door, LINE, 100);
    await closed(socket.resume());
    assert.deepEqual(door.refusals, [
      '127.0.0.1: it is not among the proxies from which connections come here (proxyFrom)',
    ]);
    assert.equal(door.accepted.length, 0);
  });

  it(`threat 62: a proxy without a valid header is not let in: ${kind}`, async () => {
    const door = await openDoor(kind, [HOST]);
    const socket = await dial(door, Buffer.from('101000044d51545404020000000461626364', 'hex'), 100);
    await closed(socket.resume());
    assert.deepEqual(door.refusals, ['127.0.0.1: it is a proxy (proxyFrom), and sent no valid PROXY header']);
    assert.equal(door.accepted.length, 0);
  });

  it(`threat 62: a proxy that does not finish its header is not waited for: ${kind}`, async () => {
    const door = await openDoor(kind, [HOST], 50);
    const slow = await dial(door, LINE.subarray(0, 20), 100);
    await closed(slow.resume());
    assert.deepEqual(door.refusals, ['127.0.0.1: it said nothing that opens a connection within 0.05 s']);
    const gone = await openDoor(kind, [HOST]);
    (await dial(gone, LINE.subarray(0, 20), 100)).end();
    await gone.refused();
    assert.deepEqual(gone.refusals, ['127.0.0.1: it closed the connection before it was open']);
  });
}

it('bytes that come with the header are not lost', async () => {
  const door = await openDoor('tcp', [HOST]);
  const socket = await dial(door, Buffer.concat([BINARY, Buffer.from('and more')]), 100);
  const echoed = await new Promise<Buffer>((resolve) => {
    socket.once('data', resolve);
  });
  assert.equal(echoed.toString(), 'and more');
  socket.destroy();
});

/** Waits for the end, whatever it is. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    socket.once('close', () => resolve());
  });
}
