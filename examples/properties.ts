// What MQTT 5.0 can say beside the payload.

import { connect } from 'vouch/client';

const client = await connect(process.argv[2] ?? 'mqtt://localhost');
const readings = await client.subscribe('meter/1', { qos: 1 });

await client.publish('meter/1', '{"power":231}', {
  qos: 1,
  properties: {
    contentType: 'application/json',
    payloadFormatIndicator: 1, // UTF-8
    messageExpiryInterval: 60, // seconds, in our outbox, too
    userProperties: [
      ['unit', 'W'],
      ['phase', 'L1'],
    ],
  },
});

for await (const { properties } of readings) {
  console.log(properties.contentType, properties.userProperties);
  break;
}
await client.disconnect();

// Output:
// application/json [ [ 'unit', 'W' ], [ 'phase', 'L1' ] ]
