import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';

import { Link, type LinkProfile } from './link.ts';

const PROFILE: LinkProfile = {
  title: 'a link',
  roundTripMillis: 60,
  upBits: 800_000,
  downBits: Number.POSITIVE_INFINITY,
  cuts: undefined,
};

/** A link to a server that sends back what it gets, and ends when its client does. */
async function linkTo(context: TestContext, profile: LinkProfile | undefined): Promise<Link> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const link = await Link.open(address === null || typeof address === 'string' ? 0 : address.port, profile);
  context.after(async () => {
    await link.close();
    server.close();
  });
  return link;
}

async function dial(link: Link): Promise<Socket> {
  const socket = connect({ port: link.port, host: '127.0.0.1' });
  await once(socket, 'connect');
  return socket;
}

/** Sends so many bytes, and waits until all have come back; yields how long that took. */
async function echo(socket: Socket, bytes: number): Promise<number> {
  const from = performance.now();
  socket.write(Buffer.alloc(bytes));
  let received = 0;
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    received += (chunk as Buffer).length;
    if (received >= bytes) break;
  }
  assert.equal(received, bytes);
  return performance.now() - from;
}

test('every byte is counted, in both directions', async (context) => {
  const link = await linkTo(context, undefined);
  const socket = await dial(link);
  await echo(socket, 100_000);
  assert.deepEqual(link.counts(), { up: 100_000, down: 100_000, connections: 1 });
});

test('what is ended on one side is ended on the other, after everything has come', async (context) => {
  const link = await linkTo(context, PROFILE);
  const socket = await dial(link);
  socket.end('all');
  let text = '';
  for await (const part of socket.setEncoding('utf8')) text += String(part);
  assert.equal(text, 'all');
});

test('a round trip takes what it should, and a new connection one more', async (context) => {
  const link = await linkTo(context, PROFILE);
  const socket = await dial(link);
  const first = await echo(socket, 1);
  const second = await echo(socket, 1);
  assert.ok(first >= 119, `the first took ${first} ms`);
  assert.ok(second >= 59, `the second took ${second} ms`);
});

test('a narrow link takes its time, for all connections together', async (context) => {
  const link = await linkTo(context, { ...PROFILE, roundTripMillis: 0 });
  const sockets = await Promise.all([dial(link), dial(link)]);
  const from = performance.now();
  await Promise.all(sockets.map((socket) => echo(socket, 10_000)));
  // 20,000 bytes at 800,000 bits a second.
  assert.ok(performance.now() - from >= 199);
});

test('a cut ends connections, and lets none come about until it is over', async (context) => {
  const link = await linkTo(context, { ...PROFILE, cuts: { everyMillis: 600, lastMillis: 200 } });
  const socket = await dial(link);
  link.startCuts(0);
  await closing(socket);
  await closing(connect({ port: link.port, host: '127.0.0.1' }));
  const from = performance.now();
  for (;;) {
    const after = connect({ port: link.port, host: '127.0.0.1' });
    after.write('x');
    const answered = new Promise((resolve) => {
      after.on('data', () => resolve('answered'));
    });
    if ((await Promise.race([answered, closing(after)])) === 'answered') break;
    assert.ok(performance.now() - from < 5000);
  }
});

/** Waits for a connection to be gone, however it goes. */
function closing(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.on('close', () => resolve('closed'));
  });
}
