// Acknowledges messages three at a time, when all three are safe.

import { connect, type ReceivedMessage } from 'vouch/client';

const client = await connect(process.argv[2] ?? 'mqtt://localhost');
const readings = await client.subscribe('meter/#', { qos: 1, acknowledge: 'manual' });

for (let reading = 1; reading <= 6; reading++) await client.publish('meter/1', String(reading), { qos: 1 });

let batch: ReceivedMessage[] = [];
for await (const message of readings) {
  batch.push(message);
  if (batch.length < 3) continue;
  await save(batch);
  for (const each of batch) each.ack();
  batch = [];
  if (new TextDecoder().decode(message.payload) === '6') break;
}
await client.disconnect();

async function save(messages: readonly ReceivedMessage[]): Promise<void> {
  await new Promise(setImmediate); // a database, say
  console.log('saved', messages.length);
}

// Output:
// saved 3
// saved 3
