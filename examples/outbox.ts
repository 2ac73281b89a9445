// A meter that loses no reading, and sends none twice: kill it, cut its power or its network whenever you like.

import { connect } from 'vouch/client';

const client = await connect(process.argv[2] ?? 'mqtt://localhost', {
  clientId: 'meter-1',
  store: './meter-1', // one directory for one client
  startOffline: true, // the broker may be away for now
});
console.log('left by earlier runs:', client.unsettledCount);

const reading = client.publish('meter/1/count', '4711', { qos: 2 });
await reading.stored;
console.log('on disk: from here on it arrives, whatever becomes of this process');

await client.settled();
console.log('delivered');
await client.disconnect();

// Output, where an earlier run was killed before it reached the broker:
// left by earlier runs: 1
// on disk: from here on it arrives, whatever becomes of this process
// delivered
