// `vouch ctl clients`: who is connected.

import { askBroker } from '../control/control-client.ts';
import type { RowsOf } from '../control/operations.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { LIST_OPTIONS, type ListOptions, listQuestion } from './ctl-list-options.ts';
import { count, EXIT_NOTE, type Listing, roughAge, showRows, socketOf } from './ctl-options.ts';
import type { ValuesOf } from './option-table.ts';
import { roughSize } from './store-options.ts';

/** How connected clients are shown. */
const LISTING: Listing<RowsOf['clients']> = {
  columns: [
    { title: 'CLIENT', align: 'left' },
    { title: 'USER', align: 'left' },
    { title: 'ADDRESS', align: 'left' },
    { title: 'PROTOCOL', align: 'left' },
    { title: 'CONNECTED', align: 'right' },
    { title: 'SILENT', align: 'right' },
    { title: 'SUBS', align: 'right' },
    { title: 'IN', align: 'right' },
    { title: 'OUT', align: 'right' },
    { title: 'IN FLIGHT', align: 'right' },
    { title: 'QUEUED', align: 'right' },
    { title: 'OUTBOX', align: 'right' },
    { title: 'WAITS FOR', align: 'left' },
  ],
  cells: ({ clientId, user, connection, subscriptions, inFlight, queuedMessages }) => [
    clientId,
    user ?? '-',
    connection?.address ?? '-',
    connection?.protocol.replace('MQTT ', '') ?? '-',
    roughAge(connection?.connectedSeconds ?? 0),
    roughAge(connection?.silentSeconds ?? 0),
    count(subscriptions),
    amount(connection?.messagesReceived, connection?.bytesReceived),
    amount(connection?.messagesSent, connection?.bytesSent),
    count(inFlight),
    count(queuedMessages),
    connection === undefined || connection.outboxBytes === 0 ? '-' : roughSize(connection.outboxBytes),
    connection?.waiting.join(', ') ?? '',
  ],
  nothing: 'No such client is connected.',
};

/** Messages, and the bytes of them and of all other packets. */
function amount(messages = 0, bytes = 0): string {
  return `${messages.toLocaleString('en')} / ${roughSize(bytes)}`;
}

/** `vouch ctl clients`. */
export const command: Command = defineCommand(
  {
    command: 'vouch ctl clients',
    sentence: 'Lists the clients that are connected.',
    usage: ['[options]'],
    options: LIST_OPTIONS,
    examples: [
      { line: 'vouch ctl clients --sort queue -n 20', sentence: 'For whom does most wait?' },
      { line: 'vouch ctl clients --sort messages-in -n 20', sentence: 'Who has published most since it connected?' },
      {
        line: "vouch ctl clients -f 'meter-*' --json | jq .connection.address",
        sentence: 'Where do the meters come from?',
      },
    ],
    notes: [
      'IN and OUT: messages that it has published and was sent on this connection, and the bytes of all its packets.',
      'What a client may wait for: window-full (it has yet to acknowledge), slow-reader (it does not read), queue-read (its queue is ' +
        'being read from the store), disk (its messages are being written), not-read-from (it sends faster than our disk, or reads no ' +
        'answers), rate-limit-out and rate-limit-in (it gets, or sends, more than it may), publisher-held (its messages are refused, and its connection ends soon). docs/operating.md says more.',
      EXIT_NOTE,
    ],
  },
  clients,
);

async function clients(values: ValuesOf<ListOptions>): Promise<number> {
  await showRows(askBroker(socketOf(values), 'clients', listQuestion(values)), values, LISTING);
  return EXIT.ok;
}
