import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { it } from 'node:test';
import type { NetworkConnection, NetworkHandler } from '../contract.ts';
import { connectTcp } from './tcp-connect.ts';
import { listenTcp } from './tcp-listener.ts';

const HOST = '127.0.0.1';

/** An owner that does nothing. */
const IDLE: NetworkHandler = { receive() {}, drained() {}, closed() {} };

it('a listener knows its port and its URL', async () => {
  const listener = await listenTcp({ host: HOST, port: 0 }, () => IDLE);
  assert.ok(listener.port > 0);
  assert.equal(listener.url, `mqtt://127.0.0.1:${listener.port}`);
  await listener.close();
});

it('an IPv6 address stands in brackets', async () => {
  const listener = await listenTcp({ host: '::1', port: 0 }, () => IDLE);
  assert.equal(listener.url, `mqtt://[::1]:${listener.port}`);
  await listener.close();
});

it('a connection names its peer by address and port', async () => {
  const accepted = Promise.withResolvers<NetworkConnection>();
  const listener = await listenTcp({ host: HOST, port: 0 }, (connection) => {
    accepted.resolve(connection);
    return IDLE;
  });
  const peer = connect(listener.port, HOST);
  const connection = await accepted.promise;
  assert.equal(connection.remote, `127.0.0.1:${peer.localPort}`);
  peer.destroy();
  await listener.close();
});

it('a port in use is told in a sentence that says what to do', async () => {
  const first = await listenTcp({ host: HOST, port: 0 }, () => IDLE);
  await assert.rejects(
    listenTcp({ host: HOST, port: first.port }, () => IDLE),
    {
      name: 'OperationError',
      code: 'address-in-use',
      message: `Port ${first.port} on 127.0.0.1 is in use by another process. Stop it, or choose another port with --port.`,
    },
  );
  await first.close();
});

it('an address that is not of this machine is told', async () => {
  await assert.rejects(
    listenTcp({ host: '192.0.2.1', port: 0 }, () => IDLE),
    {
      code: 'address-unavailable',
      message: '192.0.2.1 is not an address of this machine. Choose another one with --host.',
    },
  );
});

it('a port that cannot be is the caller’s mistake', async () => {
  await assert.rejects(
    listenTcp({ host: HOST, port: 70_000 }, () => IDLE),
    { name: 'UsageError', code: 'invalid-argument', message: 'A port is a whole number from 0 to 65535, not 70000.' },
  );
});

it('close() frees the port and leaves open connections alone', async () => {
  const accepted = Promise.withResolvers<NetworkConnection>();
  const listener = await listenTcp({ host: HOST, port: 0 }, (connection) => {
    accepted.resolve(connection);
    return IDLE;
  });
  const peer = connect(listener.port, HOST);
  const connection = await accepted.promise;
  await listener.close();
  await listener.close();
  const next = await listenTcp({ host: HOST, port: listener.port }, () => IDLE);

  connection.writer().u8(42);
  connection.wrote();
  const chunk = await new Promise((resolve) => {
    peer.once('data', resolve);
  });
  assert.deepEqual(chunk, Buffer.of(42));
  peer.destroy();
  await next.close();
});

it('connecting where nobody listens is told in a sentence', async () => {
  const listener = await listenTcp({ host: HOST, port: 0 }, () => IDLE);
  await listener.close();
  for (const host of [HOST, 'localhost']) {
    await assert.rejects(connectTcp({ host, port: listener.port }, IDLE), {
      code: 'connection-refused',
      message: `Nothing listens on ${host}, port ${listener.port}. Is the broker running there?`,
    });
  }
});

it('connecting to a name reads like connecting to an address', async () => {
  const listener = await listenTcp({ host: HOST, port: 0 }, (connection) => {
    connection.writer().u8(7);
    connection.wrote();
    connection.end();
    return IDLE;
  });
  const received: number[] = [];
  const closed = Promise.withResolvers<void>();
  await connectTcp(
    { host: 'localhost', port: listener.port },
    {
      ...IDLE,
      receive: (bytes, start, end) => void received.push(...bytes.subarray(start, end)),
      closed: () => closed.resolve(),
    },
  );
  await closed.promise;
  assert.deepEqual(received, [7]);
  await listener.close();
});

