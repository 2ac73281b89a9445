// A way to a server that can be cut: it passes bytes on, and everybody's connection ends where it is cut, until it is mended.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A way over loopback. */
export class Way {
  /** Where it begins. */
  readonly port: number;
  private readonly sockets: Set<Socket>;
  private isCut: boolean;

  private constructor(server: Server, target: number) {
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    this.port = address.port;
    this.sockets = new Set();
    this.isCut = false;
    server.on('connection', (socket) => this.join(socket, target));
  }

  /** Opens one for a test. */
  static async open(target: number, context: TestContext): Promise<Way> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const way = new Way(server, target);
    context.after(() => {
      way.cut();
      server.close();
    });
    return way;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
  }

  private join(near: Socket, target: number): void {
    if (this.isCut) {
      near.destroy();
      return;
    }
    const far = connect(target, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}
