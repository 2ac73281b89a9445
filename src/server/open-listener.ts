// From a listener's address to an open door: the one place that knows which transport speaks what. What is not plain TCP is
// loaded when it is needed.

import { unreachable } from '../base/assert.ts';
import { UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Millis } from '../base/millis.ts';
import type { ListenerAddress, TlsFiles } from '../config/listener-address.ts';
import { showListener } from '../config/listener-address.ts';
import { asSentence } from '../config/problem.ts';
import type { Accept, Listener } from '../transport/contract.ts';
import type { DoorOptions } from '../transport/tcp/door.ts';
import { Proxies } from '../transport/tcp/proxied.ts';
import { listenTcp } from '../transport/tcp/tcp-listener.ts';
import type { WaitingRules } from '../transport/tcp/waiting-room.ts';
import type { TlsMaterial } from '../transport/tls/tls-material.ts';

/** What every listener is opened with. */
export interface ListenerSurroundings {
  readonly accept: Accept;
  readonly log: Log;
  /** How long a peer may take for what comes before MQTT: the TLS handshake, the HTTP upgrade, the PROXY header. */
  readonly handshakeTimeout: Millis;
  /** The longest packet that is taken. */
  readonly packetBytesMax: number;
}

/** A WebSocket message may hold the end of one packet and some others besides. */
const MESSAGE_BYTES_BESIDES = 64 * 1024;

/**
 * Opens a door.
 * @throws {UsageError} `invalid-option`: what is wrong with the files.
 * @throws {OperationError} `address-in-use`, `address-unavailable`.
 */
export async function openListener(address: ListenerAddress, surroundings: ListenerSurroundings): Promise<Listener> {
  const { accept, log } = surroundings;
  const listener = showListener(address);
  const onError = (error: Error): void => {
    log.warn('A connection could not be accepted', { listener, reason: error.message });
  };
  if (address.type === 'unix') {
    const { listenUnix } = await import('../transport/tcp/unix-listener.ts');
    return await listenUnix({ path: address.socket, onError }, accept);
  }
  const waiting: WaitingRules = {
    millisMax: surroundings.handshakeTimeout,
    onRefused: (remote, reason) => log.info(`${remote} was not let in, because ${reason}.`, { listener, remote }),
  };
  const { host, port, proxyFrom } = address;
  const proxies = proxyFrom.length === 0 ? undefined : new Proxies(proxyFrom);
  const options: DoorOptions & { readonly waiting: WaitingRules } = { host, port, onError, proxies, waiting };
  switch (address.type) {
    case 'tcp':
      return await listenTcp(options, accept);
    case 'tls': {
      const { listenTls } = await import('../transport/tls/tls-listener.ts');
      return await listenTls({ ...options, tls: await materialOf(address.tls, log) }, accept);
    }
    case 'ws':
    case 'wss': {
      const { listenWebSocket } = await import('../transport/websocket/web-socket-listener.ts');
      const tls = address.type === 'wss' ? await materialOf(address.tls, log) : undefined;
      const messageBytesMax = surroundings.packetBytesMax + MESSAGE_BYTES_BESIDES;
      return await listenWebSocket({ ...options, tls, webSocket: address.webSocket, messageBytesMax }, accept);
    }
    default:
      return unreachable(address);
  }
}

async function materialOf(files: TlsFiles, log: Log): Promise<TlsMaterial> {
  const { readTlsFiles } = await import('./tls-files.ts');
  const reading = readTlsFiles(files);
  if (reading.kind === 'faulty') throw new UsageError('invalid-option', asSentence(reading.faults.join('; ')));
  for (const warning of reading.warnings) log.warn(asSentence(warning));
  return reading.material;
}
