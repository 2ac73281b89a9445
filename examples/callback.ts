// Hands messages to a function instead of a loop.

import { connect } from 'vouch/client';

const client = await connect(process.argv[2] ?? 'mqtt://localhost');
const { promise: lastCame, resolve } = Promise.withResolvers<void>();

await client.subscribe('meter/+/power', {
  qos: 1,
  onMessage: async ({ topic, payload }) => {
    await new Promise(setImmediate); // whatever takes time; acknowledged when it is done
    console.log(topic, new TextDecoder().decode(payload));
    if (topic === 'meter/2/power') resolve();
  },
});

await client.publish('meter/1/power', '231', { qos: 1 });
await client.publish('meter/2/power', '57', { qos: 1 });
await lastCame;
await client.disconnect();

// Output:
// meter/1/power 231
// meter/2/power 57
