// Every check of a broker once more, with WebSocket over TLS below MQTT: what a broker does must not depend on it. That each check can
// fail is shown over plain TCP (conformance.test.ts); TLS or WebSocket alone are played by `npm run conformance -- --url`.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { certificateFile, certificateText } from '../test/support/certificates.ts';
import type { TlsFiles } from '../src/config/listener-address.ts';
import { VERSIONS } from './check.ts';
import { SERVER_CHECKS } from './checks.ts';
import { PATIENT, playServerCheck } from './play.ts';
import { type Brokers, type Door, startBrokers } from './stage/brokers.ts';

/** Plays that wait do so side by side. */
const AT_ONCE = 24;

const PLACE = { host: '127.0.0.1', port: 0, proxyFrom: [] } as const;
const WEB_SOCKET = { path: '/mqtt', origins: ['*'] } as const;
const FILES: TlsFiles = {
  cert: certificateFile('server.pem'),
  key: certificateFile('server.key'),
  others: [],
  ca: '',
  crl: '',
  clientCertificate: 'none',
  minVersion: 'TLSv1.2',
};
const TRUST = { ca: certificateText('ca.pem'), isVerified: true } as const;

const DOOR: Door = {
  listener: { ...PLACE, type: 'wss', tls: FILES, webSocket: WEB_SOCKET },
  address: { host: PLACE.host, tls: TRUST, webSocketPath: WEB_SOCKET.path },
};

describe('checks of a broker over WebSocket and TLS', { concurrency: AT_ONCE }, () => {
  let brokers: Brokers;
  before(async () => {
    brokers = await startBrokers(DOOR);
  });
  after(() => brokers.close());
  for (const check of SERVER_CHECKS) {
    const ids = check.shows.map(({ id }) => `[${id}]`);
    for (const version of VERSIONS.filter((it) => check.shows.some((showing) => showing.version === it))) {
      test(`${version}: ${check.claim} ${Array.from(new Set(ids)).join(' ')}`, async () => {
        const address = brokers.addresses[check.setUp ?? 'default'];
        assert.ok(address !== undefined);
        const outcome = await playServerCheck(check, version, address, PATIENT);
        assert.equal(outcome.kind, 'passed', outcome.kind === 'passed' ? '' : outcome.why);
      });
    }
  }
});
