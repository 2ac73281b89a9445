// `vouch ctl retained list`: which retained messages match a filter.

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

/** `vouch ctl retained list`. */
export const command: Command = defineCommand(
  {
    command: 'vouch ctl retained list',
    sentence: 'Lists the retained messages that a Topic Filter matches, in no order.',
    usage: ['FILTER [options]'],
    operands: ['FILTER'],
    options: OPTIONS,
    examples: [{ line: "vouch ctl retained list 'lamps/#'", sentence: 'What would a new subscriber get?' }],
    notes: [
      'As everywhere in MQTT, # and + match no topic that begins with $; the topics of the broker itself ($SYS) are not listed.',
      EXIT_NOTE,
    ],
  },
  list,
);

async function list(values: ValuesOf<typeof OPTIONS>, operands: readonly string[]): Promise<number> {
  const [filter = ''] = operands;
  const { payload } = values;
  const rows = askBroker(socketOf(values), 'retained', { filter, limit: rowsWanted(values), payload });
  await showRows(rows, values, listing(payload));
  return EXIT.ok;
}

function listing(hasPayload: boolean): Listing<RowsOf['retained']> {
  return {
    columns: [
      { title: 'TOPIC', align: 'left' },
      { title: 'QOS', align: 'right' },
      { title: 'SIZE', align: 'right' },
      { title: 'EXPIRES', align: 'right' },
      ...(hasPayload ? [{ title: 'PAYLOAD', align: 'left' } as const] : []),
    ],
    cells: ({ topic, qos, payloadBytes, expiresInSeconds, payload }) => [
      topic,
      String(qos),
      roughSize(payloadBytes),
      expiryText(expiresInSeconds),
      ...(hasPayload ? [payloadText(payload)] : []),
    ],
    nothing: 'No retained message matches.',
  };
}
