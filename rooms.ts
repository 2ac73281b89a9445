// The rooms of the project as data: which folder may import which, and why it exists. docs/ARCHITECTURE.md
// tells the same at length; `tidy` (test/tidy.test.ts) holds every import against this table, and quotes
// the sentence of the room that was broken. The idea: imports go down only, so that a room can be read,
// tested and replaced without the rooms above it.
// What it does not hold: rooms to come. A row is added with the room's first file.
// Longer than 400 lines because it is a table, a row per room.

/** The name of a room; also how other rows refer to it. */
export type RoomName =
  | 'base'
  | 'packet'
  | 'topic'
  | 'session'
  | 'store'
  | 'store/memory'
  | 'store/sqlite'
  | 'store/indexed-db'
  | 'auth'
  | 'auth/rules'
  | 'auth/jwt'
  | 'auth/http'
  | 'transport'
  | 'transport/tcp'
  | 'transport/tls'
  | 'transport/websocket'
  | 'transport/web'
  | 'broker'
  | 'client'
  | 'control'
  | 'config'
  | 'server'
  | 'browser'
  | 'load'
  | 'cli'
  | 'exports'
  | 'test'
  | 'test/threats'
  | 'conformance'
  | 'sim'
  | 'fuzz'
  | 'soak'
  | 'bench'
  | 'scripts'
  | 'examples';

/** What a room may see of another: all of it, its types, the interface in its `contract.ts`, or one other file. */
export type Permission = RoomName | `types of ${RoomName}` | `contract of ${RoomName}` | `src/${string}.ts`;

/** One room. */
export interface Room {
  readonly name: RoomName;
  /** Its folder, from the root; a room inside another room's folder is a room of its own. */
  readonly folder: string;
  /** Imports go from a higher rank to a lower one, or within a folder. */
  readonly rank: number;
  readonly sentence: string;
  readonly imports: readonly Permission[];
  /** The modules of Node.js that it may import. */
  readonly node: readonly string[] | 'any';
  /** The npm packages that it may import. */
  readonly packages: readonly string[] | 'any';
}

/** Everything but `cli`, which nobody imports. */
const ALL_BUT_CLI: readonly Permission[] = [
  'base',
  'packet',
  'topic',
  'session',
  'store',
  'store/memory',
  'store/sqlite',
  'store/indexed-db',
  'auth',
  'auth/rules',
  'auth/jwt',
  'auth/http',
  'transport',
  'transport/tcp',
  'transport/tls',
  'transport/websocket',
  'transport/web',
  'broker',
  'client',
  'control',
  'config',
  'server',
  'browser',
];

