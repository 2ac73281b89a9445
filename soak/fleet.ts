// Many connections in a process of their own, for the two measurements that need ten thousand: a process has file descriptors for its
// own side of them only. A parent tells it what to open, and to let go.

import type { Socket } from 'node:net';
import { connect as connectTcp } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

import { FrameSplitter } from '../conformance/wire/frame.ts';
import { auth, connect } from '../conformance/wire/write.ts';
import { scramClient } from '../src/auth/scram-client.ts';
import type { ScramClient } from '../src/auth/scram-client-exchange.ts';
import { NODE_RANDOM } from '../src/server/node-parts.ts';
import { open } from './floods/wire.ts';

/** What the parent asks for. */
export type FleetOrder =
  /** Connections that say nothing. */
  | { readonly kind: 'half-open'; readonly port: number; readonly count: number }
  /** Clients that prove their password with SCRAM-SHA-256; each tries again until it is in. */
  | { readonly kind: 'connect'; readonly port: number; readonly count: number; readonly password: string }
  | { readonly kind: 'cut' };

/** What it answers when it is done. */
export interface FleetReport {
  /** Connections that are open. */
  readonly open: number;
  readonly millis: number;
  /** Attempts that were refused, to be made again. */
  readonly refused: number;
}

/** Connections that are being opened at a time. */
const AT_A_TIME = 200;
const RETRY_MILLIS = 200;

const sockets: Socket[] = [];
/** One for each user: a client that comes back has its keys. */
const users = new Map<number, ScramClient>();

process.once('disconnect', () => process.exit(0));
process.on('message', (order: FleetOrder) => {
  void carryOut(order).then((report) => process.send?.(report));
});

async function carryOut(order: FleetOrder): Promise<FleetReport> {
  const startedAt = performance.now();
  let refused = 0;
  if (order.kind === 'cut') for (const socket of sockets.splice(0)) socket.destroy();
  else {
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < order.count) {
        const n = next++;
        let socket = await openOne(order, n);
        while (socket === undefined) {
          refused++;
          await wait(RETRY_MILLIS);
          socket = await openOne(order, n);
        }
        sockets.push(socket);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  }
  const isOpen = sockets.filter((socket) => !socket.destroyed).length;
  return { open: isOpen, millis: performance.now() - startedAt, refused };
}

function openOne(order: Exclude<FleetOrder, { readonly kind: 'cut' }>, n: number): Promise<Socket | undefined> {
  return order.kind === 'half-open' ? open(order.port) : openUser(order.port, n, order.password);
}

/** Connects a user with SCRAM-SHA-256; `undefined`: not this time. */
async function openUser(port: number, n: number, password: string): Promise<Socket | undefined> {
  const user = users.get(n) ?? scramClient(`user${n}`, Buffer.from(password), NODE_RANDOM);
  users.set(n, user);
  const exchange = user.begin();
  const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true });
  const authenticationMethod = user.method;
  socket.on('error', () => {});
  socket.write(
    connect(5, { clientId: `user${n}`, properties: { authenticationMethod, authenticationData: exchange.first } }),
  );
  const splitter = new FrameSplitter();
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    for (const { type, body } of splitter.push(chunk as Buffer)) {
      if (type === 2) {
        if (body[1] !== 0) socket.destroy();
        else return socket.on('data', () => {});
      } else if (type === 15) {
        const authenticationData = await exchange.respond(authenticationDataIn(body));
        socket.write(auth(0x18, { authenticationMethod, authenticationData }));
      }
    }
  }
  return undefined;
}

/** The Authentication Data of an AUTH packet. */
function authenticationDataIn(body: Uint8Array): Uint8Array {
  // The reason code and the length of the properties come before.
  for (let at = 2; at < body.length; ) {
    const length = ((body[at + 1] ?? 0) << 8) | (body[at + 2] ?? 0);
    if (body[at] === 0x16) return body.subarray(at + 3, at + 3 + length);
    at += 3 + length;
  }
  return new Uint8Array(0);
}
