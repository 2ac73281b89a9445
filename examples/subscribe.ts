// Subscribes to several filters at once, iterates the messages, and unsubscribes.

import { connect } from 'vouch/client';

const client = await connect(process.argv[2] ?? 'mqtt://localhost');
const text = new TextDecoder();

const readings = await client.subscribe(['meter/+/power', { filter: 'alarm/#', qos: 2 }], { qos: 1 });
console.log(readings.granted);

await client.publish('meter/1/power', '231', { qos: 1 });
await client.publish('alarm/fire', 'kitchen', { qos: 2 });

for await (const message of readings) {
  console.log(message.topic, message.qos, text.decode(message.payload));
  // A loop that is left has not acknowledged the message in hand, unless it says so.
  if (message.topic === 'alarm/fire') {
    message.ack();
    break;
  }
}
await readings.end();
await client.disconnect();

// Output:
// [ 1, 2 ]
// meter/1/power 1 231
// alarm/fire 2 kitchen
