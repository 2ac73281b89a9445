// Connects on terms of its own, and tells what was agreed on.

import { connect } from 'vouch/client';

const client = await connect(process.argv[2] ?? 'mqtt://localhost', {
  version: 5,
  clientId: 'meter-1',
  keepAliveSeconds: 30,
  sessionExpirySeconds: 3600,
});
const { connection } = client;
console.log(connection?.clientId, connection?.keepAliveSeconds, connection?.sessionPresent);
await client.disconnect();

// Output:
// meter-1 30 false
