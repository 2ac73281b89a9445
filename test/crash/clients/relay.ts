// The way from the client processes to the broker: one address for the whole run, behind which is whatever broker runs. It
// is also a network that fails: it cuts connections that both ends thought well, with what was under way on them.

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

import { sever } from '../../support/sever.ts';

/** A relay on loopback. */
export class Relay {
  private readonly server: Server;
  private readonly sockets: Set<Socket>;
  private target: number | undefined;

  private constructor() {
    this.sockets = new Set();
    this.target = undefined;
    this.server = createServer({ noDelay: true }, (near) => this.join(near));
  }

  /** Starts one that leads nowhere. */
  static async start(): Promise<Relay> {
    const relay = new Relay();
    relay.server.listen(0, '127.0.0.1');
    await once(relay.server, 'listening');
    return relay;
  }

  /** Where to connect to. */
  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** From now on it leads to this port; `undefined`: nowhere. Connections that are open stay. */
  leadTo(target: number | undefined): void {
    this.target = target;
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.sockets) sever(socket);
  }

  /** Swallows what comes on the connections that there are, until they are cut. */
  swallow(): void {
    for (const socket of this.sockets) socket.unpipe().resume();
  }

  /** Cuts all connections and takes no more. */
  close(): void {
    this.server.close();
    this.cut();
  }

  private join(near: Socket): void {
    if (this.target === undefined) {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ host: '127.0.0.1', port: this.target, noDelay: true });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(socket);
      socket.pipe(other);
      // 'close' follows.
      socket.on('error', () => {});
      socket.on('close', (hadError) => {
        this.sockets.delete(socket);
        // What came before an orderly end is on its way to the other side.
        if (hadError) sever(other);
        else other.end();
      });
    }
  }
}
