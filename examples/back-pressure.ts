// Publishes much without waiting for each message, and without filling the memory.

import { connect } from 'vouch/client';

const client = await connect(process.argv[2] ?? 'mqtt://localhost');
client.on('undelivered', (topic, error) => console.log(`${topic}: ${error.message}`));

for (let reading = 1; reading <= 5_000; reading++) {
  // At once while the outbox has room; else when it has.
  await client.ready();
  void client.publish('meter/1/power', String(reading), { qos: 1 });
}
await client.settled();
console.log('not settled:', client.unsettledCount);
await client.disconnect();

// Output:
// not settled: 0
