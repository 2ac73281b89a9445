// The TLS transport, accepted and opened, under the suite for all transports.

import { createServer, connect as connectPlain, type Socket } from 'node:net';
import { connect, createSecureContext, TLSSocket } from 'node:tls';
import type { NetworkConnection, NetworkHandler } from '../../src/transport/contract.ts';
import { connectTls } from '../../src/transport/tls/tls-connect.ts';
import { listenTls } from '../../src/transport/tls/tls-listener.ts';
import { certificate, certificateText } from '../support/certificates.ts';
import { hand, oneAfterAnother, portOf } from './pairing.ts';
import { peerOf } from './peer.ts';
import { transportContract } from './transport.ts';

const HOST = '127.0.0.1';
const CA = certificateText('ca.pem');

transportContract('an accepted TLS connection', async () => {
  const accepted = hand<{ connection: NetworkConnection }>();
  let handlerOfNext: NetworkHandler | undefined;
  const listener = await listenTls(
    {
      host: HOST,
      port: 0,
      tls: { ...certificate('server'), clientCertificate: 'none', minVersion: 'TLSv1.2' },
      waiting: { millisMax: 10_000, onRefused: () => {} },
    },
    (connection) => {
      if (handlerOfNext === undefined) throw new Error('nobody waits for this connection');
      accepted.give({ connection });
      return handlerOfNext;
    },
  );
  return oneAfterAnother({
    open: async (handler) => {
      handlerOfNext = handler;
      const raw = connectPlain(listener.port, HOST);
      const peer = peerOf(connect({ socket: raw, ca: CA, servername: 'localhost' }), raw);
      const { connection } = await accepted.take();
      return { connection, peer };
    },
    close: () => listener.close(),
  });
});

transportContract('an opened TLS connection', async () => {
  const accepted = hand<{ raw: Socket; socket: Socket }>();
  const secureContext = createSecureContext(certificate('server'));
  const server = createServer({ noDelay: true }, (raw) => {
    accepted.give({ raw, socket: new TLSSocket(raw, { isServer: true, secureContext }) });
  });
  const port = await portOf(server);
  return oneAfterAnother({
    open: async (handler) => {
      const [connection, { raw, socket }] = await Promise.all([
        connectTls({ host: HOST, port, tls: { ca: CA } }, handler),
        accepted.take(),
      ]);
      return { connection, peer: peerOf(socket, raw) };
    },
    close: async () => void server.close(),
  });
});
