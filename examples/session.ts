// A session that outlives its connection: the broker keeps what comes while the client is away.

import { connect, type ClientOptions } from 'vouch/client';

const url = process.argv[2] ?? 'mqtt://localhost';
const archive: ClientOptions = { clientId: 'archive', clean: false, sessionExpirySeconds: 86_400 };

// The first visit: subscribe, and go.
const first = await connect(url, archive);
await first.subscribe('meter/#', { qos: 1 });
await first.disconnect();

const meter = await connect(url);
await meter.publish('meter/1', '231', { qos: 1 });
await meter.disconnect();

// The second visit: what came meanwhile waits for whoever subscribes to it in this process.
const second = await connect(url, archive);
console.log('session present:', second.connection?.sessionPresent);
const readings = await second.subscribe('meter/#', { qos: 1 });
for await (const message of readings) {
  console.log(message.topic, new TextDecoder().decode(message.payload));
  message.ack();
  break;
}
await second.disconnect();

// Output:
// session present: true
// meter/1 231