it('a connection begins at the local address that is asked for, also to a host that has addresses of both families', async () => {
  const remotes: string[] = [];
  const listener = await listenTcp({ host: HOST, port: 0 }, ({ remote }) => {
    remotes.push(remote.replace(/:\d+$/, ''));
    return IDLE;
  });
  const { port } = listener;
  for (const host of [HOST, 'localhost']) {
    (await connectTcp({ host, port, localAddress: '127.0.0.2' }, IDLE)).destroy();
  }
  await listener.close();
  assert.deepEqual(remotes, ['127.0.0.2', '127.0.0.2']);
});

it('a local address that cannot be, or is not of this machine, is told', async () => {
  const options = { host: HOST, port: 1 };
  await assert.rejects(connectTcp({ ...options, localAddress: 'eth0' }, IDLE), {
    name: 'UsageError',
    code: 'invalid-option',
    message: 'localAddress takes an IP address of this machine; got "eth0".',
  });
  await assert.rejects(connectTcp({ ...options, localAddress: '192.0.2.1' }, IDLE), {
    code: 'connection-refused',
    message: '192.0.2.1 is not an address of this machine.',
  });
});

it('a signal gives up an attempt, and its reason is the error', async () => {
  const reason = new Error('changed my mind');
  const listener = await listenTcp({ host: HOST, port: 0 }, () => IDLE);
  const before = AbortSignal.abort(reason);
  await assert.rejects(connectTcp({ host: HOST, port: listener.port, signal: before }, IDLE), reason);
  const controller = new AbortController();
  const attempt = connectTcp({ host: HOST, port: listener.port, signal: controller.signal }, IDLE);
  controller.abort(reason);
  await assert.rejects(attempt, reason);
  await listener.close();
});

it('a process without free file descriptors keeps its listener and its connections', async () => {
  const { port, stop } = await echoWithFewFiles(64);
  const first = await open(port);
  const crowd = await Promise.all(Array.from({ length: 100 }, () => open(port)));
  // Those that the process has no descriptor for are closed; which ones is the system's choice.
  await Promise.race(crowd.map((socket) => once(socket, 'close')));
  await answer(first);
  for (const socket of crowd) socket.destroy();
  await answer(first);
  await answer(await firstThatIsServed(port));
  await stop();
});

/** Starts a listener that sends every chunk back, as a process with a low limit on open files. */
async function echoWithFewFiles(filesMax: number): Promise<{ port: number; stop: () => Promise<void> }> {
  const script = `
    import { listenTcp } from ${JSON.stringify(new URL('./tcp-listener.ts', import.meta.url).href)};
    const listener = await listenTcp({ host: '127.0.0.1', port: 0 }, (connection) => ({
      receive(bytes, start, end) {
        connection.writer().raw(bytes.subarray(start, end));
        connection.wrote();
      },
      drained() {},
      closed() {},
    }));
    process.stdout.write(String(listener.port));`;
  const limited = ['-c', `ulimit -n ${filesMax} && exec "$0" --input-type=module -e "$1"`, process.execPath, script];
  const child = spawn('sh', limited, { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<number>((resolve) => {
    child.stdout.once('data', (text: Buffer) => resolve(Number(text.toString())));
  });
  const stop = async (): Promise<void> => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  return { port, stop };
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, HOST).on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Sends a byte and waits for it to come back. */
async function answer(socket: Socket): Promise<void> {
  socket.write('?');
  await once(socket, 'data');
}

/** The other process closes what it was left with in its own time: tries until it serves a newcomer. */
async function firstThatIsServed(port: number): Promise<Socket> {
  for (;;) {
    const socket = await open(port);
    const served = await Promise.race([answer(socket).then(() => true), once(socket, 'close').then(() => false)]);
    if (served) return socket;
  }
}
