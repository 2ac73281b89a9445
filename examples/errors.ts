// What can go wrong has a code, and a class that says whose turn it is.

import { connect, OperationError, reasonName, UsageError } from 'vouch/client';

const client = await connect(process.argv[2] ?? 'mqtt://localhost');

await tell(client.publish('meter/#', '231'));
await tell(client.publish('secret/plan', 'attack at dawn', { qos: 1 }));
await tell(client.request('nobody/listens/here', 'anybody?', { timeoutMillis: 50 }));
await client.disconnect();
await tell(client.publish('meter/1', '232', { qos: 1 }));

async function tell(attempt: Promise<unknown>): Promise<void> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof UsageError) console.log('fix the call:', error.code);
    else if (error instanceof OperationError && error.reasonCode !== undefined)
      console.log('the broker said no:', error.code, reasonName(error.reasonCode));
    else if (error instanceof OperationError) console.log('try again, or tell somebody:', error.code);
    else throw error;
  }
}

// Output, where the broker lets nobody publish to `secret/#`:
// fix the call: invalid-argument
// the broker said no: rejected not authorized (0x87)
// try again, or tell somebody: timed-out
// try again, or tell somebody: closed
