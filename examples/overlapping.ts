// Two subscriptions that match the same message: each gets it, and it is acknowledged when both are done.

import { connect } from 'vouch/client';

const client = await connect(process.argv[2] ?? 'mqtt://localhost');

const everything = await client.subscribe('house/#', { qos: 1 });
const alarms = await client.subscribe('house/+/alarm', { qos: 1 });
await client.publish('house/kitchen/alarm', 'smoke', { qos: 1 });

for (const subscription of [everything, alarms]) {
  for await (const message of subscription) {
    console.log(subscription.filters[0], 'has', message.topic);
    message.ack();
    break;
  }
}
await client.disconnect();

// Output:
// house/# has house/kitchen/alarm
// house/+/alarm has house/kitchen/alarm
