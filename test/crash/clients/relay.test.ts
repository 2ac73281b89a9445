// The network between client processes and the broker: what it carries, and how it fails.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';

import { Relay } from './relay.ts';

test('what is sent arrives on the other side, both ways, and the end of one side is the end of the other', async (context) => {
  const { near, far } = await join(context);
  near.write('to the broker');
  assert.equal(await heard(far), 'to the broker');
  far.end('to the client');
  assert.equal(await heard(near), 'to the client');
  await closed(near);
});

test('a cut ends both sides', async (context) => {
  const { relay, near, far } = await join(context);
  relay.cut();
  await Promise.all([closed(near), closed(far)]);
});

test('what is swallowed never arrives, and nobody notices before the cut', async (context) => {
  const { relay, near, far } = await join(context);
  far.on('data', () => assert.fail('it arrived'));
  relay.swallow();
  near.write('into the void');
  // Behind it on the way into the relay: when this one is through, so is the other.
  const { near: other, far: otherFar } = await join(context, relay);
  other.write('through');
  await heard(otherFar);
  assert.equal(far.destroyed, false);
  relay.cut();
  await closed(far);
});

test('a connection to nowhere is cut', async (context) => {
  const relay = await Relay.start();
  context.after(() => relay.close());
  const near = dial(relay);
  await closed(near);
});

interface Joined {
  readonly relay: Relay;
  readonly near: Socket;
  readonly far: Socket;
}

/** A connection through a relay, seen from both ends. */
async function join(context: TestContext, existing?: Relay): Promise<Joined> {
  const relay = existing ?? (await Relay.start());
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    relay.close();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  relay.leadTo(address.port);
  const accepted = Promise.withResolvers<Socket>();
  server.once('connection', accepted.resolve);
  const near = dial(relay);
  const far = await accepted.promise;
  far.on('error', () => {});
  return { relay, near, far };
}

function dial(relay: Relay): Socket {
  // 'close' follows.
  return connect(relay.port, '127.0.0.1').on('error', () => {});
}

async function heard(socket: Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.once('data', (chunk: Uint8Array) => resolve(new TextDecoder().decode(chunk)));
  return await promise;
}

async function closed(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (socket.closed) resolve();
  socket.once('close', () => resolve());
  await promise;
}
