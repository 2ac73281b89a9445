// What a client is made of on Node: its transports, SQLite, Node's timers, its clock and its chance. The client's part of
// the composition, as running-broker.ts is the broker's.

import { unreachable } from '../base/assert.ts';
import { OperationError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ClientTlsOptions } from '../client/options.ts';
import type { ClientParts, Dial, DialTarget } from '../client/parts.ts';
import type { NetworkConnection, NetworkHandler } from '../transport/contract.ts';
import { connectTcp, connectUnix } from '../transport/tcp/tcp-connect.ts';
import { SessionMemory } from '../transport/tls/session-memory.ts';
import { NODE_CLOCK, NODE_RANDOM } from './node-parts.ts';
import { makeClientStore } from './storage.ts';

/** The parts of one client on Node. What it resumes of its TLS sessions is in them. */
export function nodeClientParts(log: Log): ClientParts {
  return {
    dial: nodeDial(new SessionMemory()),
    makeStore: (directory) => makeClientStore(directory, log),
    setAlarm: (delay, ring, isAwaited = false) => {
      const timer = setTimeout(ring, delay);
      // The socket keeps the process alive; while there is none, the timer of the next attempt does.
      if (!isAwaited) timer.unref();
      return () => clearTimeout(timer);
    },
    clock: NODE_CLOCK,
    random: NODE_RANDOM,
    log,
  };
}

/**
 * The transports of a client on Node.
 * @param sessions  Where it keeps TLS sessions; `undefined`: none is resumed, as if each connection were another client's.
 */
export function nodeDial(sessions: SessionMemory | undefined): Dial {
  return (target, handler) => dial(target, handler, sessions);
}

/** What encrypts, or speaks HTTP, is loaded when it is needed: most tools start without. */
async function dial(
  target: DialTarget,
  handler: NetworkHandler,
  sessions: SessionMemory | undefined,
): Promise<NetworkConnection> {
  const { host, port, signal, transport, packetBytesMax } = target;
  const { localAddress } = transport;
  switch (transport.kind) {
    case 'tcp':
      return await connectTcp({ host, port, localAddress, signal }, handler);
    case 'unix':
      return await connectUnix({ path: transport.path, signal }, handler);
    case 'tls': {
      const { connectTls } = await import('../transport/tls/tls-connect.ts');
      const place = { host, port, localAddress, signal };
      return await connectTls({ ...place, tls: await readTrust(transport.tls), sessions }, handler);
    }
    case 'ws':
    case 'wss': {
      const { connectWebSocket } = await import('../transport/websocket/web-socket-connect.ts');
      const tls = transport.kind === 'wss' ? await readTrust(transport.tls) : undefined;
      const place = { host, port, localAddress, signal, path: transport.path, packetBytesMax };
      return await connectWebSocket({ ...place, tls, sessions }, handler);
    }
    default:
      return unreachable(transport.kind);
  }
}

/** Reads the files that the options name. */
async function readTrust(options: ClientTlsOptions): Promise<ClientTlsOptions> {
  const { faultOfCertificates, nameOf, readPem } = await import('./tls-files.ts');
  const take = (name: 'ca' | 'cert' | 'key', check: (text: string) => string | undefined): string | undefined => {
    const given = options[name];
    if (given === undefined) return undefined;
    const read = readPem(given);
    const fault = read.kind === 'read' ? check(read.text) : read.fault;
    if (read.kind === 'read' && fault === undefined) return read.text;
    // Not the caller's mistake alone: a file may be there at the first attempt and not at a later one.
    throw new OperationError('tls-failed', `tls.${name}: the file ${nameOf(given)} ${fault}.`);
  };
  return {
    ...options,
    ca: take('ca', faultOfCertificates),
    cert: take('cert', faultOfCertificates),
    key: take('key', () => undefined),
  };
}
