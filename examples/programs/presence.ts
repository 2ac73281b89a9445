// Who is there: a state per device that is right even for devices whose power was cut, and for whoever asks later.
//
// The choice: a Will and a retained message on the same topic. A device says "online" as soon as it is connected; the broker says
// "offline" for it when its connection breaks. Both are retained, so that a watcher that comes later is told at once.
// What it costs: a device that vanishes without a word is "offline" only when the broker has missed it, after one and a half times its
// keep-alive: a short one means a packet each way that often. With `delaySeconds` a device that is back soon has not been away at all.
// Who leaves in order says so itself, since a DISCONNECT takes the Will back.
//
//   node presence.ts mqtt://localhost

import { connect, Reason, type Client } from 'vouch/client';

const url = process.argv[2] ?? 'mqtt://localhost';

const door = await here('door');
const window = await here('window');

// Comes later, and is told what was said before.
const watcher = await connect(url);
const states = await watcher.subscribe('presence/+', { qos: 1 });
await show(2);

// In place of a power failure: this goodbye has the broker publish the Will all the same.
await door.disconnect({ reasonCode: Reason.disconnectWithWill });
await show(1);
// In order.
await window.publish('presence/window', 'offline', { qos: 1, retain: true });
await window.disconnect();
await show(1);

for (const name of ['door', 'window']) await watcher.publish(`presence/${name}`, '', { qos: 1, retain: true });
await watcher.disconnect();

/** Connects a device, and says that it is there. */
async function here(name: string): Promise<Client> {
  const topic = `presence/${name}`;
  const client = await connect(url, {
    clientId: name,
    keepAliveSeconds: 30,
    will: { topic, payload: 'offline', qos: 1, retain: true },
  });
  // Also after each connection that was lost: the Will has been published then.
  client.on('connected', () => void client.publish(topic, 'online', { qos: 1, retain: true }));
  await client.publish(topic, 'online', { qos: 1, retain: true });
  return client;
}

/** Prints the next states that come, by name. */
async function show(count: number): Promise<void> {
  const lines: string[] = [];
  for await (const message of states) {
    lines.push(`${message.topic.replace('presence/', '')} is ${new TextDecoder().decode(message.payload)}`);
    message.ack(); // before the loop is left: the next one begins behind it
    if (lines.length === count) break;
  }
  console.log(lines.sort().join(', '));
}

// Output:
// door is online, window is online
// door is offline
// window is offline
