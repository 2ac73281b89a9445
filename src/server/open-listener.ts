// From a listener's address to an open door: the one place that knows which transport speaks what. What is not plain TCP is
// loaded when it is needed.

import { unreachable } from '../base/assert.ts';
import { LineBudget } from '../base/line-budget.ts';
import type { Log } from '../base/log.ts';
import type { Millis } from '../base/millis.ts';
import { networkOf } from '../base/network-of.ts';
import type { ListenerAddress, TlsFiles } from '../config/listener-address.ts';
import { showListener } from '../config/listener-address.ts';
import type { Accept, Admits, Listener } from '../transport/contract.ts';
import type { DoorOptions } from '../transport/tcp/door.ts';
import type { OpenFiles } from '../transport/tcp/open-files.ts';
import { Proxies } from '../transport/tcp/proxied.ts';
import { listenTcp } from '../transport/tcp/tcp-listener.ts';
import type { WaitingRules } from '../transport/tcp/waiting-room.ts';
import type { Renewal } from '../transport/tls/renewing.ts';
import { NODE_CLOCK } from './node-parts.ts';
import type { Reloads } from './reloads.ts';
import type { TlsReloading } from './tls-reloading.ts';

/** What every listener is opened with. */
export interface ListenerSurroundings {
  readonly accept: Accept;
  readonly admits: Admits;
  /** `undefined`: a connection may have any descriptor. */
  readonly openFiles: OpenFiles | undefined;
  readonly log: Log;
  /** How long a peer may take for what comes before MQTT: the TLS handshake, the HTTP upgrade, the PROXY header. */
  readonly handshakeTimeout: Millis;
  /** How many may be about to do so. */
  readonly handshakesMax: number;
  /** Told of each peer that was turned away because there were more. */
  readonly onTurnedAway: () => void;
  /** The longest packet that is taken. */
  readonly packetBytesMax: number;
  /** Where what the listener is read from is added. */
  readonly reloads: Reloads;
}

/** A WebSocket message may hold the end of one packet and some others besides. */
const MESSAGE_BYTES_BESIDES = 64 * 1024;

/**
 * Opens a door.
 * @throws {UsageError} `invalid-option`: what is wrong with the files.
 * @throws {OperationError} `address-in-use`, `address-unavailable`.
 */
export async function openListener(address: ListenerAddress, surroundings: ListenerSurroundings): Promise<Listener> {
  const { accept, admits, openFiles, log, reloads } = surroundings;
  const listener = showListener(address);
  const onError = (error: Error): void => {
    log.warn('A connection could not be accepted', { listener, reason: error.message });
  };
  if (address.type === 'unix') {
    const { listenUnix } = await import('../transport/tcp/unix-listener.ts');
    return await listenUnix({ path: address.socket, onError, openFiles }, accept);
  }
  const lines = new LineBudget<'refused'>();
  const waiting: WaitingRules = {
    millisMax: surroundings.handshakeTimeout,
    guestsMax: surroundings.handshakesMax,
    onTurnedAway: surroundings.onTurnedAway,
    onRefused: (remote, reason) => {
      const more = lines.note('refused', networkOf(remote), NODE_CLOCK.monotonic());
      if (more !== undefined) log.info(`${remote} was not let in, because ${reason}.${more}`, { listener, remote });
    },
  };
  const { host, port, proxyFrom } = address;
  const proxies = proxyFrom.length === 0 ? undefined : new Proxies(proxyFrom);
  const options: DoorOptions & { readonly waiting: WaitingRules } = {
    host,
    port,
    onError,
    openFiles,
    admits,
    proxies,
    waiting,
  };
  switch (address.type) {
    case 'tcp':
      return await listenTcp(options, accept);
    case 'tls': {
      const { listenTls } = await import('../transport/tls/tls-listener.ts');
      const files = await readFiles(address.tls, log);
      const opened = await listenTls({ ...options, tls: files.material }, accept);
      return reloading(opened, files, opened, reloads);
    }
    case 'ws':
    case 'wss': {
      const { listenWebSocket } = await import('../transport/websocket/web-socket-listener.ts');
      const files = address.type === 'wss' ? await readFiles(address.tls, log) : undefined;
      const messageBytesMax = surroundings.packetBytesMax + MESSAGE_BYTES_BESIDES;
      const { webSocket } = address;
      const opened = await listenWebSocket({ ...options, tls: files?.material, webSocket, messageBytesMax }, accept);
      return files === undefined || opened.keys === undefined ? opened : reloading(opened, files, opened.keys, reloads);
    }
    default:
      return unreachable(address);
  }
}

async function readFiles(files: TlsFiles, log: Log): Promise<TlsReloading> {
  const { TlsReloading } = await import('./tls-reloading.ts');
  const read = new TlsReloading(files);
  for (const warning of read.warnings) log.warn(warning);
  return read;
}

/** The listener, whose files are read again when they change until it is closed. */
function reloading(listener: Listener, files: TlsReloading, keys: Renewal, reloads: Reloads): Listener {
  const { url, port } = listener;
  const reloadable = files.reloadableFor(url, keys);
  if (reloadable !== undefined) reloads.add(reloadable);
  return {
    url,
    port,
    close() {
      if (reloadable !== undefined) reloads.remove(reloadable);
      return listener.close();
    },
  };
}
