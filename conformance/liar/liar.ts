// A peer that breaks one statement on demand: a relay between client and server that cuts both streams into frames and
// lets a lie have a word in each. What the lie does not touch passes byte for byte.

import { connect, createServer, type Socket } from 'node:net';
import type { Address } from '../../test/support/dial.ts';
import { FrameSplitter } from '../wire/frame.ts';
import { TYPE } from '../wire/types.ts';
import type { Level } from '../wire/write.ts';
import type { Falsify, Lie, Link } from './lie.ts';

/** A running liar. */
export interface Liar {
  readonly address: Address;
  close(): void;
}

/** Starts a liar before a server. */
export async function startLiar(server: Address, lie: Lie): Promise<Liar> {
  const memory = new Map<string, unknown>();
  const sockets = new Set<Socket>();
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ host: server.host, port: server.port, allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
    }
    new Relay(client, upstream, lie, memory).start();
  });
  await new Promise<void>((resolve) => {
    listener.listen(0, '127.0.0.1', resolve);
  });
  const bound = listener.address();
  if (bound === null || typeof bound === 'string') throw new Error('The liar has no port.');
  return {
    address: { host: '127.0.0.1', port: bound.port },
    close: () => {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** One connection through the liar. */
class Relay implements Link {
  private readonly client: Socket;
  private readonly server: Socket;
  private readonly lie: Lie;
  readonly memory: Map<string, unknown>;
  level: Level;

  constructor(client: Socket, server: Socket, lie: Lie, memory: Map<string, unknown>) {
    this.client = client;
    this.server = server;
    this.lie = lie;
    this.memory = memory;
    this.level = 4;
  }

  start(): void {
    const { client, server, lie } = this;
    this.pass(client, server, lie.fromClient);
    this.pass(server, client, lie.fromServer);
    this.passEnd(client, server, lie.hidesClientClosing === true);
    this.passEnd(server, client, lie.hidesServerClosing === true);
  }

  toClient(bytes: Uint8Array): void {
    if (this.client.writable) this.client.write(bytes);
  }

  toServer(bytes: Uint8Array): void {
    if (this.server.writable) this.server.write(bytes);
  }

  close(): void {
    this.client.destroy();
    this.server.destroy();
  }

  private pass(from: Socket, to: Socket, falsify: Falsify | undefined): void {
    const splitter = new FrameSplitter();
    from.on('data', (chunk) => {
      for (const frame of splitter.push(chunk)) {
        if (from === this.client && frame.type === TYPE.connect) this.level = frame.body[6] === 5 ? 5 : 4;
        const parts = falsify?.(frame, this) ?? [frame.bytes];
        for (const part of parts) if (to.writable) to.write(part);
      }
    });
  }

  private passEnd(from: Socket, to: Socket, isHidden: boolean): void {
    const end = (): void => {
      this.memory.set('closed', true);
      if (!isHidden) to.end();
    };
    from.on('end', end);
    from.on('close', end);
    // Whoever resets is gone, and the other side hears of it as of any other end.
    from.on('error', end);
  }
}
