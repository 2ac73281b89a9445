// What floods are made of: sockets that take every end for an end, and a pace.

import { connect as connectTcp, type Socket } from 'node:net';

import { setTimeout as wait } from 'node:timers/promises';
import type { FloodRun } from './flood.ts';

const HOST = '127.0.0.1';

/** Opens a plain socket; `undefined`: it was refused. What comes on it is thrown away. */
export async function open(port: number): Promise<Socket | undefined> {
  const socket = connectTcp({ port, host: HOST, noDelay: true });
  // The broker may end it in any way and at any time.
  socket.on('error', () => {}).on('data', () => {});
  return (await happens(socket, 'connect')) ? socket : undefined;
}

/** Opens a connection and says CONNECT; `undefined`: there is no connection any more when the answer should have come. */
export async function openClient(port: number, connectBytes: Uint8Array): Promise<Socket | undefined> {
  const socket = await open(port);
  if (socket === undefined) return undefined;
  socket.write(connectBytes);
  return (await happens(socket, 'data')) ? socket : undefined;
}

/** Waits for something of a socket; says whether it came before the end, whatever that was. */
export function happens(socket: Socket, event: 'connect' | 'data'): Promise<boolean> {
  if (socket.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    socket.once(event, () => resolve(!socket.destroyed)).once('close', () => resolve(false));
  });
}

/** Does something again and again, so many times a second, in steps of a few milliseconds, until the run ends. */
export async function pace({ stop }: FloodRun, perSecond: number, act: (n: number) => void): Promise<void> {
  const startedAt = performance.now();
  let done = 0;
  while (!stop.aborted) {
    const due = ((performance.now() - startedAt) / 1000) * perSecond;
    // What could not be done in time is left out, not made up for: a flood does not become a burst.
    if (due - done > perSecond / 4) done = Math.floor(due - perSecond / 4);
    for (; done < due; done++) act(done);
    await pause(STEP_MILLIS, stop);
  }
}

const STEP_MILLIS = 5;

/** Waits, or not when the run has ended. */
export async function pause(millis: number, stop: AbortSignal): Promise<void> {
  await wait(millis, undefined, { signal: stop }).catch(() => {});
}

/**
 * Keeps so many clients connected, and lets each do something at a pace.
 * @param perSecond  Of all together.
 */
export async function withClients(
  run: FloodRun,
  count: number,
  perSecond: number,
  openOne: (n: number) => Promise<Socket | undefined>,
  act: (socket: Socket, n: number) => void,
): Promise<void> {
  const sockets: (Socket | undefined)[] = await Promise.all(Array.from({ length: count }, (_, n) => openOne(n)));
  const reopening = new Set<number>();
  await pace(run, perSecond, (n) => {
    const which = n % count;
    const socket = sockets[which];
    if (socket !== undefined && !socket.destroyed) {
      // A broker that does not read is not written to: the flood is not kept in our memory.
      if (socket.writableLength < BUFFERED_MAX) act(socket, n);
      return;
    }
    if (reopening.has(which)) return;
    reopening.add(which);
    void openOne(which).then((again) => {
      sockets[which] = again;
      reopening.delete(which);
      if (run.stop.aborted) again?.destroy();
    });
  });
  for (const socket of sockets) socket?.destroy();
}

const BUFFERED_MAX = 1024 * 1024;