/** The table of rooms, lowest first. */
export const ROOMS: readonly Room[] = [
  {
    name: 'base',
    folder: 'src/base',
    rank: 0,
    sentence: 'what has no MQTT word in it: claims, byte writers, queues, time, chance, logs, errors',
    imports: [],
    node: [],
    packages: [],
  },
  {
    name: 'packet',
    folder: 'src/packet',
    rank: 1,
    sentence: 'bytes to packets and back, for MQTT 3.1, 3.1.1 and 5.0',
    imports: ['base'],
    node: [],
    packages: [],
  },
  {
    name: 'topic',
    folder: 'src/topic',
    rank: 1,
    sentence: 'topic names and filters, and the structures that match them',
    imports: ['base'],
    node: [],
    packages: [],
  },
  {
    name: 'session',
    folder: 'src/session',
    rank: 2,
    sentence: 'the QoS 0/1/2 machine of one peer, the same for broker and client; it knows no routing, store or socket',
    imports: ['base', 'packet'],
    node: [],
    packages: [],
  },
  {
    name: 'store',
    folder: 'src/store',
    rank: 3,
    sentence: 'the contract of what must outlive the process, and the queues over it',
    imports: ['base', 'types of packet', 'topic'],
    node: [],
    packages: [],
  },
  {
    name: 'store/memory',
    folder: 'src/store/memory',
    rank: 3,
    sentence: 'the store contract in memory',
    imports: ['base', 'types of packet', 'topic', 'store'],
    node: [],
    packages: [],
  },
  {
    name: 'store/sqlite',
    folder: 'src/store/sqlite',
    rank: 3,
    sentence: 'the store contract on disk: SQLite in a worker thread, one fsync for all that arrived meanwhile',
    imports: ['base', 'packet', 'topic', 'store'],
    node: ['node:sqlite', 'node:worker_threads', 'node:fs', 'node:path', 'node:zlib'],
    packages: [],
  },
  {
    name: 'store/indexed-db',
    folder: 'src/store/indexed-db',
    rank: 3,
    sentence: 'the store contract in a browser: in memory, and every change in IndexedDB',
    imports: ['base', 'packet', 'topic', 'store', 'store/memory'],
    node: [],
    packages: [],
  },
  {
    name: 'auth',
    folder: 'src/auth',
    rank: 3,
    sentence: 'who a client is, and what it may do',
    imports: ['base', 'topic'],
    node: ['node:crypto', 'node:util'],
    packages: [],
  },
  {
    name: 'auth/rules',
    folder: 'src/auth/rules',
    rank: 3,
    sentence: 'what a client may do, by rules: the first one that is about it decides',
    imports: ['base', 'topic', 'contract of auth'],
    node: ['node:net'],
    packages: [],
  },
  {
    name: 'auth/jwt',
    folder: 'src/auth/jwt',
    rank: 3,
    sentence: 'who a client is, by a token that somebody has signed',
    imports: ['base', 'auth'],
    node: ['node:crypto'],
    packages: ['jose'],
  },
  {
    name: 'auth/http',
    folder: 'src/auth/http',
    rank: 3,
    sentence: 'who a client is, and what it may do, by the answer of an HTTP server',
    imports: ['base', 'auth', 'auth/rules'],
    node: ['node:crypto'],
    packages: ['undici'],
  },
  {
    name: 'transport',
    folder: 'src/transport',
    rank: 3,
    sentence: 'the contract of a network: bytes in, bytes out, back-pressure; it knows no packet',
    imports: ['base'],
    node: [],
    packages: [],
  },
  {
    name: 'transport/tcp',
    folder: 'src/transport/tcp',
    rank: 3,
    sentence: 'the transport contract over TCP and Unix sockets, and the PROXY header before them; it knows no packet',
    imports: ['base', 'transport'],
    node: ['node:net', 'node:fs', 'node:fs/promises'],
    packages: [],
  },
  {
    name: 'transport/tls',
    folder: 'src/transport/tls',
    rank: 3,
    sentence: 'the transport contract over TLS; it is handed keys and certificates, and reads no files',
    imports: ['base', 'transport', 'transport/tcp'],
    node: ['node:crypto', 'node:net', 'node:tls'],
    packages: [],
  },
  {
    name: 'transport/websocket',
    folder: 'src/transport/websocket',
    rank: 3,
    sentence:
      'the transport contract over WebSocket, plain and secure; frames end here, and packets know nothing of them',
    imports: ['base', 'transport', 'transport/tcp', 'transport/tls'],
    node: ['node:http', 'node:https', 'node:net', 'node:tls'],
    packages: ['ws'],
  },
  {
    name: 'transport/web',
    folder: 'src/transport/web',
    rank: 3,
    sentence: 'the transport contract over the WebSocket of a browser, which shows a page less than a program sees',
    imports: ['base', 'transport'],
    node: [],
    packages: [],
  },
  {
    name: 'broker',
    folder: 'src/broker',
    rank: 4,
    sentence:
      'connect, subscribe, route, retain, will and expire; it is handed stores, networks and authenticators as interfaces',
    imports: [
      'base',
      'packet',
      'topic',
      'session',
      'contract of store',
      'src/store/delivery-queue.ts',
      'src/store/expiry.ts',
      'src/store/queue-totals.ts',
      'contract of auth',
      'src/auth/expiring-map.ts',
      'src/auth/rules/address-range.ts',
      'contract of transport',
    ],
    node: [],
    packages: [],
  },
  {
    name: 'client',
    folder: 'src/client',
    rank: 4,
    sentence: 'the MQTT client: promises and iterators round a session, on any network it is handed',
    imports: [
      'base',
      'packet',
      'topic',
      'session',
      'contract of store',
      'src/store/delivery-queue.ts',
      'src/store/expiry.ts',
      'src/store/queue-totals.ts',
      'contract of transport',
    ],
    node: [],
    packages: [],
  },
  {
    name: 'control',
    folder: 'src/control',
    rank: 5,
    sentence:
      'what an operator asks of a running broker, over a Unix socket: both sides of it; who answers is handed in',
    imports: ['base', 'types of broker', 'src/transport/tcp/unix-listener.ts'],
    node: ['node:fs/promises', 'node:http', 'node:readline', 'node:timers/promises'],
    packages: [],
  },
  {
    name: 'config',
    folder: 'src/config',
    rank: 6,
    sentence: 'one row per option, from which the file, the flags, their checks and their help come',
    imports: [
      'base',
      'types of broker',
      'types of client',
      'types of transport',
      'types of auth',
      'types of auth/rules',
      'src/auth/limits.ts',
      'src/auth/sources.ts',
      'src/broker/limits.ts',
      'src/broker/rules.ts',
      'src/auth/rules/address-range.ts',
      'src/auth/rules/topic-pattern.ts',
    ],
    node: ['node:fs'],
    packages: ['yaml'],
  },
  {
    name: 'server',
    folder: 'src/server',
    rank: 7,
    sentence: 'the one place where stores, listeners, authenticators, clocks and logs are chosen and put together',
    imports: [
      'base',
      'packet',
      'topic',
      'session',
      'store',
      'store/memory',
      'store/sqlite',
      'auth',
      'auth/rules',
      'auth/jwt',
      'auth/http',
      'transport',
      'transport/tcp',
      'transport/tls',
      'transport/websocket',
      'broker',
      'client',
      'control',
      'config',
    ],
    node: 'any',
    packages: ['pino', 'pino-pretty', 'pkijs', 'asn1js'],
  },
  {
    name: 'browser',
    folder: 'src/browser',
    rank: 7,
    sentence: 'the same for a client in a browser: WebSocket, IndexedDB, the clock and the chance of a page',
    imports: [
      'base',
      'packet',
      'session',
      'store',
      'store/indexed-db',
      'transport',
      'transport/web',
      'client',
      'src/topic/filter-trie.ts',
      'src/auth/scram-client-exchange.ts',
      'src/auth/scram-terms.ts',
      'src/auth/prepare-password.ts',
    ],
    node: [],
    packages: [],
  },
  {
    name: 'exports',
    folder: 'src/exports',
    rank: 8,
    sentence: 'the public doors of the published package, one file each',
    imports: ALL_BUT_CLI,
    node: [],
    packages: [],
  },
  {
    name: 'load',
    folder: 'src/load',
    rank: 9,
    sentence: 'load for any broker, what it shows, and MQTT measured against HTTP; a lean client of its own',
    imports: [
      'base',
      'packet',
      'client',
      'contract of transport',
      'src/transport/tcp/tcp-address.ts',
      'server',
      'exports',
    ],
    node: 'any',
    packages: [],
  },
  {
    name: 'cli',
    folder: 'src/cli',
    rank: 10,
    sentence: 'the commands of `vouch`, one file each',
    imports: [
      'base',
      'packet',
      'client',
      'control',
      'config',
      'server',
      'load',
      'types of auth',
      'types of auth/rules',
      'src/auth/sources.ts',
    ],
    node: 'any',
    packages: [],
  },
  {
    name: 'conformance',
    folder: 'conformance',
    rank: 11,
    sentence: 'a row per normative statement of the specifications, and what shows that it holds',
    imports: [
      'base',
      'packet',
      'auth',
      'types of config',
      'store/memory',
      'broker',
      'client',
      'server',
      'exports',
      'test',
    ],
    node: 'any',
    packages: ['aedes', 'ws'],
  },
  {
    name: 'test',
    folder: 'test',
    rank: 11,
    sentence: 'the tests that no single file owns',
    imports: [...ALL_BUT_CLI, 'exports', 'load', 'conformance', 'scripts'],
    node: 'any',
    packages: 'any',
  },
  {
    name: 'test/threats',
    folder: 'test/threats',
    rank: 11,
    sentence: 'known attacks on MQTT brokers, a row and a test each',
    imports: [...ALL_BUT_CLI, 'exports', 'test', 'conformance'],
    node: 'any',
    packages: ['ws'],
  },
  {
    name: 'sim',
    folder: 'sim',
    rank: 11,
    sentence:
      'seeded network, clock, disk and crashes round the real broker, client and sessions; checkers that forgive nothing',
    imports: [...ALL_BUT_CLI, 'test'],
    node: 'any',
    packages: ['fast-check'],
  },
  {
    name: 'fuzz',
    folder: 'fuzz',
    rank: 11,
    sentence: 'bytes that nobody should send, for the codec and for the broker, and what must hold all the same',
    imports: [...ALL_BUT_CLI, 'conformance', 'test'],
    node: 'any',
    packages: 'any',
  },
  {
    name: 'soak',
    folder: 'soak',
    rank: 11,
    sentence: 'floods against a real broker beside good clients, and what these had to suffer',
    imports: ['base', 'auth', 'server', 'exports', 'test', 'conformance'],
    node: 'any',
    packages: [],
  },
  {
    name: 'bench',
    folder: 'bench',
    rank: 11,
    sentence: 'how fast it is, alone and beside other brokers',
    imports: [...ALL_BUT_CLI, 'exports', 'test'],
    node: 'any',
    packages: 'any',
  },
  {
    name: 'scripts',
    folder: 'scripts',
    rank: 11,
    sentence: 'what the scripts of package.json run',
    imports: [...ALL_BUT_CLI, 'conformance', 'test/threats'],
    node: 'any',
    packages: 'any',
  },
  {
    name: 'examples',
    folder: 'examples',
    rank: 11,
    sentence: 'programs to copy: they see the package alone, by its name, as every other program does',
    imports: [],
    node: 'any',
    packages: ['vouch'],
  },
];

/** The rooms that see no socket, timer, clock, disk or chance; tsconfig.pure.json compiles them with no types but their own. */
export const PURE_ROOMS: readonly RoomName[] = ['base', 'packet', 'topic', 'session'];

/** The rooms of src/ that may read a clock or draw a random number; the others are handed theirs. */
export const ROOMS_WITH_A_CLOCK: readonly RoomName[] = ['server', 'browser', 'load', 'cli'];

/** Modules of Node.js that one file loads for all others in src/, which may name their types only. */
export const LOADED_BY: Readonly<Record<string, string>> = {
  'node:sqlite': 'src/store/sqlite/node-sqlite.ts',
};

/** Files that may be longer than others because they are tables of data; each with its reason. */
export const TABLES: Readonly<Record<string, string>> = {
  'conformance/requirements.ts': 'a row per normative statement',
  'rooms.ts': 'a row per room',
};
