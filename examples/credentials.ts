// Asks for credentials before each attempt to connect, for those that do not last.

import { connect, type Credentials } from 'vouch/client';

const client = await connect(process.argv[2] ?? 'mqtt://localhost', { credentials: freshCredentials });
console.log(client.state);
await client.disconnect();

async function freshCredentials(): Promise<Credentials> {
  await new Promise(setImmediate); // a request to whoever issues tokens, say
  console.log('asked');
  return { userName: 'meter-1', password: 'a token of the next five minutes' };
}

// Output:
// asked
// connected
