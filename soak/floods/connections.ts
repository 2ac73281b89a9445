// Floods of connections: those that are opened and left, and those that want to be clients.

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { connect, publish, subscribe } from '../../conformance/wire/write.ts';
import type { Flood } from './flood.ts';
import { open, openClient, pace, pause } from './wire.ts';

/** Connections that a flood holds at most; the broker sees as many. */
const HELD_MAX = 1_000;

/** CONNECT, CONNACK, gone. */
export const CONNECT_FLOOD: Flood = {
  sentence: 'clients that connect and vanish, 400 a second',
  unit: 'connections',
  async run(run) {
    let count = 0;
    await pace(run, 400, (n) => {
      if (count > HELD_MAX) return;
      count++;
      void openClient(run.target.tcp, connect(5, { clientId: `flood${n}` })).then((socket) => {
        socket?.destroy();
        count--;
        run.did(1);
      });
    });
  },
};

/** Connections that never say anything, or not all of it. */
export const HALF_OPEN: Flood = {
  sentence: `up to ${HELD_MAX} TCP connections that send half of a CONNECT and wait, 200 new ones a second`,
  unit: 'connections',
  async run(run) {
    const half = connect(5, { clientId: 'half' }).subarray(0, 12);
    const held = new Set<Socket>();
    await pace(run, 200, () => {
      if (held.size >= HELD_MAX) return;
      void open(run.target.tcp).then((socket) => {
        if (socket === undefined) return;
        held.add(socket);
        socket.write(half);
        socket.once('close', () => held.delete(socket));
        run.did(1);
        if (run.stop.aborted) socket.destroy();
      });
    });
    for (const socket of held) socket.destroy();
  },
};

/** The first message of a handshake, which makes the other side do the dear part of it. */
export const TLS_HELLO: Flood = {
  sentence: 'TLS handshakes that are begun and left, 100 a second',
  unit: 'handshakes',
  async run(run) {
    const hello = await recordHello();
    await pace(run, 100, () => {
      void open(run.target.tls).then(async (socket) => {
        if (socket === undefined) return;
        socket.write(hello);
        await Promise.race([once(socket, 'data'), pause(5_000, run.stop)]).catch(() => {});
        socket.destroy();
        run.did(1);
      });
    });
  },
};

/** What a TLS client says first: taken from one that speaks to us. */
async function recordHello(): Promise<Buffer> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const client = connectTls({ port, host: '127.0.0.1', servername: 'localhost' }).on('error', () => {});
  const [peer] = (await once(server, 'connection')) as [Socket];
  const [hello] = (await once(peer, 'data')) as [Buffer];
  peer.destroy();
  client.destroy();
  server.close();
  return hello;
}

/** Everybody wants to be the same client, whose session lasts and has something to do. */
export const TAKEOVER_STORM: Flood = {
  sentence:
    'connections that take one client identifier from each other, 200 a second, with a flood of messages for it',
  unit: 'takeovers',
  async run(run) {
    const opening = connect(5, { clientId: 'taken', clean: false, properties: { sessionExpiryInterval: 1 } });
    const subscription = subscribe(5, 1, [['taken', 1]]);
    const message = publish(5, { topic: 'taken', payload: 'x', qos: 0 });
    const held = new Set<Socket>();
    await pace(run, 200, () => {
      if (held.size > HELD_MAX) return;
      void open(run.target.tcp).then((socket) => {
        if (socket === undefined) return;
        held.add(socket);
        socket.once('close', () => held.delete(socket));
        socket.write(Buffer.concat([opening, subscription, message, message]));
        run.did(1);
        if (run.stop.aborted) socket.destroy();
      });
    });
    for (const socket of held) socket.destroy();
  },
};

/** Who guesses passwords, for one user and for many. */
export const WRONG_PASSWORDS: Flood = {
  sentence: 'wrong passwords, 200 a second, for users that there are and for others',
  unit: 'guesses',
  async run(run) {
    let count = 0;
    await pace(run, 200, (n) => {
      if (count > HELD_MAX) return;
      count++;
      const userName = n % 2 === 0 ? 'known1' : `user${n % 50}`;
      void openClient(run.target.tcp, connect(5, { clientId: `guess${n}`, userName, password: `wrong${n}` })).then(
        (socket) => {
          socket?.destroy();
          count--;
          run.did(1);
        },
      );
    });
  },
};
