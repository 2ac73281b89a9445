// Subscribes, publishes, and takes the first message that comes.

import { connect } from 'vouch/client';

const client = await connect(process.argv[2] ?? 'mqtt://localhost');

const greetings = await client.subscribe('greetings/#');
await client.publish('greetings/world', 'hello', { qos: 1 });

for await (const { topic, payload } of greetings) {
  console.log(topic, new TextDecoder().decode(payload));
  break;
}
await client.disconnect();

// Output:
// greetings/world hello
