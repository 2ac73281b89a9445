// Who is cut off at the door, on every kind of listener: before a handshake, and behind a proxy by the address that it speaks for.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { it } from 'node:test';

import type { Listener, NetworkHandler } from '../../src/transport/contract.ts';
import { Proxies } from '../../src/transport/tcp/proxied.ts';
import { listenTcp } from '../../src/transport/tcp/tcp-listener.ts';
import { listenTls } from '../../src/transport/tls/tls-listener.ts';
import { listenWebSocket } from '../../src/transport/websocket/web-socket-listener.ts';
import { certificate } from '../support/certificates.ts';

const HOST = '127.0.0.1';
const LINE = 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 1883\r\n';
const KINDS = ['tcp', 'tls', 'ws', 'wss'] as const;

async function listen(
  kind: (typeof KINDS)[number],
  proxies: Proxies | undefined,
  admits: (remote: string) => boolean,
  onRefused: (reason: string) => void,
): Promise<Listener> {
  const waiting = { millisMax: 10_000, onRefused: (_remote: string, reason: string) => onRefused(reason) };
  const common = { host: HOST, port: 0, proxies, admits, waiting };
  const tls = { ...certificate('server'), clientCertificate: 'none', minVersion: 'TLSv1.2' } as const;
  const web = { webSocket: { path: '/mqtt', origins: [] }, messageBytesMax: 1_000 } as const;
  const accept = (): NetworkHandler => assert.fail('nobody is let in');
  return await {
    tcp: () => listenTcp(common, accept),
    tls: () => listenTls({ ...common, tls }, accept),
    ws: () => listenWebSocket({ ...common, ...web, tls: undefined }, accept),
    wss: () => listenWebSocket({ ...common, ...web, tls }, accept),
  }[kind]();
}

for (const kind of KINDS) {
  it(`a peer that is not admitted over ${kind} is cut off before it has said anything, without a word from the listener`, async () => {
    const asked: string[] = [];
    const refusals: string[] = [];
    const admits = (remote: string): boolean => {
      asked.push(remote);
      return false;
    };
    const listener = await listen(kind, undefined, admits, (reason) => refusals.push(reason));
    const peer = connect(listener.port, HOST).on('error', () => {});
    peer.resume();
    await once(peer, 'connect');
    const remote = `${HOST}:${peer.localPort}`;
    await once(peer, 'close');
    assert.deepEqual(asked, [remote]);
    assert.deepEqual(refusals, []);
    await listener.close();
  });

  it(`a proxy that speaks for itself is asked about like any peer over ${kind}`, async () => {
    for (const header of [Buffer.from('PROXY UNKNOWN\r\n'), Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex')]) {
      const asked: string[] = [];
      const admits = (remote: string): boolean => {
        asked.push(remote);
        return false;
      };
      const listener = await listen(kind, new Proxies([HOST]), admits, (reason) => assert.fail(reason));
      const peer = connect(listener.port, HOST).on('error', () => {});
      await once(peer, 'connect');
      const remote = `${HOST}:${peer.localPort}`;
      peer.resume().write(header);
      await once(peer, 'close');
      assert.deepEqual(asked, [remote]);
      await listener.close();
    }
  });

  it(`behind a proxy it is asked about the client, not about the proxy, over ${kind}`, async () => {
    const asked: string[] = [];
    const refusals: string[] = [];
    const admits = (remote: string): boolean => {
      asked.push(remote);
      return false;
    };
    const listener = await listen(kind, new Proxies([HOST]), admits, (reason) => refusals.push(reason));
    const peer = connect(listener.port, HOST).on('error', () => {});
    peer.resume().write(LINE);
    await once(peer, 'close');
    assert.deepEqual(asked, ['192.0.2.7:56324']);
    assert.deepEqual(refusals, []);
    await listener.close();
  });
}
