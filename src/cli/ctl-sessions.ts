// `vouch ctl sessions`: every session, also of clients that are away.

import { askBroker } from '../control/control-client.ts';
import type { RowsOf } from '../control/operations.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { LIST_OPTIONS, type ListOptions, listQuestion } from './ctl-list-options.ts';
import { count, EXIT_NOTE, type Listing, roughAge, showRows, socketOf } from './ctl-options.ts';
import type { ValuesOf } from './option-table.ts';
import { roughSize } from './store-options.ts';

const LISTING: Listing<RowsOf['sessions']> = {
  columns: [
    { title: 'CLIENT', align: 'left' },
    { title: 'USER', align: 'left' },
    { title: 'STATE', align: 'left' },
    { title: 'ENDS', align: 'left' },
    { title: 'SUBS', align: 'right' },
    { title: 'IN FLIGHT', align: 'right' },
    { title: 'QUEUED', align: 'right' },
    { title: 'PAYLOAD', align: 'right' },
  ],
  cells: (session) => [
    session.clientId,
    session.user ?? '-',
    session.connection === undefined ? 'away' : 'connected',
    endOf(session),
    count(session.subscriptions),
    count(session.inFlight),
    count(session.queuedMessages),
    session.queuedMessages === 0 ? '-' : roughSize(session.queuedBytes),
  ],
  nothing: 'There is no such session.',
};

/** `vouch ctl sessions`. */
export const command: Command = defineCommand(
  {
    command: 'vouch ctl sessions',
    sentence: 'Lists the sessions, also of clients that are away.',
    usage: ['[options]'],
    options: LIST_OPTIONS,
    examples: [
      { line: 'vouch ctl sessions --sort bytes -n 20', sentence: 'Whose queues are the largest?' },
      { line: "vouch ctl sessions --json | jq -r 'select(.connection == null).clientId'", sentence: 'Who is away?' },
    ],
    notes: [EXIT_NOTE],
  },
  sessions,
);

/** When a session ends, in words. */
export function endOf({ connection, isPersistent, expirySeconds, expiresInSeconds }: RowsOf['sessions']): string {
  if (expiresInSeconds !== undefined) return `in ${roughAge(expiresInSeconds)}`;
  if (connection === undefined || !isPersistent) return 'with its connection';
  return `${roughAge(expirySeconds)} after its connection`;
}

async function sessions(values: ValuesOf<ListOptions>): Promise<number> {
  await showRows(askBroker(socketOf(values), 'sessions', listQuestion(values)), values, LISTING);
  return EXIT.ok;
}
