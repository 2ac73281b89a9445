// Stays connected, and tells how that goes. What is published and subscribed goes on by itself.

import { connect, endingError } from 'vouch/client';

const client = await connect(process.argv[2] ?? 'mqtt://localhost', {
  sessionExpirySeconds: 3600, // the broker keeps what comes while the connection is down
  reconnect: { delayMinMillis: 200, delayMaxMillis: 60_000 },
});
client.on('connected', ({ sessionPresent }) => console.log('connected again, session present:', sessionPresent));
client.on('disconnected', (end, retryMillis) => {
  if (retryMillis === undefined) console.log('this is the end:', endingError(end).message);
  else console.log(`${end.kind}; trying again`);
});
const news = await client.subscribe('news/#', { qos: 1 });
console.log('subscribed');

for await (const { topic } of news) {
  console.log(topic);
  if (topic === 'news/last') break;
}
await client.disconnect();

// Output, where the connection is cut once, and two messages are published meanwhile:
// subscribed
// connection-lost; trying again
// connected again, session present: true
// news/first
// news/last
// this is the end: The client has disconnected.
