// A client in a browser: WebSocket, IndexedDB, the page's timers, its clock and its chance. The browser's part of the composition, as
// server/client-parts.ts is Node's. What is used of the page is named here in types of our own: the rest of the program compiles
// without those of the web, and `tsconfig.browser.json` shows that this graph compiles without those of Node.js.

import { unreachable } from '../base/assert.ts';
import { OperationError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import type { ConnectOptions } from '../client/options.ts';
import type { DialTarget } from '../client/parts.ts';
import { startClient } from '../client/start-client.ts';
import type { NetworkConnection, NetworkHandler } from '../transport/contract.ts';
import { connectWebSocket } from '../transport/web/web-socket-connect.ts';
import { later, PAGE_CLOCK, PAGE_RANDOM, setAlarm } from './page.ts';
import { pageExtras } from './page-extras.ts';

/**
 * Connects to a broker, as `startClient` does, with what a page has.
 * @throws {OperationError} `file-unavailable`: a part of the client that the options ask for could not be loaded.
 */
export async function connectInPage(options: ConnectOptions, log: Log): Promise<Client> {
  const { makeStore, ...extras } = await pageExtras(options, log);
  const parts = { dial, makeStore, setAlarm, clock: PAGE_CLOCK, random: PAGE_RANDOM, log };
  return await startClient(options, parts, extras);
}

async function dial(target: DialTarget, handler: NetworkHandler): Promise<NetworkConnection> {
  const { host, port, signal, transport } = target;
  switch (transport.kind) {
    case 'ws':
    case 'wss': {
      const makeWebSocket = (url: string, protocol: string): WebSocket => new WebSocket(url, protocol);
      const isSecure = transport.kind === 'wss';
      const options = { host, port, path: transport.path, isSecure, signal, makeWebSocket, turns: { later, setAlarm } };
      return await connectWebSocket(options, handler);
    }
    case 'tcp':
    case 'tls':
    case 'unix':
      throw new OperationError(
        'connection-refused',
        `A browser does not speak ${transport.kind}; it speaks WebSocket.`,
      );
    default:
      return unreachable(transport.kind);
  }
}
