// A subscriber as an application writes one that counts: to process a message is to write it down, which cannot be undone, and
// then to acknowledge it. Between the two it may be killed: then the message comes again, and its key tells that it has
// been processed. Here everything that comes is written down, and the harness looks at the keys.
// It subscribes anew in each life. What comes before that, from the inbox or the broker, is taken at once (`early`) or waits.

import { setTimeout } from 'node:timers/promises';

import type { ReceivedMessage } from '../../../src/client/received-message.ts';
import { readLabel } from '../label.ts';
import { beginLife, codeOf, readLifeOptions } from './life.ts';
import { tell } from './report.ts';

/** Some messages are long in the works, so that a crash finds some there. */
const LONG_MILLIS_MAX = 30;

const options = readLifeOptions();
const { client, random } = await beginLife(options, {
  onMessage: options.early === 'yes' ? (message) => finish(message, false) : undefined,
});
await subscribe().catch((error: unknown) => {
  // It was told to end while it waited for the broker.
  if (codeOf(error) !== 'closed') throw error;
});

async function subscribe(): Promise<void> {
  const filters = options.subscriptions.split(',').map((each) => {
    const [filter = '', qos] = each.split('=');
    return { filter, qos: qos === '1' ? 1 : 2 } as const;
  });
  switch (options.taking) {
    case 'manual':
      await client.subscribe(filters, { acknowledge: 'manual', onMessage: (message) => void finish(message, true) });
      return tell({ kind: 'subscribed' });
    case 'automatic':
      await client.subscribe(filters, { onMessage: (message) => finish(message, false) });
      return tell({ kind: 'subscribed' });
    case 'iterated': {
      const subscription = await client.subscribe(filters);
      tell({ kind: 'subscribed' });
      // One after the other: much shorter, for as many to come through.
      for await (const message of subscription) await finish(message, false, LONG_MILLIS_MAX / 20);
      return;
    }
    default:
      throw new Error(`Nobody takes messages like this: ${options.taking}`);
  }
}

/** Processes a message, which takes a moment more or less. */
async function finish(message: ReceivedMessage, isManual: boolean, millisMax: number = LONG_MILLIS_MAX): Promise<void> {
  const { payload, topic, qos, key } = message;
  tell({ kind: 'taken', message: { label: readLabel(payload), topic, qos, key } });
  if (random.chance(0.3)) await setTimeout(random.next() * millisMax);
  if (isManual) message.ack();
  tell({ kind: 'done', key });
}
