// `vouch ctl groups`: the shared subscriptions, and what waits for them.

import { askBroker } from '../control/control-client.ts';
import { GROUP_SORTS, type RowsOf } from '../control/operations.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import {
  count,
  EXIT_NOTE,
  JSON_OPTION,
  LIMIT_OPTION,
  type Listing,
  rowsWanted,
  showRows,
  SOCKET_OPTIONS,
  socketOf,
} from './ctl-options.ts';
import { oneOf, text, type ValuesOf, valueOption } from './option-table.ts';
import { roughSize } from './store-options.ts';

const LIST = 'List';

const OPTIONS = {
  filter: valueOption(
    {
      short: 'f',
      metavar: 'PATTERN',
      group: LIST,
      sentence: 'Those with such a filter, $share/ and the name of the group included; * stands for anything.',
    },
    text,
  ),
  sort: valueOption(
    { short: 's', metavar: 'KEY', group: LIST, sentence: `The largest first, of ${GROUP_SORTS.join(', ')}.` },
    oneOf(GROUP_SORTS),
  ),
  limit: LIMIT_OPTION,
  json: JSON_OPTION,
  ...SOCKET_OPTIONS,
};

const LISTING: Listing<RowsOf['groups']> = {
  columns: [
    { title: 'SHARED SUBSCRIPTION', align: 'left' },
    { title: 'MEMBERS', align: 'right' },
    { title: 'CONNECTED', align: 'right' },
    { title: 'QUEUED', align: 'right' },
    { title: 'PAYLOAD', align: 'right' },
    { title: 'LENT', align: 'right' },
    { title: 'KEPT', align: 'left' },
  ],
  cells: ({ filter, members, connectedMembers, isPersistent, queuedMessages, queuedBytes, lentMessages }) => [
    filter,
    count(members),
    count(connectedMembers),
    count(queuedMessages),
    queuedMessages === 0 ? '-' : roughSize(queuedBytes),
    count(lentMessages),
    isPersistent ? 'in the store' : 'in memory',
  ],
  nothing: 'There is no such shared subscription.',
};

/** `vouch ctl groups`. */
export const command: Command = defineCommand(
  {
    command: 'vouch ctl groups',
    sentence: 'Lists the shared subscriptions, with what waits for each until a member can take it.',
    usage: ['[options]'],
    options: OPTIONS,
    examples: [
      { line: 'vouch ctl groups --sort queue', sentence: 'Which of them has too few members, or too slow ones?' },
      { line: "vouch ctl queue '$share/workers/jobs/#'", sentence: 'What waits for one of them?' },
    ],
    notes: [
      'LENT: messages that a member has been sent and that come back if it ends before it acknowledges them. KEPT: in the store while a ' +
        'member outlives its connection, else in memory. What members have been given besides is in their own queues.',
      EXIT_NOTE,
    ],
  },
  groups,
);

async function groups(values: ValuesOf<typeof OPTIONS>): Promise<number> {
  const { filter, sort } = values;
  await showRows(askBroker(socketOf(values), 'groups', { filter, sort, limit: rowsWanted(values) }), values, LISTING);
  return EXIT.ok;
}
