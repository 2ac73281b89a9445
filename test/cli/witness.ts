// Somebody who sees every message that gets through a door: a client in the test's own process, with a session of its own, which loses
// nothing while the door is shut.

import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { TestContext } from 'node:test';

import { SILENT_LOG } from '../../src/base/log.ts';
import type { Client } from '../../src/client/client.ts';
import { connect } from '../../src/client/connect.ts';
import { nodeClientParts } from '../../src/server/client-parts.ts';
import type { Door } from './door.ts';

/** What has come, as text: a line for each message. */
export class Witness {
  seen: string;
  readonly client: Client;
  private readonly news: PassThrough;

  private constructor(client: Client) {
    this.client = client;
    this.seen = '';
    this.news = new PassThrough().resume();
  }

  /** Subscribes to everything behind the door, which is open. */
  static async call(context: TestContext, door: Door): Promise<Witness> {
    const client = await connect(
      {
        host: '127.0.0.1',
        port: door.port,
        clientId: 'witness',
        clean: false,
        reconnect: { delayMinMillis: 10, delayMaxMillis: 50 },
      },
      nodeClientParts(SILENT_LOG),
    );
    context.after(() => client.disconnect());
    const witness = new Witness(client);
    await client.subscribe('#', {
      qos: 2,
      onMessage: ({ payload }) => {
        witness.seen += `${Buffer.from(payload).toString()}\n`;
        witness.news.write('.');
      },
    });
    return witness;
  }

  /** Waits until this has come. */
  async sees(text: string): Promise<this> {
    while (!this.seen.includes(text)) await once(this.news, 'data');
    return this;
  }
}
