// A process that has as many files and sockets open as it may: clients beyond that are cut off, those that are there are served, the
// store goes on, and all is well again when some have gone. Whoever only takes a place and says nothing makes way.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { test } from 'node:test';

import { connect as connectBytes } from '../../conformance/wire/write.ts';
import { type Client, connect } from '../../src/exports/client.ts';
import { certificateFile } from '../support/certificates.ts';
import { portsOf, startVouchWithFiles } from './vouch-process.ts';

const FILES_MAX = 256;
const START = ['start', '--store-reserve-bytes', '1 MiB', '--connect-timeout', '1 h'];

/** Opens a socket; it may be closed at once. */
function dial(port: number): Promise<Socket> {
  const socket = connectSocket(port, '127.0.0.1').on('error', () => {});
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(socket.resume())).once('close', () => resolve(socket));
  });
}

/** The same, and waits whether it becomes a client. */
async function dialClient(port: number, clientId: string): Promise<Socket> {
  const socket = await dial(port);
  if (socket.closed) return socket;
  socket.write(connectBytes(5, { clientId }));
  return await new Promise((resolve) => {
    socket.once('data', () => resolve(socket)).once('close', () => resolve(socket));
  });
}

/** Tries until it is let in. */
async function connectInTheEnd(url: string): Promise<Client> {
  let client: Client | undefined;
  while (client === undefined) client = await connect(url, { reconnect: false }).catch(() => undefined);
  return client;
}

test('clients beyond the limit of files are cut off, the store commits, and others come in when some have gone', async (context) => {
  const broker = startVouchWithFiles(context, FILES_MAX, [...START, '-p', '0', '--system-topics-interval', '100 ms']);
  const [port = 0] = await portsOf(broker);
  const url = `mqtt://127.0.0.1:${port}`;
  const client = await connect(url);
  context.after(() => client.disconnect());
  const crowd: Socket[] = [];
  context.after(() => crowd.forEach((socket) => socket.destroy()));
  for (let n = 0; n < FILES_MAX; n += 32) {
    crowd.push(...(await Promise.all(Array.from({ length: 32 }, (_, k) => dialClient(port, `crowd${n + k}`)))));
  }
  const line = await broker.line('as many files and sockets open as it may');
  assert.match(line, /"limit":"openFiles"/);
  const late = await dial(port);
  if (!late.closed) await once(late, 'close');
  const open = crowd.filter((socket) => !socket.closed).length;
  assert.ok(open > FILES_MAX / 4 && open < FILES_MAX - 64, `${open} connections`);
  for (let n = 0; n < 5; n++) {
    const { reasonCode } = await client.publish('kept', 'x', { qos: 1, retain: true });
    assert.ok(reasonCode === undefined || reasonCode < 0x80);
  }
  const short = Promise.withResolvers<void>();
  await client.subscribe('$SYS/broker/files/short', {
    onMessage: ({ payload }) => {
      if (Buffer.from(payload).toString() === '1') short.resolve();
    },
  });
  await short.promise;
  for (const socket of crowd) socket.destroy();
  await (await connectInTheEnd(url)).disconnect();
  broker.signal('SIGTERM');
  const { code, stderr } = await broker.ended;
  assert.deepEqual([code, stderr], [0, '']);
});

test('threat 58: connections that say nothing cannot keep others out, be it at a plain door, in a TLS handshake or in an upgrade', async (context) => {
  const tls = `cert=${certificateFile('server.pem')}&key=${certificateFile('server.key')}`;
  const listeners = `mqtt://127.0.0.1:0,mqtts://127.0.0.1:0?${tls},ws://127.0.0.1:0`;
  const broker = startVouchWithFiles(context, FILES_MAX, [...START, '--listeners', listeners]);
  const said = await broker.line('Vouch is listening');
  const [plain = 0, ...others] = [...said.matchAll(/(?:mqtts?|wss?):\/\/[^\s:"]+:(\d+)/g)].map((match) =>
    Number(match[1]),
  );
  const client = await connect(`mqtt://127.0.0.1:${plain}`);
  context.after(() => client.disconnect());
  const flood: Socket[] = [];
  context.after(() => flood.forEach((socket) => socket.destroy()));
  for (const port of [plain, ...others]) {
    for (let n = 0; n < 2 * FILES_MAX; n += 32) {
      flood.push(...(await Promise.all(Array.from({ length: 32 }, () => dial(port)))));
    }
    const friend = await connectInTheEnd(`mqtt://127.0.0.1:${plain}`);
    const { reasonCode } = await friend.publish('kept', 'x', { qos: 1, retain: true });
    assert.ok(reasonCode === undefined || reasonCode < 0x80);
    await friend.disconnect();
  }
  assert.ok(
    flood.some((socket) => !socket.closed),
    'the flood is still there',
  );
});
