// What a client is made of and cannot make itself: a network, a store, time and chance. server/ hands over the
// real ones, tests and the simulator theirs.

import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Millis } from '../base/millis.ts';
import type { Random } from '../base/random.ts';
import type { Store } from '../store/contract.ts';
import type { NetworkConnection, NetworkHandler } from '../transport/contract.ts';
import type { ClientTlsOptions } from './options.ts';
import type { ClientTuning } from './tuning.ts';

/** What a client speaks over, and with what. */
export interface Transport {
  readonly kind: 'tcp' | 'tls' | 'ws' | 'wss' | 'unix';
  /** Of a Unix socket in the file system; of WebSocket in its URL; otherwise ''. */
  readonly path: string;
  /** Whom to trust, where it is TLS. */
  readonly tls: ClientTlsOptions;
  /** The address of this machine to connect from; `undefined`: whichever. */
  readonly localAddress: string | undefined;
}

/** Where to dial. */
export interface DialTarget {
  readonly host: string;
  readonly port: number;
  readonly transport: Transport;
  /** Larger packets will be refused: a transport need not take in more of one. */
  readonly packetBytesMax: number;
  /** Gives up the attempt, which then fails with the signal's reason. */
  readonly signal: AbortSignal;
}

/** Opens a Network Connection; `handler` is called only once it is there. */
export type Dial = (target: DialTarget, handler: NetworkHandler) => Promise<NetworkConnection>;

/**
 * Calls `ring` once, after `delay`, unless the function that it returns is called before.
 * @param isAwaited  Whether the process is to wait for it; default: false.
 */
export type SetAlarm = (delay: Millis, ring: () => void, isAwaited?: boolean) => () => void;

/** The parts of a client. */
export interface ClientParts {
  readonly dial: Dial;
  /** Makes the store in a directory; nothing is opened yet. */
  readonly makeStore: (directory: string) => Store;
  readonly setAlarm: SetAlarm;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** `CLIENT_TUNING` unless told otherwise. */
  readonly tuning?: ClientTuning;
}
