// `vouch ctl queue`: what one session is owed, or what waits for a shared subscription.

import { askBroker } from '../control/control-client.ts';
import type { RowsOf } from '../control/operations.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import {
  EXIT_NOTE,
  expiryText,
  JSON_OPTION,
  LIMIT_OPTION,
  type Listing,
  PAYLOAD_OPTION,
  payloadText,
  rowsWanted,
  showRows,
  SOCKET_OPTIONS,
  socketOf,
} from './ctl-options.ts';
import type { ValuesOf } from './option-table.ts';
import { roughSize } from './store-options.ts';

const OPTIONS = {
  payload: PAYLOAD_OPTION,
  limit: LIMIT_OPTION,
  json: JSON_OPTION,
  ...SOCKET_OPTIONS,
};

/** `vouch ctl queue`. */
export const command: Command = defineCommand(
  {
    command: 'vouch ctl queue',
    sentence: 'Shows what a session, or a shared subscription, is owed, oldest first. It is left as it is.',
    usage: ['ID [options]', "'$share/NAME/FILTER' [options]"],
    operands: ['ID'],
    options: OPTIONS,
    examples: [
      { line: 'vouch ctl queue meter-1 -n 10', sentence: 'The ten messages that it gets next.' },
      {
        line: "vouch ctl queue '$share/workers/jobs/#'",
        sentence: 'The jobs that no worker has taken; in single quotes, or the shell takes $share away.',
      },
    ],
    notes: [
      'States: queued (its sending has not begun), sent (the client has not acknowledged it), released (QoS 2: the client has it, and the ' +
        'last packet of the handshake has not come). Of a shared subscription: queued (no member has it), sent (lent to a member whose ' +
        'session ends with its connection). What else members have been given is in their own queues. vouch ctl groups lists shared subscriptions.',
      EXIT_NOTE,
    ],
  },
  queue,
);

async function queue(values: ValuesOf<typeof OPTIONS>, operands: readonly string[]): Promise<number> {
  const [id = ''] = operands;
  const { payload } = values;
  const socket = socketOf(values);
  const wanted = { limit: rowsWanted(values), payload };
  const rows = id.startsWith('$share/')
    ? askBroker(socket, 'group-queue', { filter: id, ...wanted })
    : askBroker(socket, 'queue', { id, ...wanted });
  await showRows(rows, values, listing(payload));
  return EXIT.ok;
}

function listing(hasPayload: boolean): Listing<RowsOf['queue']> {
  return {
    columns: [
      { title: 'STATE', align: 'left' },
      { title: 'TOPIC', align: 'left' },
      { title: 'QOS', align: 'right' },
      { title: 'RETAIN', align: 'left' },
      { title: 'SIZE', align: 'right' },
      { title: 'EXPIRES', align: 'right' },
      ...(hasPayload ? [{ title: 'PAYLOAD', align: 'left' } as const] : []),
    ],
    cells: ({ state, topic, qos, retain, payloadBytes, expiresInSeconds, payload }) => [
      state,
      topic,
      String(qos),
      retain ? 'retain' : '-',
      roughSize(payloadBytes),
      expiryText(expiresInSeconds),
      ...(hasPayload ? [payloadText(payload)] : []),
    ],
    nothing: 'Nothing waits for it.',
  };
}
