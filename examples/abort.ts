// Gives up waiting, with a signal: for one call, and for the client as a whole.

import { connect } from 'vouch/client';

const stop = new AbortController();
const client = await connect(process.argv[2] ?? 'mqtt://localhost', { signal: stop.signal });

// One call: a question that is of no use after a while.
try {
  await client.request('nobody/listens/here', 'anybody?', { signal: AbortSignal.timeout(100) });
} catch (error) {
  console.log(error instanceof DOMException ? error.name : error);
}

// The client: the signal that it was made with ends it with DISCONNECT.
stop.abort();
const end = await client.closed;
console.log(end.kind);

// Output:
// TimeoutError
// disconnected
