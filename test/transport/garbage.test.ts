// Bytes that nobody should send, and connections that break at any moment, at every door: nothing falls over, nothing is left
// behind, and whoever comes next is served.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { connect as connectSecure } from 'node:tls';
import fc from 'fast-check';
import { createBroker, type EmbeddedBroker, type ListenOptions } from '../../src/exports/broker.ts';
import { connect } from '../../src/exports/client.ts';
import { certificateFile, certificateText } from '../support/certificates.ts';

const CA = certificateText('ca.pem');
const TLS = { cert: certificateFile('server.pem'), key: certificateFile('server.key') };

const DOORS: Readonly<Record<string, ListenOptions>> = {
  tcp: {},
  tls: { tls: TLS },
  ws: { webSocket: true },
  wss: { webSocket: true, tls: TLS },
};

const UPGRADE =
  'GET /mqtt HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n';

/** What could be at the start, to get a little further than noise does. */
const STARTS: readonly string[] = [
  '',
  '1603010200010001fc0303',
  '15030100020228',
  Buffer.from(UPGRADE).toString('hex'),
  Buffer.from(UPGRADE.replace('/mqtt', '/else')).toString('hex'),
  Buffer.from(UPGRADE.replace('mqtt\r\n', 'chat\r\n')).toString('hex'),
  Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n').toString('hex'),
  `${Buffer.from(UPGRADE).toString('hex')}828000000000`,
  `${Buffer.from(UPGRADE).toString('hex')}8290000000001000e`,
  '100e00044d5154540502003c00000161',
];

let broker: EmbeddedBroker;
const urls = new Map<string, string>();
before(async () => {
  broker = createBroker();
  for (const [name, options] of Object.entries(DOORS)) {
    urls.set(name, (await broker.listen({ port: 0, ...options })).url);
  }
});
after(() => broker.close());

const HOW_IT_ENDS = ['end', 'destroy', 'resetAndDestroy'] as const;

for (const name of Object.keys(DOORS)) {
  for (const isBehindTls of name === 'tls' || name === 'wss' ? [false, true] : [false]) {
    test(`threat 14: any bytes${isBehindTls ? ' behind the handshake' : ''}, and any end, are survived: ${name}`, async () => {
      const url = urls.get(name) ?? assert.fail();
      const port = Number(new URL(url).port);
      const visit = async (start: string, noise: Uint8Array, ending: (typeof HOW_IT_ENDS)[number]): Promise<void> => {
        const raw = connectPlain(port, '127.0.0.1').on('error', () => {});
        const gone = closed(raw);
        await once(raw, 'connect');
        const socket = isBehindTls ? await handshake(raw, name) : raw;
        socket.resume().write(Buffer.concat([Buffer.from(start, 'hex'), noise]), () => {
          if (ending === 'end') socket.end();
          else raw[ending]();
        });
        setTimeout(() => raw.destroy(), 200).unref();
        await gone;
      };
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.tuple(fc.constantFrom(...STARTS), fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...HOW_IT_ENDS)),
            { minLength: 1, maxLength: 10 },
          ),
          async (visits) => {
            await Promise.all(visits.map((each) => visit(...each)));
          },
        ),
        { numRuns: 15, endOnFailure: true },
      );
      const isSecure = name === 'tls' || name === 'wss';
      const client = await connect(url, { reconnect: false, tls: isSecure ? { ca: CA } : undefined });
      await client.disconnect();
    });
  }
}

async function handshake(raw: Socket, name: string): Promise<Socket> {
  const ALPNProtocols = [name === 'tls' ? 'mqtt' : 'http/1.1'];
  const socket = connectSecure({ socket: raw, ca: CA, servername: 'localhost', ALPNProtocols }).on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

/** Waits for the end, whatever it is. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
}
