// `npm run bench:passwords`: how fast many clients with user names and passwords of their own are in, at first and when they come
// back, beside clients that nobody asks. A client that is told that the server is busy comes again soon, as clients do.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { hashPassword, scramPassword, showHash } from '../src/auth/password-hash.ts';
import { scramClient } from '../src/auth/scram-client.ts';
import type { ScramClient } from '../src/auth/scram-client-exchange.ts';
import { ByteWriter } from '../src/base/byte-writer.ts';
import { PacketDecoder } from '../src/packet/decoder.ts';
import { encodePacket } from '../src/packet/encode.ts';
import type { Packet } from '../src/packet/packet.ts';
import { NO_AUTH_PROPERTIES, NO_CONNECT_PROPERTIES } from '../src/packet/properties.ts';
import { createTopicTable } from '../src/packet/topic-name.ts';
import { NODE_RANDOM } from '../src/server/node-parts.ts';
import { freePort, startVouch } from './brokers.ts';
import { residentMebibytes } from './thread-cpu.ts';

const HELP = `Usage: npm run bench:passwords -- [options]

Connects many clients, cuts all, and connects them again. Needs Linux, and as many file descriptors.

  --clients N    Default: 10000.
  --kind KIND    Of hash: argon2id (ours), sha512-pbkdf2 (that of mosquitto_passwd), scram (SCRAM-SHA-256, whose keys
                 the clients derive the first time), none (nobody is asked). Default: argon2id.
                 The first time 10,000 of argon2id take minutes.
`;

const PASSWORD = 'correct horse';
/** What mosquitto_passwd makes of it. */
const PBKDF2 =
  '$7$101$1c5rMQukh5DYYQga$m/II0B92xKZj+qEu4std7ZRQzsAJo+o838VpSShcOVVCSmdxE3KmCGcOvps1QhHC0W0mF5ACIrZsZulSSLCOrQ==';
/** Connections that are being opened at a time; a fleet does not hit one listener with more. */
const AT_A_TIME = 500;
const BUSY = [0x88, 0x89];
const BUSY_WAIT_MILLIS = 500;

/** A client for each user, so that a client that comes back has its keys. */
const SCRAM_CLIENTS = new Map<string, ScramClient>();

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '10000' },
    kind: { type: 'string', default: 'argon2id' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else await measure(Number(values.clients), values.kind);

async function measure(count: number, kind: string): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-passwords-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const file = path.join(folder, 'users.passwd');
  // One hash will do: each user of it is checked by itself, and making as many would take minutes.
  const hash = await hashOf(kind);
  writeFileSync(file, Array.from({ length: count }, (_, n) => `user${n}:${hash}\n`).join(''), { mode: 0o600 });
  const port = await freePort();
  const flags = kind === 'none' ? [] : ['--password-file', file];
  const broker = await startVouch(['--port', `${port}`, '--store', 'memory', ...flags]);
  console.log(`${count} clients, ${kind}`);
  for (const what of ['the first time', 'coming back', 'coming back again']) {
    const startedAt = performance.now();
    const { sockets, refusals } = await connectAll(port, count, kind);
    const seconds = (performance.now() - startedAt) / 1000;
    const rate = Math.round(count / seconds);
    const memory = residentMebibytes(broker.pid ?? 0).toFixed(0);
    console.log(
      `  ${what}: all in after ${seconds.toFixed(2)} s, ${rate} a second, ${refusals} told to wait, ${memory} MiB`,
    );
    for (const socket of sockets) socket.destroy();
    await wait(1000); // Until the broker has seen that they are gone.
  }
  broker.kill('SIGKILL');
}

async function hashOf(kind: string): Promise<string> {
  const password = Buffer.from(PASSWORD);
  if (kind === 'argon2id') return showHash(await hashPassword(password, NODE_RANDOM));
  return kind === 'scram' ? showHash(await scramPassword(password, 4096, NODE_RANDOM)) : PBKDF2;
}

async function connectAll(
  port: number,
  count: number,
  kind: string,
): Promise<{ readonly sockets: readonly Socket[]; readonly refusals: number }> {
  const sockets: Socket[] = [];
  let next = 0;
  let refusals = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const n = next++;
      for (;;) {
        const socket = await open(port, n, kind);
        if (socket !== undefined) {
          sockets.push(socket);
          break;
        }
        refusals++;
        await wait(BUSY_WAIT_MILLIS);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  return { sockets, refusals };
}

/** `undefined`: told to come again. */
async function open(port: number, n: number, kind: string): Promise<Socket | undefined> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const packets = packetsOf(socket);
  const exchange = kind === 'scram' ? scramOf(`user${n}`).begin() : undefined;
  const isPlain = kind !== 'none' && exchange === undefined;
  const method = exchange === undefined ? undefined : 'SCRAM-SHA-256';
  write(socket, {
    kind: 'connect',
    version: 5,
    bridge: false,
    clean: true,
    keepAlive: 0,
    will: undefined,
    clientId: `client${n}`,
    userName: isPlain ? `user${n}` : undefined,
    password: isPlain ? Buffer.from(PASSWORD) : undefined,
    properties: { ...NO_CONNECT_PROPERTIES, authenticationMethod: method, authenticationData: exchange?.first },
  });
  for await (const packet of packets) {
    if (packet.kind === 'auth' && exchange !== undefined) {
      const authenticationData = await exchange.respond(packet.properties.authenticationData);
      const properties = { ...NO_AUTH_PROPERTIES, authenticationMethod: method, authenticationData };
      write(socket, { kind: 'auth', reasonCode: 0x18, properties });
    } else if (packet.kind === 'connack') {
      if (packet.reasonCode === 0) return socket;
      socket.destroy();
      if (BUSY.includes(packet.reasonCode)) return undefined;
      throw new Error(`client${n} was refused: ${packet.reasonCode}.`);
    }
  }
  throw new Error(`client${n} lost its connection.`);
}

function scramOf(userName: string): ScramClient {
  const known = SCRAM_CLIENTS.get(userName) ?? scramClient(userName, Buffer.from(PASSWORD), NODE_RANDOM);
  SCRAM_CLIENTS.set(userName, known);
  return known;
}

/** What comes, until the reader has enough; the socket stays. */
async function* packetsOf(socket: Socket): AsyncGenerator<Packet> {
  const topics = createTopicTable();
  const decoder = new PacketDecoder({ receives: 'from-server', maximumPacketSize: 65_536, version: 5, topics });
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer;
    decoder.push(bytes, 0, bytes.length);
    for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) yield packet;
    decoder.keep();
  }
}

function write(socket: Socket, packet: Packet): void {
  const writer = new ByteWriter(new Uint8Array(512));
  encodePacket(writer, packet, 5);
  socket.write(writer.bytes.subarray(0, writer.position));
}
