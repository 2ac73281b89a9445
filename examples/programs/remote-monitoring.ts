// A pump far away reports, and a monitor that is not always there misses none of its reports.
//
// The choice: QoS 1, and a session that the broker keeps while the monitor is away. Each report is acknowledged on each of its two ways,
// and sent again until it is.
// What it costs: a round trip and some memory on both sides per report, disk at the broker for what waits, and reports that come twice:
// sent again because an acknowledgement was lost. So they carry a number, and the monitor skips what it has had. That is cheaper than
// QoS 2 wherever a repetition is easy to tell or does no harm.
//
//   node remote-monitoring.ts mqtt://localhost

import { connect, type ClientOptions } from 'vouch/client';

const url = process.argv[2] ?? 'mqtt://localhost';
const monitor: ClientOptions = { clientId: 'pump-monitor', clean: false, sessionExpirySeconds: 86_400 };

// The monitor says once what it wants, and goes.
const before = await connect(url, monitor);
await before.subscribe('pump/7/report', { qos: 1 });
await before.disconnect();

const pump = await connect(url, { clientId: 'pump-7' });
for (const [number, pressure] of [2.1, 2.3, 4.8].entries()) {
  await pump.publish('pump/7/report', JSON.stringify({ number, pressure }), { qos: 1 });
}
await pump.disconnect();

// It comes back, and everything is there.
const now = await connect(url, monitor);
let seen = -1;
for await (const { payload } of await now.subscribe('pump/7/report', { qos: 1 })) {
  const { number, pressure } = JSON.parse(new TextDecoder().decode(payload)) as { number: number; pressure: number };
  if (number <= seen) continue; // had it
  seen = number;
  console.log(`report ${number}: ${pressure} bar${pressure > 4 ? ', too much' : ''}`);
  if (number === 2) break;
}
await now.unsubscribe('pump/7/report');
await now.disconnect({ sessionExpirySeconds: 0 });

// Output:
// report 0: 2.1 bar
// report 1: 2.3 bar
// report 2: 4.8 bar, too much
