// The brokers that the client is tested against, each started for one scenario, with everything in memory: Vouch in this process,
// Debian's mosquitto as a process, and aedes, which speaks MQTT 3.1 and 3.1.1 only, in this process.
//
// What a broker does not do is a row of its `lacks`: the scenario is skipped there, by name, with the reason. Where the
// specification leaves it no choice, the reason names the statement. What it does otherwise is a field that the scenarios ask.

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Aedes } from 'aedes';
import { createBroker } from '../../src/exports/broker.ts';
import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import { skipUnless } from '../require.ts';
import type { ScenarioName } from './scenario.ts';

/** What a scenario asks of its broker beyond the defaults. */
export interface BrokerSettings {
  /** Nobody else may connect. */
  readonly user?: { readonly name: string; readonly password: string };
  /** How many messages of QoS 1 and 2 a client may send ahead of their acknowledgement; MQTT 5.0. */
  readonly receiveMaximum?: number;
}

/** A broker that runs. */
export interface StartedBroker {
  readonly port: number;
  /** Ends it; nothing is left of its sessions. */
  stop(): Promise<void>;
}

/** A scenario that a broker cannot take part in. */
export interface Lack {
  readonly scenario: ScenarioName;
  readonly versions: readonly ProtocolVersion[];
  readonly because: string;
}

/** A broker to test against. */
export interface TestedBroker {
  readonly name: string;
  readonly versions: readonly ProtocolVersion[];
  /** Why nothing can be tested against it on this machine. */
  readonly skip: string | false;
  readonly lacks: readonly Lack[];
  /** After a cut it sends again what was not acknowledged before it sends anything new [MQTT-4.6.0-6]. */
  readonly isOrdered: boolean;
  start(settings: BrokerSettings): Promise<StartedBroker>;
}

/** Ours. */
export const VOUCH: TestedBroker = {
  name: 'Vouch',
  versions: [3, 4, 5],
  skip: false,
  lacks: [],
  isOrdered: true,
  start: async ({ user, receiveMaximum }) => {
    const broker = createBroker({
      ...(receiveMaximum === undefined ? {} : { limits: { receiveMaximum } }),
      ...(user === undefined
        ? {}
        : {
            authenticator: {
              authenticate: ({ userName, password }) =>
                userName === user.name && Buffer.from(password ?? []).toString() === user.password
                  ? { kind: 'accepted', principal: userName }
                  : { kind: 'refused', reasonCode: 0x86, detail: 'wrong user name or password' },
            },
          }),
    });
    const { port } = await broker.listen({ host: '127.0.0.1', port: 0 });
    return { port, stop: () => broker.close() };
  },
};

const MOSQUITTO_PROGRAM = ['/usr/sbin', '/usr/local/sbin', ...(process.env['PATH'] ?? '').split(path.delimiter)]
  .map((folder) => path.join(folder, 'mosquitto'))
  .find((program) => existsSync(program));

/** Debian's. */
export const MOSQUITTO: TestedBroker = {
  name: 'mosquitto',
  versions: [3, 4, 5],
  skip: skipUnless('interop', MOSQUITTO_PROGRAM !== undefined, 'mosquitto is not installed (Debian: mosquitto)'),
  lacks: [
    { scenario: 'alias-in', versions: [5], because: 'mosquitto 2.0 sends no topic aliases, which it need not' },
    {
      scenario: 'taken-over',
      versions: [5],
      because: 'mosquitto 2.0 closes the connection without DISCONNECT, against [MQTT-3.1.4-3]',
    },
  ],
  isOrdered: true,
  start: async ({ user, receiveMaximum }) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'vouch-mosquitto-'));
    const port = await freePort();
    const config = path.join(folder, 'mosquitto.conf');
    const lines = [`listener ${port} 127.0.0.1`, 'log_type error', 'max_queued_messages 0', 'set_tcp_nodelay true'];
    if (receiveMaximum !== undefined) lines.push(`max_inflight_messages ${receiveMaximum}`);
    if (user === undefined) {
      lines.push('allow_anonymous true');
    } else {
      const passwords = path.join(folder, 'passwords');
      writeFileSync(passwords, passwordLine(user));
      lines.push('allow_anonymous false', `password_file ${passwords}`);
    }
    // Started by root, it would become a user who may not read here.
    if (process.getuid?.() === 0) lines.push('user root');
    writeFileSync(config, `${lines.join('\n')}\n`);
    const child = spawn(MOSQUITTO_PROGRAM ?? 'mosquitto', ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (text: Buffer) => {
      complaint += text.toString();
    });
    const exited = once(child, 'exit');
    // Also where a test is broken off.
    const endWithUs = (): void => void child.kill('SIGKILL');
    process.once('exit', endWithUs);
    while (!(await accepts(port))) {
      if (child.exitCode !== null) throw new Error(`mosquitto did not start: ${complaint}`);
    }
    return {
      port,
      stop: async () => {
        process.off('exit', endWithUs);
        child.kill('SIGKILL');
        await exited;
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};

/** Of npm. */
export const AEDES: TestedBroker = {
  name: 'aedes',
  versions: [3, 4],
  skip: false,
  lacks: [
    {
      scenario: 'cut-receive-2',
      versions: [4],
      because:
        'aedes 1.2 sends a PUBLISH again, without DUP, when it has sent the PUBREL, against [MQTT-4.3.3-1] of 3.1.1',
    },
  ],
  isOrdered: false,
  start: async ({ user }) => {
    const broker = await Aedes.createBroker();
    if (user !== undefined) {
      broker.authenticate = (_client, name, password, done) => {
        done(null, name === user.name && password?.toString() === user.password);
      };
    }
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      broker.handle(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return {
      port: typeof address === 'object' && address !== null ? address.port : 0,
      stop: async () => {
        const closed = once(server, 'close');
        server.close();
        for (const socket of sockets) socket.destroy();
        await closed;
        await new Promise<void>((resolve) => {
          broker.close(() => resolve());
        });
      },
    };
  },
};

/** A user as mosquitto's password files have it: a salt, and the SHA-512 of the password with it. */
function passwordLine({ name, password }: NonNullable<BrokerSettings['user']>): string {
  const salt = randomBytes(12);
  const hash = createHash('sha512').update(password).update(salt).digest('base64');
  return `${name}:$6$${salt.toString('base64')}$${hash}\n`;
}

/** A port of 127.0.0.1 that nobody listens on; mosquitto cannot be asked which one it took. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
