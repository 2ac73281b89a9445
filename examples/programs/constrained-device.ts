// A device with little memory, little power and a network that is seldom there: it measures all the same, and loses nothing.
//
// The choice: an outbox on disk, in which readings wait until there is a connection, also over a restart; QoS 1, since a reading has its
// time in it and may come twice; and limits that fit the device: one message under way at a time, small packets, a long keep-alive.
// What it costs: a write to the disk per reading (which flash memory counts), and, with one message under way at a time, a round trip
// each, so that a long queue takes its time. A full outbox would have readings wait in memory: here the device drops them; another one
// would take averages.
//
//   node constrained-device.ts mqtt://localhost

import { connect } from 'vouch/client';

const OUTBOX = 8;

const device = await connect(process.argv[2] ?? 'mqtt://localhost', {
  clientId: 'hut-12',
  store: './hut-12', // one directory for one client
  startOffline: true,
  keepAliveSeconds: 600,
  inFlightMax: 1,
  receiveMaximum: 1,
  maximumPacketSize: 1024,
  topicAliasMaximum: 1,
  outboxMessagesMax: OUTBOX,
  outboxBytesMax: OUTBOX * 1024,
  reconnect: { delayMinMillis: 100, delayMaxMillis: 60_000 },
});
console.log('left by earlier runs:', device.unsettledCount);

for (let reading = 1; reading <= 5; reading++) {
  if (device.unsettledCount >= OUTBOX) {
    console.log(`reading ${reading} dropped`);
    continue;
  }
  const payload = JSON.stringify({ at: new Date().toISOString(), centimetres: 180 + reading });
  await device.publish('hut/12/snow', payload, { qos: 1 }).stored;
  console.log(`reading ${reading} kept`);
}
await device.settled();
console.log('all delivered');
await device.disconnect();

// Output, where there is a broker:
// left by earlier runs: 0
// reading 1 kept
// reading 2 kept
// reading 3 kept
// reading 4 kept
// reading 5 kept
// all delivered
