// A password that is never sent: both sides prove that they know it (SCRAM-SHA-256), and the broker keeps only what that takes.
// `vouch passwd add users.passwd meter-1 --scram` makes the line of the file; this one is for the password "open sesame".

import { rmSync, writeFileSync } from 'node:fs';
import { createBroker } from 'vouch';
import { connect, OperationError, scramSha256 } from 'vouch/client';

const line =
  'meter-1:SCRAM-SHA-256$4096:qc2SuPvD3R4tW4bX7M/u0w==$Mx4393jX2XYwpSzSoW5PIP9PWei/SQxV4jTal1ac6WI=:iRgld06tQ49ggOFPLlMqOerUoTACnd0tCny164zvgJA=\n';
writeFileSync('users.passwd', line, { mode: 0o600 });

const broker = createBroker({ passwordFile: 'users.passwd' });
const { url } = await broker.listen({ port: 0 });

const meter = await connect(url, { authentication: scramSha256('meter-1', 'open sesame') });
console.log(meter.state);
await meter.disconnect();

try {
  await connect(url, { authentication: scramSha256('meter-1', 'a guess'), reconnect: false });
} catch (error) {
  if (error instanceof OperationError) console.log(error.code, error.reasonCode);
}
await broker.close();
rmSync('users.passwd');

// Output:
// connected
// connection-refused 134
