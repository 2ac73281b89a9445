// Unix sockets, accepted and opened, under the suite for all transports.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import type { NetworkConnection, NetworkHandler } from '../../src/transport/contract.ts';
import { connectUnix } from '../../src/transport/tcp/tcp-connect.ts';
import { listenUnix } from '../../src/transport/tcp/unix-listener.ts';
import { hand, oneAfterAnother } from './pairing.ts';
import { peerOf } from './peer.ts';
import { transportContract } from './transport.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vouch-unix-'));
after(() => rmSync(folder, { recursive: true }));

transportContract(
  'an accepted Unix socket',
  async () => {
    const accepted = hand<{ connection: NetworkConnection }>();
    let handlerOfNext: NetworkHandler | undefined;
    const place = path.join(folder, 'accepted.sock');
    const listener = await listenUnix({ path: place }, (connection) => {
      if (handlerOfNext === undefined) throw new Error('nobody waits for this connection');
      accepted.give({ connection });
      return handlerOfNext;
    });
    return oneAfterAnother({
      open: async (handler) => {
        handlerOfNext = handler;
        const peer = peerOf(connect(place));
        const { connection } = await accepted.take();
        return { connection, peer };
      },
      close: () => listener.close(),
    });
  },
  { knowsResets: false },
);

transportContract(
  'an opened Unix socket',
  async () => {
    const accepted = hand<Socket>();
    const place = path.join(folder, 'opened.sock');
    const server = createServer((socket) => accepted.give(socket)).listen(place);
    await once(server, 'listening');
    return oneAfterAnother({
      open: async (handler) => {
        const [connection, socket] = await Promise.all([connectUnix({ path: place }, handler), accepted.take()]);
        return { connection, peer: peerOf(socket) };
      },
      close: async () => void server.close(),
    });
  },
  { knowsResets: false },
);
