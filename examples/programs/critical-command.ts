// A valve is told to turn by a quarter, which must happen once: not at all and twice are both wrong.
//
// The choice: QoS 2, with a Message Expiry Interval. A command is handed to the valve exactly once while the sessions live, however
// often connections break; one that could not be delivered within a minute is not carried out any more. The valve tells where it
// stands in a retained message.
// What it costs: two round trips per command on each way instead of one, and the sender and the receiver must remember the handshake.
// Over a crash of either program they do so only with the option `store` (see ../exactly-once.ts and ../outbox.ts). Where a command can
// be put as a state ("be at 90 degrees"), QoS 1 is enough: doing it twice is doing it once.
//
//   node critical-command.ts mqtt://localhost

import { connect } from 'vouch/client';

const url = process.argv[2] ?? 'mqtt://localhost';

const valve = await connect(url, { clientId: 'valve-3' });
let angle = 0;
await valve.subscribe('valve/3/turn', {
  qos: 2,
  onMessage: async ({ payload }) => {
    // The command is acknowledged when this function is through with it.
    angle = (angle + Number(new TextDecoder().decode(payload))) % 360;
    await valve.publish('valve/3/angle', String(angle), { qos: 1, retain: true });
  },
});

const control = await connect(url, { clientId: 'control-room' });
const angles = await control.subscribe('valve/3/angle', { qos: 1 });
for (let turn = 1; turn <= 3; turn++) {
  await control.publish('valve/3/turn', '90', { qos: 2, properties: { messageExpiryInterval: 60 } });
}
for await (const { payload } of angles) {
  const stands = new TextDecoder().decode(payload);
  console.log('the valve is at', stands);
  if (stands === '270') break;
}

await control.publish('valve/3/angle', '', { qos: 1, retain: true }); // nothing is left behind
await Promise.all([valve.disconnect(), control.disconnect()]);

// Output:
// the valve is at 90
// the valve is at 180
// the valve is at 270
