// MQTT over WebSocket as section 6 has it, with the broker and the client whole: frames have nothing to do with packets.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { createBroker, type EmbeddedBroker } from '../../src/exports/broker.ts';
import { connect } from '../../src/exports/client.ts';
import { portOf } from '../contract/pairing.ts';

/** CONNECT, MQTT 5, clean start, client identifier "a". */
const CONNECT = Buffer.from('100e 0004 4d515454 05 02 003c 00 0001 61'.replaceAll(' ', ''), 'hex');
const PINGREQ = Buffer.from('c000', 'hex');
const PINGRESP = PINGREQ.map((byte, index) => (index === 0 ? 0xd0 : byte));
/** CONNACK, accepted, without a property. */
const CONNACK = Buffer.from('2003000000', 'hex');

let broker: EmbeddedBroker;
before(() => {
  broker = createBroker();
});
after(() => broker.close());

/** A WebSocket to the broker, and what came over it so far. */
async function dial(): Promise<{ webSocket: WebSocket; receivedAtLeast: (count: number) => Promise<Buffer> }> {
  const { url } = await broker.listen({ port: 0, webSocket: true });
  const webSocket = new WebSocket(url, 'mqtt');
  let received = Buffer.alloc(0);
  webSocket.on('message', (message: Buffer) => {
    received = Buffer.concat([received, message]);
  });
  await once(webSocket, 'open');
  return {
    webSocket,
    receivedAtLeast: async (count) => {
      while (received.length < count) await once(webSocket, 'message');
      return received;
    },
  };
}

// [MQTT-6.0.0-2]
test('packets may be split over frames, and several may share one', async () => {
  const { webSocket, receivedAtLeast } = await dial();
  for (const byte of CONNECT) webSocket.send(Buffer.of(byte));
  const [type = 0, length = 0] = await receivedAtLeast(2);
  assert.equal(type, 0x20, 'CONNACK');
  const connack = await receivedAtLeast(2 + length);
  webSocket.send(Buffer.concat([PINGREQ, PINGREQ, PINGREQ.subarray(0, 1)]));
  webSocket.send(PINGREQ.subarray(1), { fin: false });
  webSocket.send(Buffer.alloc(0));
  const answers = (await receivedAtLeast(connack.length + 6)).subarray(connack.length);
  assert.deepEqual(answers, Buffer.concat([PINGRESP, PINGRESP, PINGRESP]));
  webSocket.close();
});

// [MQTT-6.0.0-1]
test('the broker closes a connection that sends text', async () => {
  const { webSocket, receivedAtLeast } = await dial();
  webSocket.send(CONNECT);
  await receivedAtLeast(2);
  webSocket.send('text');
  assert.equal(await closeCode(webSocket), 1003);
});

/** A server that is no broker: does this with each WebSocket. */
async function serve(context: { after(fn: () => void): void }, act: (webSocket: WebSocket) => void): Promise<string> {
  const server = createServer();
  const upgrader = new WebSocketServer({ server }).on('connection', act);
  context.after(() => {
    upgrader.close();
    server.closeAllConnections();
    server.close();
  });
  return `ws://127.0.0.1:${await portOf(server)}`;
}

// [MQTT-6.0.0-1] [MQTT-6.0.0-3]
test('the client offers mqtt, sends binary frames, and closes a connection that sends text', async (context) => {
  const offered: string[] = [];
  const closed = Promise.withResolvers<number>();
  const url = await serve(context, (webSocket) => {
    offered.push(webSocket.protocol);
    webSocket.once('message', (_message: Buffer, isBinary: boolean) => {
      assert.equal(isBinary, true);
      webSocket.send('text');
    });
    webSocket.once('close', closed.resolve);
  });
  await assert.rejects(connect(url, { reconnect: false }), { code: 'connection-lost' });
  assert.deepEqual(offered, ['mqtt']);
  assert.equal(await closed.promise, 1003);
});

// [MQTT-6.0.0-2]
test('the client takes packets that are split over frames', async (context) => {
  const url = await serve(context, (webSocket) => {
    webSocket.once('message', () => {
      for (const byte of CONNACK) webSocket.send(Buffer.of(byte));
    });
  });
  const client = await connect(url, { reconnect: false, clientId: 'a' });
  await client.disconnect();
});

test('a client that is told of another path, or of no WebSocket at all, hears which and why', async () => {
  const { url, port } = await broker.listen({ port: 0, webSocket: { path: '/here' } });
  await assert.rejects(connect(url.replace('/here', '/there'), { reconnect: false }), {
    code: 'connection-refused',
    message: `ws://127.0.0.1:${port}/there is no place where MQTT is spoken over WebSocket: the answer was HTTP status 404. Is it another path?`,
  });
  const plain = await broker.listen({ port: 0 });
  await assert.rejects(connect(`ws://127.0.0.1:${plain.port}`, { reconnect: false }), {
    code: 'connection-refused',
    message: `ws://127.0.0.1:${plain.port}/mqtt does not speak MQTT over WebSocket: socket hang up.`,
  });
});

test('an embedded broker and the client meet at a Unix socket', async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-unix-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const { url } = await broker.listen({ unix: path.join(folder, 'a.sock') });
  const client = await connect(url);
  await client.publish('a', 'b', { qos: 2 });
  await client.disconnect();
});

/** Waits for the Close frame, and gives its status code. */
function closeCode(webSocket: WebSocket): Promise<number> {
  return new Promise((resolve) => {
    webSocket.once('close', resolve);
  });
}
