// How the two ends of a pair find each other in a transport's test: what one side happens upon is handed to the other.

import { once } from 'node:events';
import type { Server } from 'node:net';
import type { TransportUnderTest } from './transport.ts';

/** Passes one thing from whom it happens to, to whom waits for it. */
export function hand<T>(): { give(thing: T): void; take(): Promise<T> } {
  const things: T[] = [];
  let wake: (() => void) | undefined;
  return {
    give: (thing) => {
      things.push(thing);
      wake?.();
    },
    take: async () => {
      for (;;) {
        const thing = things.shift();
        if (thing !== undefined) return thing;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

/** Lets one `open` end before the next begins, so that both sides of a pair find each other. */
export function oneAfterAnother(transport: TransportUnderTest): TransportUnderTest {
  let last: Promise<unknown> = Promise.resolve();
  return {
    open: (handler) => {
      const opened = last.then(() => transport.open(handler));
      last = opened;
      return opened;
    },
    close: () => transport.close(),
  };
}

/** Has a server listen on any free port of loopback, and gives the port. */
export async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
