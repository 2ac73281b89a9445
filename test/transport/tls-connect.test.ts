import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createPlainServer, type Server } from 'node:net';
import { it, type TestContext } from 'node:test';
import { createServer, type TlsOptions } from 'node:tls';
import { type CertificateName, certificate, certificateText } from '../support/certificates.ts';
import type { NetworkHandler } from '../../src/transport/contract.ts';
import { connectTls, type TlsTrust } from '../../src/transport/tls/tls-connect.ts';

const CA = certificateText('ca.pem');

/** An owner that does nothing. */
const IDLE: NetworkHandler = { receive() {}, drained() {}, closed() {} };

async function listening(context: TestContext, server: Server): Promise<number> {
  context.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

async function serverWith(context: TestContext, name: CertificateName, options: TlsOptions = {}): Promise<number> {
  const server = createServer({ ...certificate(name), ...options }, (socket) => {
    socket.on('error', () => {}).end('hello');
  });
  return await listening(context, server);
}

/** Connects, and gives what the server said; with the name, since not every machine resolves `localhost` to IPv4 first. */
async function hello(port: number, tls: TlsTrust, host = '127.0.0.1'): Promise<string> {
  let text = '';
  const closed = Promise.withResolvers<void>();
  const connection = await connectTls(
    { host, port, tls },
    {
      ...IDLE,
      receive: (bytes, start, end) => {
        text += Buffer.from(bytes.subarray(start, end)).toString();
      },
      closed: () => closed.resolve(),
    },
  );
  assert.equal(connection.remote, `${host}:${port}`);
  await closed.promise;
  return text;
}

it('a client that trusts the CA connects, to an address and to a name', async (context) => {
  const port = await serverWith(context, 'server');
  assert.equal(await hello(port, { ca: CA }), 'hello');
  assert.equal(await hello(port, { ca: CA, servername: 'localhost' }), 'hello');
});

it('the certificate of the server is known to the owner', async (context) => {
  const port = await serverWith(context, 'server');
  const connection = await connectTls({ host: '127.0.0.1', port, tls: { ca: CA } }, IDLE);
  assert.equal(connection.certificate?.commonName, 'localhost');
  connection.destroy();
});

const FAULTS: readonly (readonly [CertificateName, string])[] = [
  ['expired', 'has expired.'],
  [
    'elsewhere',
    'is for another name (DNS:elsewhere.example). Connect to a name that it has, or say which one to expect: tls.servername.',
  ],
  [
    'self-signed',
    'is self-signed, and is not among those trusted. If it is the right one, name its CA: tls.ca (--cafile).',
  ],
  [
    'stranger',
    'is signed by a CA that is not among those trusted. If it is the right one, name its CA: tls.ca (--cafile).',
  ],
];

for (const [name, fault] of FAULTS) {
  it(`a certificate that is not good is refused with what is wrong and what to do: ${name}`, async (context) => {
    const port = await serverWith(context, name);
    await assert.rejects(connectTls({ host: '127.0.0.1', port, tls: { ca: CA } }, IDLE), {
      name: 'OperationError',
      code: 'tls-failed',
      message: `The certificate of 127.0.0.1, port ${port}, ${fault}`,
    });
  });

  it(`with rejectUnauthorized false, the same is taken: ${name}`, async (context) => {
    const port = await serverWith(context, name);
    assert.equal(await hello(port, { ca: CA, rejectUnauthorized: false }), 'hello');
  });
}

it('another name can be expected', async (context) => {
  const port = await serverWith(context, 'elsewhere');
  assert.equal(await hello(port, { ca: CA, servername: 'elsewhere.example' }), 'hello');
});

it('a client says what is to be spoken where it is asked to', async (context) => {
  const spoken: (string | false | null)[] = [];
  const server = createServer({ ...certificate('server'), ALPNProtocols: ['mqtt'] }, (socket) => {
    spoken.push(socket.alpnProtocol);
    socket.end('hello');
  });
  const port = await listening(context, server);
  assert.equal(await hello(port, { ca: CA, alpnProtocols: ['mqtt'] }), 'hello');
  assert.equal(await hello(port, { ca: CA }), 'hello');
  assert.deepEqual(spoken, ['mqtt', false]);
});

it('a client offers the ciphers that it is told to, and says where OpenSSL knows none of them', async (context) => {
  const server = createServer({ ...certificate('server'), maxVersion: 'TLSv1.2' }, (socket) => {
    socket.end(socket.getCipher().name);
  });
  const port = await listening(context, server);
  const ciphers = 'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305';
  assert.match(await hello(port, { ca: CA, ciphers }), /CHACHA20/);
  await assert.rejects(hello(port, { ca: CA, ciphers: 'ROT13' }), {
    code: 'invalid-option',
    message: 'tls.ciphers: OpenSSL knows no cipher of "ROT13"; "openssl ciphers" lists them.',
  });
});

it('a server that does not speak TLS is told of in words', async (context) => {
  const port = await listening(
    context,
    createPlainServer((socket) => void socket.on('error', () => {}).end('\x20\x02\x00\x00 and more')),
  );
  await assert.rejects(connectTls({ host: '127.0.0.1', port, tls: {} }, IDLE), {
    code: 'tls-failed',
    message: `127.0.0.1, port ${port}, does not speak TLS. Is it another port, or mqtt:// (ws://) that is meant?`,
  });
});

it('a server that hangs up in the middle is told of', async (context) => {
  const port = await listening(
    context,
    createPlainServer((socket) => void socket.destroy()),
  );
  await assert.rejects(connectTls({ host: '127.0.0.1', port, tls: {} }, IDLE), {
    code: 'tls-failed',
    message: `127.0.0.1, port ${port}, closed the connection in the middle of the TLS handshake. Does it speak TLS there?`,
  });
});

it('where nobody listens, it is told as over TCP', async (context) => {
  const server = createPlainServer();
  const port = await listening(context, server);
  server.close();
  await assert.rejects(connectTls({ host: '127.0.0.1', port, tls: {} }, IDLE), {
    code: 'connection-refused',
    message: `Nothing listens on 127.0.0.1, port ${port}. Is the broker running there?`,
  });
});

it('a signal gives up an attempt, and its reason is the error', async (context) => {
  const port = await listening(context, createPlainServer());
  const reason = new Error('changed my mind');
  const before = AbortSignal.abort(reason);
  await assert.rejects(connectTls({ host: '127.0.0.1', port, tls: {}, signal: before }, IDLE), reason);
  const controller = new AbortController();
  const attempt = connectTls({ host: '127.0.0.1', port, tls: {}, signal: controller.signal }, IDLE);
  controller.abort(reason);
  await assert.rejects(attempt, reason);
});

it('a server that requires a certificate gets it', async (context) => {
  const port = await serverWith(context, 'server', { ca: CA, requestCert: true, rejectUnauthorized: true });
  assert.equal(await hello(port, { ca: CA, ...certificate('client') }), 'hello');
});

it('a server that requires a certificate, and gets none, is told of before MQTT or as the cause of the end', async (context) => {
  const port = await serverWith(context, 'server', { ca: CA, requestCert: true, maxVersion: 'TLSv1.2' });
  await assert.rejects(connectTls({ host: '127.0.0.1', port, tls: { ca: CA } }, IDLE), {
    code: 'tls-failed',
    message: /refuses the connection .* Perhaps it requires a certificate: tls\.cert and tls\.key\.$/u,
  });
});
