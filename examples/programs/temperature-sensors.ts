// Temperature sensors and a display that shows the latest value of each.
//
// The choice: QoS 0. A reading is one packet, which nobody acknowledges, keeps or sends again; a sensor needs no memory for it.
// What it costs: a reading that is under way when a connection breaks is lost, and so is what is measured meanwhile. For values that
// come again in a moment this is right: an old temperature is worth nothing once there is a new one.
//
//   node temperature-sensors.ts mqtt://localhost

import { connect, OperationError } from 'vouch/client';

const url = process.argv[2] ?? 'mqtt://localhost';
const ROUNDS = 5;

const display = await connect(url);
const readings = await display.subscribe('home/+/temperature', { qos: 0 });

const sensors = await Promise.all(
  ['attic', 'cellar', 'kitchen'].map(async (room, at) => ({ room, base: 16 + 2 * at, client: await connect(url) })),
);
for (let round = 1; round <= ROUNDS; round++) {
  for (const { room, base, client } of sensors) {
    try {
      await client.publish(`home/${room}/temperature`, (base + round / 10).toFixed(1));
    } catch (error) {
      // Offline: this reading is not kept for later, and the next one is better.
      if (!(error instanceof OperationError && error.code === 'not-connected')) throw error;
    }
  }
}

const latest = new Map<string, string>();
let count = 0;
for await (const { topic, payload } of readings) {
  const room = topic.split('/')[1] ?? '';
  latest.set(room, new TextDecoder().decode(payload));
  if (++count === ROUNDS * sensors.length) break;
}
for (const room of [...latest.keys()].sort()) console.log(room, latest.get(room));

await Promise.all([display, ...sensors.map(({ client }) => client)].map((client) => client.disconnect()));

// Output:
// attic 16.5
// cellar 18.5
// kitchen 20.5
