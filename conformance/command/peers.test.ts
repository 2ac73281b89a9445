import assert from 'node:assert/strict';
import { test } from 'node:test';

import { VERSIONS } from '../check.ts';
import { UsageError } from '../../test/support/command.ts';
import { PEERS, startPeer } from './peers.ts';
import { unspokenVersions } from './targets.ts';

test('a peer is started on a port of its own, and what it does not speak is known', async () => {
  const aedes = PEERS.find(({ name }) => name === 'aedes');
  assert.ok(aedes !== undefined);
  const peer = await startPeer(aedes);
  try {
    assert.match(peer.version, /^\d+\.\d+\.\d+/);
    assert.ok(peer.isAlive());
    const unspoken = await unspokenVersions({ host: '127.0.0.1', port: peer.port }, VERSIONS);
    assert.deepEqual([...unspoken], [['5.0', 'CONNACK of MQTT 3.1.1 says 0x01.']]);
  } finally {
    await peer.close();
  }
  assert.ok(!peer.isAlive());
});

test('a peer that is not there, or does not run, is said to have not started', async () => {
  for (const command of [['/nonexistent/broker'], [process.execPath, '--eval', '0']]) {
    const kind = { name: 'nobody', version: () => '', command: () => command };
    await assert.rejects(
      startPeer(kind),
      (error) => error instanceof UsageError && error.message === 'nobody did not start.',
    );
  }
});
