import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, it } from 'node:test';
import { WebSocket } from 'ws';
import type { Listener, NetworkConnection } from '../contract.ts';
import { connectWebSocket } from './web-socket-connect.ts';
import { listenWebSocket } from './web-socket-listener.ts';

/** A listener that remembers whom it let in and whom not, and echoes. */
interface Door {
  readonly listener: Listener;
  readonly accepted: NetworkConnection[];
  readonly refusals: string[];
  /** Why each connection was closed. */
  readonly causes: (string | undefined)[];
  /** Waits until a claim about the above holds. */
  until(claim: () => boolean): Promise<void>;
}

const doors: Door[] = [];
after(async () => {
  for (const { accepted, listener } of doors) {
    for (const connection of accepted) connection.destroy();
    await listener.close();
  }
});

async function openDoor(origins: readonly string[] = []): Promise<Door> {
  const accepted: NetworkConnection[] = [];
  const refusals: string[] = [];
  const causes: (string | undefined)[] = [];
  let wake = (): void => {};
  const options = {
    host: '127.0.0.1',
    port: 0,
    tls: undefined,
    webSocket: { path: '/mqtt', origins },
    messageBytesMax: 100_000,
    waiting: {
      millisMax: 10_000,
      onRefused: (_remote: string, reason: string) => {
        refusals.push(reason);
        wake();
      },
    },
  } as const;
  const listener = await listenWebSocket(options, (connection) => {
    accepted.push(connection);
    return {
      receive: (bytes, start, end) => {
        const writer = connection.writer();
        writer.reserve(end - start);
        writer.raw(bytes.subarray(start, end));
        connection.wrote();
      },
      drained() {},
      closed: (cause) => {
        causes.push(cause?.message);
        wake();
      },
    };
  });
  const until = async (claim: () => boolean): Promise<void> => {
    while (!claim()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const door = { listener, accepted, refusals, causes, until };
  doors.push(door);
  return door;
}

/** The HTTP status and the body of the answer to an upgrade with these headers. */
async function answerTo(door: Door, path: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const asked = request({ host: '127.0.0.1', port: door.listener.port, path, headers }).end();
  return await new Promise((resolve, reject) => {
    asked.once('error', reject);
    asked.once('upgrade', (response, socket) => {
      socket.destroy();
      resolve(`${response.statusCode} ${response.headers['sec-websocket-protocol'] ?? ''}`);
    });
    asked.once('response', (response) => {
      let text = `${response.statusCode} `;
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.once('end', () => resolve(text));
    });
  });
}

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
} as const;
const MQTT = { ...UPGRADE, 'sec-websocket-protocol': 'mqtt' } as const;

async function dial(door: Door): Promise<WebSocket> {
  const webSocket = new WebSocket(door.listener.url, 'mqtt').on('error', () => {});
  await once(webSocket, 'open');
  return webSocket;
}

it('a listener knows its URL, and a connection its peer', async () => {
  const door = await openDoor();
  assert.equal(door.listener.url, `ws://127.0.0.1:${door.listener.port}/mqtt`);
  const webSocket = await dial(door);
  assert.match(door.accepted[0]?.remote ?? '', /^127\.0\.0\.1:\d+$/u);
  webSocket.close();
});

// [MQTT-6.0.0-3] [MQTT-6.0.0-4]
it('the subprotocol is mqtt, or mqttv3.1 for those that know no other; who offers neither is refused', async () => {
  const door = await openDoor();
  const offer = (protocols: string) => answerTo(door, '/mqtt', { ...UPGRADE, 'sec-websocket-protocol': protocols });
  assert.equal(await offer('mqtt'), '101 mqtt');
  assert.equal(await offer('mqttv3.1'), '101 mqttv3.1');
  assert.equal(await offer('mqttv3.1, mqtt'), '101 mqtt');
  assert.equal(
    await offer('chat, MQTT'),
    '400 Refused, because it offers neither of the subprotocols mqtt and mqttv3.1.\n',
  );
  assert.match(await answerTo(door, '/mqtt', UPGRADE), /^400 Refused/u);
  assert.equal(door.refusals.length, 2);
});

it('another path, and another request than an upgrade, are told where MQTT is', async () => {
  const door = await openDoor();
  assert.equal(await answerTo(door, '/', MQTT), '404 Refused, because it asked for "/", and MQTT is at /mqtt.\n');
  assert.equal(await answerTo(door, '/mqtt?token=1', MQTT), '101 mqtt');
  assert.equal(await answerTo(door, '/', {}), '426 MQTT is spoken here over WebSocket, at /mqtt.\n');
  assert.deepEqual(door.refusals, [
    'it asked for "/", and MQTT is at /mqtt',
    'it sent an HTTP request that does not ask for WebSocket',
  ]);
});

it('a handshake that WebSocket forbids is refused, and told with what is wrong', async () => {
  const door = await openDoor();
  const version = await answerTo(door, '/mqtt', { ...MQTT, 'sec-websocket-version': '7' });
  assert.equal(version, '400 Refused, because Missing or invalid Sec-WebSocket-Version header.\n');
  assert.match(await answerTo(door, '/mqtt', { ...MQTT, 'sec-websocket-key': 'short' }), /^400 Refused/u);
  assert.deepEqual(door.refusals, [
    'its WebSocket handshake is not valid: Missing or invalid Sec-WebSocket-Version header',
    'its WebSocket handshake is not valid: Missing or invalid Sec-WebSocket-Key header',
  ]);
});

it('threat 61: pages of an origin that is not listed are refused; programs name none, and are not', async () => {
  const door = await openDoor(['https://app.example']);
  const from = (origin: string) => answerTo(door, '/mqtt', { ...MQTT, origin });
  assert.equal(await from('https://app.example'), '101 mqtt');
  for (const origin of ['https://app.example:8443', 'http://app.example', 'null', 'https://app.example.evil']) {
    assert.match(await from(origin), /^403 Refused, because pages of .* may not connect/u);
  }
  assert.equal(await answerTo(door, '/mqtt', MQTT), '101 mqtt');
  const open = await openDoor(['*']);
  assert.equal(await answerTo(open, '/mqtt', { ...MQTT, origin: 'http://anywhere' }), '101 mqtt');
});

// [MQTT-6.0.0-1]
it('a text frame closes the connection', async () => {
  const door = await openDoor();
  const webSocket = await dial(door);
  webSocket.send('text');
  assert.equal(await closeCode(webSocket), 1003);
  await door.until(() => door.causes.length > 0);
  assert.deepEqual(door.causes, ['A text frame came; MQTT is sent in binary frames.']);
});

it('threat 60: nothing is compressed, although a client offers it', async () => {
  const door = await openDoor();
  const webSocket = new WebSocket(door.listener.url, 'mqtt', { perMessageDeflate: true });
  await once(webSocket, 'open');
  assert.equal(webSocket.extensions, '');
  webSocket.close();
});

it('threat 60: a message that is too long, or in too many fragments, closes the connection', async () => {
  const door = await openDoor();
  const long = await dial(door);
  long.send(new Uint8Array(100_001));
  assert.equal(await closeCode(long), 1009);
  const many = await dial(door);
  for (let i = 0; i < 5_000; i++) many.send(new Uint8Array(1), { fin: false });
  assert.equal(await closeCode(many), 1008);
  await door.until(() => door.causes.length === 2);
});

it('threat 60: a ping is answered, and a flood of pings whose answers nobody reads ends the connection', async () => {
  const door = await openDoor();
  const webSocket = await dial(door);
  webSocket.ping('a');
  const data = await new Promise<Buffer>((resolve) => {
    webSocket.once('pong', resolve);
  });
  assert.equal(data.toString(), 'a');
  webSocket.close();
  await once(webSocket, 'close');

  const flooding = await rawWebSocket(door);
  flooding.pause();
  const ended = closed(flooding);
  const ping = Buffer.concat([Buffer.from('89fd00000000', 'hex'), Buffer.alloc(125)]);
  const pings = Buffer.concat(Array.from({ length: 1_000 }, () => ping));
  const pour = (): void => {
    if (!flooding.destroyed) flooding.write(pings, () => setImmediate(pour));
  };
  pour();
  await ended;
});

it('what does not speak WebSocket is closed, and told of', async () => {
  const door = await openDoor();
  for (const bytes of [Buffer.from('101000044d51545404020000000461626364', 'hex'), Buffer.alloc(100, 0xff)]) {
    const socket = connect(door.listener.port, '127.0.0.1').on('error', () => {});
    socket.resume().write(bytes);
    await closed(socket);
  }
  assert.deepEqual(door.refusals, [
    'it sent something that is no HTTP request',
    'it sent something that is no HTTP request',
  ]);
  assert.equal(door.accepted.length, 0);
});

it('threat 60: frames that break the rules of WebSocket close the connection, and nothing else', async () => {
  const door = await openDoor();
  const frames = ['8201ff', 'c281000000000a', '838100000000ff', '8bfe0100', '82ff7fffffffffffffff', '80810000000000'];
  for (const frame of frames) {
    const socket = await rawWebSocket(door);
    const ended = closed(socket);
    socket.resume().write(Buffer.from(frame, 'hex'));
    await ended;
  }
  await door.until(() => door.causes.length === frames.length);
  assert.equal((await dial(door)).readyState, WebSocket.OPEN);
});

it('a client is told where a place is no place for it', async () => {
  const door = await openDoor();
  const { port } = door.listener;
  const idle = { receive() {}, drained() {}, closed() {} };
  const plain = { host: '127.0.0.1', port, tls: undefined, packetBytesMax: 1_000_000 };
  await assert.rejects(connectWebSocket({ ...plain, path: '/x' }, idle), {
    code: 'connection-refused',
    message: `ws://127.0.0.1:${port}/x is no place where MQTT is spoken over WebSocket: the answer was HTTP status 404. Is it another path?`,
  });
  await door.listener.close();
  await assert.rejects(connectWebSocket({ ...plain, path: '/mqtt' }, idle), {
    code: 'connection-refused',
    message: `Nothing listens on 127.0.0.1, port ${port}. Is the broker running there?`,
  });
  const signal = AbortSignal.abort(new Error('changed my mind'));
  await assert.rejects(connectWebSocket({ ...plain, path: '/', signal }, idle), {
    message: 'changed my mind',
  });
});

/** A socket behind the upgrade, to send frames by hand. */
async function rawWebSocket(door: Door): Promise<Socket> {
  const asked = request({ host: '127.0.0.1', port: door.listener.port, path: '/mqtt', headers: MQTT }).end();
  return await new Promise((resolve, reject) => {
    asked.once('error', reject);
    asked.once('upgrade', (_response, socket: Socket) => resolve(socket.on('error', () => {})));
  });
}

/** Waits for the Close frame, and gives its status code. */
function closeCode(webSocket: WebSocket): Promise<number> {
  return new Promise((resolve) => {
    webSocket.once('close', resolve);
  });
}

/** Waits for the end, whatever it is. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
}
