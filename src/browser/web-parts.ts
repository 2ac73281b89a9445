// What a client is made of in a browser: WebSocket, IndexedDB, the page's timers, its clock and its chance. The browser's part of the
// composition, as server/client-parts.ts is Node's. What is used of the page is named here in types of our own: the rest of the program
// compiles without those of the web, and `tsconfig.browser.json` shows that this graph compiles without those of Node.js.

import { unreachable } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { OperationError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { millis } from '../base/millis.ts';
import type { Random } from '../base/random.ts';
import type { ClientParts, DialTarget, SetAlarm } from '../client/parts.ts';
import type { Store } from '../store/contract.ts';
import type { DatabaseFactory, KeyRanges } from '../store/indexed-db/database.ts';
import type { Locks } from '../store/indexed-db/occupancy.ts';
import type { NetworkConnection, NetworkHandler } from '../transport/contract.ts';
import { connectWebSocket } from '../transport/web/web-socket-connect.ts';

/** What a page may have of what a store takes. */
interface Page {
  readonly indexedDB?: DatabaseFactory | undefined;
  readonly IDBKeyRange?: KeyRanges | undefined;
  readonly navigator?: {
    /** Missing on pages that came over plain http, as is `storage`. */
    readonly locks?: Locks | undefined;
    readonly storage?: StorageFacts | undefined;
  };
}

interface StorageFacts {
  estimate(): Promise<{ readonly quota?: number | undefined; readonly usage?: number | undefined }>;
}

const PAGE: Page = globalThis;

/** The clocks of a browser; it tells nothing of the boot. */
const CLOCK: Clock = {
  monotonic: () => millis(performance.now()),
  wall: () => millis(Date.now()),
  boot: () => ({ id: '', time: millis(0) }),
};

/** Chance: fast where it only spreads load, unguessable where bytes are asked for. */
const WEB_RANDOM: Random = {
  next: () => Math.random(),
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
};

const setAlarm: SetAlarm = (delay, ring) => {
  const timer = setTimeout(ring, delay);
  return () => clearTimeout(timer);
};

/** The parts of a client in a browser. */
export async function webClientParts(log: Log, hasStore: boolean): Promise<ClientParts> {
  // Most pages keep nothing: they do not load what it takes.
  const makeStore = hasStore ? await storeMaker(log) : noStore;
  return { dial, makeStore, setAlarm, clock: CLOCK, random: WEB_RANDOM, log };
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

async function storeMaker(log: Log): Promise<(name: string) => Store> {
  const { indexedDB: factory, IDBKeyRange: keyRanges, navigator } = PAGE;
  if (factory === undefined || keyRanges === undefined) {
    throw new OperationError('store-unavailable', 'There is no IndexedDB here, in which a store could be.');
  }
  const { IndexedDbStore } = await import('../store/indexed-db/indexed-db-store.ts');
  const roomBytes = async (): Promise<number | undefined> => {
    const { quota, usage } = (await navigator?.storage?.estimate()) ?? {};
    return quota === undefined || usage === undefined ? undefined : quota - usage;
  };
  const holder = Array.from(WEB_RANDOM.bytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const parts = { factory, keyRanges, locks: navigator?.locks, roomBytes, clock: CLOCK, later, setAlarm, holder, log };
  return (name) => new IndexedDbStore(`vouch/${name}`, parts);
}

function noStore(): Store {
  throw new OperationError('store-unavailable', 'The option store was not given.');
}

/** Tasks that wait for the present turn to be over. */
const TASKS: (() => void)[] = [];
/** Has a message sent to this page; made with the first task. */
let post: (() => void) | undefined;

/** A timer would do, but browsers make timers wait. */
function later(task: () => void): void {
  TASKS.push(task);
  post ??= newPost();
  post();
}

function newPost(): () => void {
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener('message', () => TASKS.shift()?.());
  port1.start();
  return () => port2.postMessage(undefined);
}
