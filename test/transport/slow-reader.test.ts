// A client that does not read, over every transport: what is kept for it has a bound, and others notice nothing.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import type { Duplex } from 'node:stream';
import { after, test } from 'node:test';
import { connect as connectSecure } from 'node:tls';
import { createWebSocketStream, WebSocket } from 'ws';

import { createBroker, type ListenOptions } from '../../src/exports/broker.ts';
import { connect } from '../../src/exports/client.ts';
import { certificateFile, certificateText } from '../support/certificates.ts';

const CA = certificateText('ca.pem');
const TLS = { cert: certificateFile('server.pem'), key: certificateFile('server.key') };
/** CONNECT of client `s` with MQTT 3.1.1, and SUBSCRIBE to `a` with QoS 0. */
const OPENING = Buffer.from('100d00044d5154540402000000017382060001000161 00'.replace(' ', ''), 'hex');
/** CONNACK and SUBACK. */
const ANSWERS_BYTES = 4 + 5;

const MESSAGES = 400;
const PAYLOAD = Buffer.alloc(64 * 1024, 'x');
/** What the system may keep between two sockets of one machine, at the most. */
const SYSTEM_BYTES = 12 * 1024 * 1024;
const OUTBOX_BYTES = 256 * 1024;

const broker = createBroker({ limits: { outboxBytesMax: OUTBOX_BYTES } });
after(() => broker.close());

const WAYS: readonly (readonly [name: string, options: ListenOptions, dial: (port: number) => Duplex])[] = [
  ['TCP', {}, (port) => connectPlain(port, '127.0.0.1')],
  ['TLS', { tls: TLS }, (port) => connectSecure({ port, host: '127.0.0.1', ca: CA, servername: 'localhost' })],
  ['WebSocket', { webSocket: true }, (port) => streamOf(new WebSocket(`ws://127.0.0.1:${port}/mqtt`, 'mqtt'))],
  [
    'WebSocket over TLS',
    { tls: TLS, webSocket: true },
    (port) => streamOf(new WebSocket(`wss://localhost:${port}/mqtt`, 'mqtt', { ca: CA })),
  ],
];

function streamOf(webSocket: WebSocket): Duplex {
  return createWebSocketStream(webSocket);
}

for (const [name, options, dial] of WAYS) {
  test(`what is kept for a client that does not read is bounded over ${name}, and another one gets everything`, async () => {
    const { port } = await broker.listen({ port: 0, ...options });
    const plain = await broker.listen({ port: 0 });
    let dropped = 0;
    const stopCounting = broker.on('messageDropped', (clientId, _topic, reason) => {
      if (clientId === 's' && reason === 'slow-reader') dropped++;
    });
    const slow = dial(port).on('error', () => {});
    slow.write(OPENING);
    for (let received = 0; received < ANSWERS_BYTES; ) {
      const [chunk] = (await once(slow, 'data')) as [Buffer];
      received += chunk.length;
    }
    slow.pause();
    const other = await connect(plain.url);
    const subscription = await other.subscribe('a', { qos: 1 });
    const reading = (async () => {
      let count = 0;
      for await (const message of subscription) {
        assert.equal(message.payload.length, PAYLOAD.length);
        if (++count === MESSAGES) break;
      }
    })();
    for (let n = 0; n < MESSAGES; n++) await other.publish('a', PAYLOAD, { qos: 1 });
    await reading;
    const kept = (MESSAGES - dropped) * PAYLOAD.length;
    assert.ok(kept <= SYSTEM_BYTES + OUTBOX_BYTES + PAYLOAD.length, `${kept} bytes were taken for it`);
    stopCounting();
    slow.destroy();
    await other.disconnect();
  });
}
