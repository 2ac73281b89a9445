// A process that has as many files and sockets open as it may: clients beyond that are cut off, those that are there are served, the
// store goes on, and all is well again when some have gone.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { test } from 'node:test';

import { connect } from '../../src/exports/client.ts';
import { portsOf, startVouchWithFiles } from './vouch-process.ts';

const FILES_MAX = 256;

function dial(port: number): Promise<Socket> {
  const socket = connectSocket(port, '127.0.0.1').on('error', () => {});
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(socket.resume())).once('close', () => resolve(socket));
  });
}

test('a flood of connections leaves the store and the log their files, and clients that are there are served', async (context) => {
  const args = ['start', '-p', '0', '--store-reserve-bytes', '1 MiB', '--connect-timeout', '1 h'];
  const broker = startVouchWithFiles(context, FILES_MAX, args);
  const [port = 0] = await portsOf(broker);
  const url = `mqtt://127.0.0.1:${port}`;
  const client = await connect(url);
  context.after(() => client.disconnect());
  const flood: Socket[] = [];
  context.after(() => flood.forEach((socket) => socket.destroy()));
  for (let n = 0; n < 2 * FILES_MAX; n += 32) {
    flood.push(...(await Promise.all(Array.from({ length: 32 }, () => dial(port)))));
  }
  const line = await broker.line('as many files and sockets open as it may');
  assert.match(line, /"limit":"openFiles"/);
  const late = await dial(port);
  if (!late.closed) await once(late, 'close');
  const open = flood.filter((socket) => !socket.closed).length;
  assert.ok(open > FILES_MAX / 4 && open < FILES_MAX - 64, `${open} connections`);
  for (let n = 0; n < 5; n++) {
    const { reasonCode } = await client.publish('kept', 'x', { qos: 1, retain: true });
    assert.ok(reasonCode === undefined || reasonCode < 0x80);
  }
  for (const socket of flood) socket.destroy();
  let again: Awaited<ReturnType<typeof connect>> | undefined;
  while (again === undefined) again = await connect(url).catch(() => undefined);
  await again.disconnect();
  broker.signal('SIGTERM');
  const { code, stderr } = await broker.ended;
  assert.deepEqual([code, stderr], [0, '']);
});
