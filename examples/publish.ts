// The three levels of QoS, and what the promise of `publish` means with each.

import { connect, reasonName } from 'vouch/client';

const client = await connect(process.argv[2] ?? 'mqtt://localhost');

// QoS 0: fulfilled when the message was handed to the network. Nobody acknowledges it.
await client.publish('meter/1/power', '231');

// QoS 1: fulfilled with PUBACK. The broker has the message; it may have got it twice.
const { reasonCode } = await client.publish('meter/1/power', '232', { qos: 1 });
console.log(reasonName(reasonCode));

// QoS 2: fulfilled with PUBCOMP. The broker has the message, and has it once.
await client.publish('meter/1/count', '4711', { qos: 2, retain: true });
console.log(client.unsettledCount);

await client.disconnect();

// Output:
// no matching subscribers (0x10)
// 0
