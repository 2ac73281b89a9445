// The end of a connection as a broken network makes it.

import type { Socket } from 'node:net';

/** Ends a connection with a reset, if that can still be. */
export function sever(socket: Socket): void {
  // Node.js has no way to reset one whose goodbye is under way: its process would never end.
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
