// What a check of a client acts on: our client (`vouch/client`), and a broker that says what the check says, byte for byte.

import { createServer, type Server, type Socket } from 'node:net';
import type { Client } from '../../src/client/client.ts';
import type { ConnectOptions } from '../../src/client/options.ts';
import { connect } from '../../src/exports/client.ts';
import type { Version } from '../check.ts';
import type { Received } from '../wire/read.ts';
import type { Properties } from '../wire/types.ts';
import * as write from '../wire/write.ts';
import { demand, fault } from './fault.ts';
import { Line, type Patience } from './line.ts';
import { type Address, pipeOf } from '../../test/support/dial.ts';
import type { Transcript } from './transcript.ts';

/** Something between the client and the scripted broker. @returns where the client is to connect to. */
export type Between = (to: Address) => Promise<Address>;

/** One play of a check of the client. */
export class ClientStage {
  readonly version: Version;
  readonly level: write.Level;
  readonly patience: Patience;
  private readonly transcript: Transcript;
  private readonly server: Server;
  private readonly between: Between | undefined;
  private readonly arrived: Socket[];
  private readonly hosts: Host[];
  private readonly clients: Promise<Client>[];
  private address: Address | undefined;
  private wake: () => void;

  constructor(version: Version, transcript: Transcript, patience: Patience, between: Between | undefined) {
    this.version = version;
    this.level = version === '5.0' ? 5 : 4;
    this.transcript = transcript;
    this.patience = patience;
    this.between = between;
    this.arrived = [];
    this.hosts = [];
    this.clients = [];
    this.address = undefined;
    this.wake = () => undefined;
    this.server = createServer((socket) => {
      this.arrived.push(socket);
      this.wake();
    });
  }

  /**
   * Starts the client: `connect` of the public door, with the address and the version filled in, and quick to reconnect.
   * The promise is the client's own: it is fulfilled with CONNACK.
   */
  async start(options: ConnectOptions = {}): Promise<{ readonly client: Promise<Client> }> {
    const { host, port } = await this.opened();
    const reconnect = { delayMinMillis: 1, delayMaxMillis: 20 };
    const client = connect(`mqtt://${host}:${port}`, { version: this.level, reconnect, ...options });
    client.catch(() => undefined);
    this.clients.push(client);
    return { client };
  }

  /** The next connection that the client opens; CONNECT is not read yet. */
  async accept(): Promise<Host> {
    const until = performance.now() + this.patience.answer;
    for (;;) {
      const socket = this.arrived.shift();
      if (socket !== undefined) return this.host(socket);
      const left = until - performance.now();
      if (left <= 0) throw fault(`The client opened no connection within ${this.patience.answer} ms.`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The client and its broker's end of the connection, past CONNACK. */
  async connected(
    options: ConnectOptions = {},
    connack: Parameters<typeof write.connack>[1] = {},
  ): Promise<{ readonly client: Client; readonly host: Host; readonly connect: Received }> {
    const { client } = await this.start(options);
    const { host, connect: packet } = await this.welcome(connack);
    return { client: await this.done(client, 'to connect'), host, connect: packet };
  }

  /** Takes the next connection that the client opens and its CONNECT, and answers with this CONNACK. */
  async welcome(
    connack: Parameters<typeof write.connack>[1] = {},
  ): Promise<{ readonly host: Host; readonly connect: Received }> {
    const host = await this.accept();
    const packet = await host.expect('connect');
    host.send(write.connack(this.level, connack));
    return { host, connect: packet };
  }

  /** Demands that the client does what it was asked for. @param what  Such as 'to publish'. */
  async done<T>(promise: PromiseLike<T>, what: string): Promise<T> {
    const ended = await this.outcome(promise);
    demand(ended !== undefined, `The client was asked ${what}, and was not done within ${this.patience.answer} ms.`);
    demand(
      'value' in ended,
      `The client was asked ${what}, and failed: ${'error' in ended ? String(ended.error) : ''}`,
    );
    return ended.value;
  }

  /** Demands that the client refuses what it was asked for. @param what  Such as 'to publish'. */
  async refused(promise: PromiseLike<unknown>, what: string): Promise<void> {
    const ended = await this.outcome(promise);
    demand(ended !== undefined && 'error' in ended, `The client was asked ${what}, and did not refuse.`);
  }

  /** Waits; for what only time brings about. */
  pass(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, milliseconds);
    });
  }

  /** Ends what is left of the play. */
  async end(): Promise<void> {
    for (const client of this.clients) void client.then((it) => it.disconnect()).catch(() => undefined);
    for (const host of this.hosts) host.line.drop();
    for (const socket of this.arrived) socket.destroy();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      if (!this.server.listening) resolve();
    });
  }

  private async outcome<T>(
    promise: PromiseLike<T>,
  ): Promise<{ readonly value: T } | { readonly error: unknown } | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), this.patience.answer);
    });
    const ended = promise.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    const first = await Promise.race([ended, late]);
    clearTimeout(timer);
    return first;
  }

  private host(socket: Socket): Host {
    const line = new Line(pipeOf(socket), this.level, this.hosts.length + 1, this.transcript, this.patience);
    const host = new Host(line);
    this.hosts.push(host);
    return host;
  }

  private async opened(): Promise<Address> {
    if (this.address !== undefined) return this.address;
    await new Promise<void>((resolve) => {
      this.server.listen(0, '127.0.0.1', resolve);
    });
    const bound = this.server.address();
    if (bound === null || typeof bound === 'string') throw new Error('The scripted broker has no port.');
    const own = { host: '127.0.0.1', port: bound.port };
    this.address = this.between === undefined ? own : await this.between(own);
    return this.address;
  }
}

/** The scripted broker's end of a connection. */
export class Host {
  readonly line: Line;
  readonly level: write.Level;
  private lastId: number;

  constructor(line: Line) {
    this.line = line;
    this.level = line.level;
    this.lastId = 0;
  }

  /** Sends bytes as they are. */
  send(...parts: readonly Uint8Array[]): void {
    this.line.send(...parts);
  }

  /** Sends PUBLISH; QoS 1 and 2 under a new identifier unless given, which is returned. */
  publish(fields: write.PublishFields): number {
    const id = fields.id ?? ((fields.qos ?? 0) > 0 ? ++this.lastId : 0);
    this.send(write.publish(this.level, { ...fields, id }));
    return id;
  }

  /** Sends PUBACK, PUBREC, PUBREL or PUBCOMP. */
  acknowledge(
    name: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp',
    id: number,
    reasonCode?: number,
    properties?: Properties,
  ): void {
    this.send(write.acknowledge(this.level, name, id, reasonCode, properties));
  }

  /** The next packet, which must be of that kind. */
  expect(kind: Parameters<Line['expect']>[0]): Promise<Received> {
    return this.line.expect(kind);
  }

  /** Takes the next SUBSCRIBE and grants everything that it asks for. */
  async grant(): Promise<Received> {
    const subscribe = await this.expect('subscribe');
    const codes = subscribe.filters.map(([, options]) => options & 3);
    this.send(write.suback(this.level, subscribe.id, codes));
    return subscribe;
  }

  /** Demands that the client closes; see `Line.expectClosed`. */
  expectClosed(): Promise<Received | undefined> {
    return this.line.expectClosed();
  }

  /** Demands that the client closes, in 5.0 with one of these reason codes if it says one. */
  expectClosedWith(...reasonCodes: readonly number[]): Promise<void> {
    return this.line.expectClosedWith(...reasonCodes);
  }
}
