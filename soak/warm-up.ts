// What a broker does the first time, done before anything is measured: the memory of a password check (19 MiB, in each thread that makes
// one) is not given back, and would look like what a flood has left behind.

import { connect } from '../src/exports/client.ts';
import { type SoakBroker, USER_COUNT, USER_PASSWORD } from './broker-process.ts';

/** Lets every user in once. */
export async function warmUp({ target }: SoakBroker): Promise<void> {
  await Promise.all(
    Array.from({ length: USER_COUNT }, async (_, n) => {
      const client = await connect(`mqtt://127.0.0.1:${target.tcp}`, {
        userName: `known${n}`,
        password: USER_PASSWORD,
        reconnect: false,
      });
      await client.disconnect();
    }),
  );
}
