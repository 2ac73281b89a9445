// Lamps that have the right brightness and colour from the moment they are switched on.
//
// The choice: retained messages. The broker keeps the latest setting of each topic and hands it to every lamp that subscribes, whenever
// that is; nobody has to ask, and whoever made the setting may be long gone. Settings are states, not commands ("40 %", not "darker"),
// so that QoS 1 is enough: to be told twice changes nothing.
// What it costs: the broker keeps one message per topic until it is replaced, or removed by an empty one. It keeps no history, and a lamp
// cannot tell from the message how old the setting is.
//
//   node lamps.ts mqtt://localhost

import { connect, type Client } from 'vouch/client';

const url = process.argv[2] ?? 'mqtt://localhost';
const SETTINGS = { brightness: '40', colour: 'warm white' };

const remote = await connect(url);
for (const [setting, value] of Object.entries(SETTINGS)) {
  await remote.publish(`hall/lamps/${setting}`, value, { qos: 1, retain: true });
}

const first = await joined('lamp 1');
const second = await joined('lamp 2'); // as late as it likes

await remote.publish('hall/lamps/brightness', '80', { qos: 1, retain: true });
const third = await joined('lamp 3');

for (const setting of Object.keys(SETTINGS))
  await remote.publish(`hall/lamps/${setting}`, '', { qos: 1, retain: true });
await Promise.all([remote, first, second, third].map((client) => client.disconnect()));

/** Switches a lamp on, and waits until it shines as it should. */
async function joined(name: string): Promise<Client> {
  const lamp = await connect(url);
  const settings = await lamp.subscribe('hall/lamps/+', { qos: 1 });
  const has = new Map<string, string>();
  for await (const { topic, payload } of settings) {
    has.set(topic.replace('hall/lamps/', ''), new TextDecoder().decode(payload));
    if (has.size === Object.keys(SETTINGS).length) break;
  }
  console.log(`${name}: brightness ${has.get('brightness')}, ${has.get('colour')}`);
  return lamp;
}

// Output:
// lamp 1: brightness 40, warm white
// lamp 2: brightness 40, warm white
// lamp 3: brightness 80, warm white
