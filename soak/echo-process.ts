// Sends back what it gets: what a message costs on this machine at this moment with no broker in between.

import { createServer } from 'node:net';

const server = createServer({ noDelay: true }, (socket) => void socket.on('error', () => {}).pipe(socket));
process.once('disconnect', () => process.exit(0));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' && address !== null ? address.port : 0);
});
