// Says whether a device is there: by itself while it is, by its Will when it is not.

import { connect, Reason } from 'vouch/client';

const url = process.argv[2] ?? 'mqtt://localhost';
const watcher = await connect(url);
const states = await watcher.subscribe('meter/1/state', { qos: 1 });

const meter = await connect(url, {
  will: { topic: 'meter/1/state', payload: 'gone', qos: 1, retain: true },
});
await meter.publish('meter/1/state', 'here', { qos: 1, retain: true });
// In place of a power failure: this goodbye has the broker publish the Will all the same.
await meter.disconnect({ reasonCode: Reason.disconnectWithWill });

for await (const { topic, payload } of states) {
  const state = new TextDecoder().decode(payload);
  console.log(topic, state);
  if (state === 'gone') break;
}
await watcher.disconnect();

// Output:
// meter/1/state here
// meter/1/state gone
