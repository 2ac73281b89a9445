// Threats to what is kept on disk: limits and restarts that leave something behind. Damage to the files themselves: test/crash/damage.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { createBroker } from '../../src/exports/broker.ts';
import { type Client, connect } from '../../src/exports/client.ts';
import { summarizeStore } from '../../src/store/sqlite/statistics.ts';

/** Deliveries in flight at a time. */
const WINDOW = 2;

test('threat 68: a small queue, QoS 2 and restarts leave nothing in the store but what was in flight at the end', async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-threat-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const data = path.join(folder, 'data');
  let received = 0;
  let taken = 0;
  for (let round = 0; round < 3; round++) {
    const broker = createBroker({ data, limits: { sessionQueueMessagesMax: 5, inFlightMax: WINDOW } });
    const { url } = await broker.listen({ port: 0 });
    const session = { clientId: 'away', clean: false, sessionExpirySeconds: 1_000, reconnect: false } as const;
    if (round === 0) {
      const subscriber = await connect(url, session);
      await subscriber.subscribe('q', { qos: 2 });
      await subscriber.disconnect();
    }
    const publisher = await connect(url, { clientId: 'publisher', reconnect: false });
    for (let n = 0; n < 40; n++) taken += await isTaken(publisher);
    await publisher.disconnect();
    await broker.close();

    // The same store, and a broker that knows nothing but what is in it.
    const again = createBroker({ data, limits: { sessionQueueMessagesMax: 5, inFlightMax: WINDOW } });
    const door = await again.listen({ port: 0 });
    const before = received;
    const all = Promise.withResolvers<void>();
    const subscriber = await connect(door.url, {
      ...session,
      onMessage: () => {
        received++;
        if (received === taken) all.resolve();
      },
    });
    await all.promise;
    assert.ok(received > before);
    await subscriber.disconnect();
    await again.close();
    const { counts } = summarizeStore(data, () => {});
    // The last handshakes may be under way when the client leaves; what leaks would be more with each round.
    assert.ok(counts.messages <= WINDOW, `after round ${round}: ${JSON.stringify(counts)}`);
  }
  assert.ok(taken < 120, 'the limit was never reached');
});

/** Publishes; 1 if the message was taken, 0 if the queue had no room. */
async function isTaken(publisher: Client): Promise<number> {
  return publisher.publish('q', 'x', { qos: 2 }).then(
    () => 1,
    (error: unknown) => {
      assert.ok(error instanceof Error && 'reasonCode' in error && error.reasonCode === 0x97, String(error));
      return 0;
    },
  );
}
