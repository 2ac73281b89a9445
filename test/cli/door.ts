// A door to a broker: a port that stays while brokers come and go behind it, so that a test of a lost network, or of a broker that is
// started again, needs no port of its own. While it is shut, whoever knocks is turned away.

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

import { type Authorizer, createBroker, type EmbeddedBroker } from '../../src/exports/broker.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';

/** What nobody may publish to or subscribe to. */
export const FORBIDDEN = 'forbidden';

const AUTHORIZER: Authorizer = { allowsAll: false, allows: (_identity, _action, topic) => topic !== FORBIDDEN };

/** One door, with at most one broker behind it. What that has stored, the next one knows. */
export class Door {
  readonly port: number;
  /** For a command line. */
  readonly args: readonly string[];
  private store: MemoryStore;
  private readonly sockets: Set<Socket>;
  private broker: EmbeddedBroker | undefined;
  /** Of the broker; `undefined`: the door is shut. */
  private innerPort: number | undefined;

  private constructor(server: Server) {
    this.store = new MemoryStore();
    this.sockets = new Set();
    this.broker = undefined;
    this.innerPort = undefined;
    const address = server.address();
    this.port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    this.args = ['-h', '127.0.0.1', '-p', String(this.port)];
    server.on('connection', (socket) => this.receive(socket));
  }

  /** A door that is shut. */
  static async hang(context: TestContext): Promise<Door> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const door = new Door(server);
    context.after(async () => {
      await door.shut();
      door.cut();
      server.close();
    });
    return door;
  }

  /** A broker is started behind it, or the network is there again. */
  async open(): Promise<this> {
    this.broker ??= createBroker({ store: this.store, authorizer: AUTHORIZER });
    const { port } = await this.broker.listen({ host: '127.0.0.1', port: 0 });
    this.innerPort = port;
    return this;
  }

  /** Publishes a message for each line, with QoS 2, whether or not the door is shut. */
  async publish(topic: string, lines: string): Promise<void> {
    const { broker } = this;
    if (broker === undefined) throw new Error('There is no broker behind the door.');
    await Promise.all(
      lines
        .trimEnd()
        .split('\n')
        .map((line) => broker.publish(topic, line, { qos: 2 })),
    );
  }

  /** The network breaks; the broker stays. */
  cut(): this {
    this.innerPort = undefined;
    for (const socket of this.sockets) socket.destroy();
    return this;
  }

  /** The broker ends, with its last words. */
  async shut(): Promise<this> {
    this.innerPort = undefined;
    await this.broker?.close();
    this.broker = undefined;
    return this;
  }

  /** Another broker takes its place, which knows nothing. */
  async replace(): Promise<this> {
    await this.shut();
    this.store = new MemoryStore();
    return await this.open();
  }

  private receive(socket: Socket): void {
    const { innerPort } = this;
    if (innerPort === undefined) {
      socket.destroy();
      return;
    }
    const inner = connect(innerPort, '127.0.0.1');
    for (const [one, other] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      this.sockets.add(one);
      one
        .on('error', () => undefined)
        .on('close', () => {
          this.sockets.delete(one);
          other.destroy();
        });
      one.pipe(other);
    }
  }
}
