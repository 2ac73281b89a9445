import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { startTicking } from './ticking.ts';

/** Longer than the time between two ticks. */
const STALL_MILLIS = 600;

/** The two ends of a connection. */
async function connection(context: TestContext): Promise<readonly [Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  context.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  assert(address !== null && typeof address === 'object');
  const near = connect(address.port, '127.0.0.1');
  context.after(() => near.destroy());
  const [far] = (await once(server, 'connection')) as [Socket];
  context.after(() => far.destroy());
  return [near, far];
}

/** Holds up the event loop of this thread. */
function stall(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

test('after a stall of the event loop what waits in the sockets is read before the broker looks at its deadlines', async (context) => {
  const [near, far] = await connection(context);
  const { promise: ticked, resolve } = Promise.withResolvers<undefined>();
  const happened: string[] = [];
  far.on('data', () => happened.push('read'));
  const stop = startTicking(() => {
    happened.push('tick');
    resolve(undefined);
    return false;
  });
  context.after(stop);
  // The kernel has it before the loop stands still.
  near.write('x');
  stall(STALL_MILLIS);
  await ticked;
  assert.deepEqual(happened, ['read', 'tick']);
});

test('ended between the timer and the tick, it does not tick', async (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  let ticks = 0;
  const stop = startTicking(() => {
    ticks++;
    return false;
  });
  context.mock.timers.tick(250);
  await nextTurn();
  assert.equal(ticks, 1);
  context.mock.timers.tick(250);
  stop();
  await nextTurn();
  assert.equal(ticks, 1);
});

test('a tick that has more to do goes on after the sockets were read, and the timer asks for no second one meanwhile', async (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  let left = 3;
  const stop = startTicking(() => {
    context.mock.timers.tick(250);
    return --left > 0;
  });
  context.after(stop);
  context.mock.timers.tick(250);
  for (const expected of [2, 1, 0, 0]) {
    await nextTurn();
    assert.equal(left, expected);
  }
});
