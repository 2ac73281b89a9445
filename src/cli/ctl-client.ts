// `vouch ctl client`: everything about one client.

import { askOne } from '../control/control-client.ts';
import type { RowsOf } from '../control/operations.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { EXIT_NOTE, JSON_OPTION, roughAge, say, SOCKET_OPTIONS, socketOf, terminalWidth } from './ctl-options.ts';
import { endOf } from './ctl-sessions.ts';
import type { ValuesOf } from './option-table.ts';
import { counted, roughSize } from './store-options.ts';
import { jsonLine, printable, tableText } from './table.ts';

const OPTIONS = { json: JSON_OPTION, ...SOCKET_OPTIONS };

/** `vouch ctl client`. */
export const command: Command = defineCommand(
  {
    command: 'vouch ctl client',
    sentence: 'Shows everything about one client: its connection, its session, its Will, its subscriptions.',
    usage: ['ID [options]'],
    operands: ['ID'],
    options: OPTIONS,
    examples: [{ line: 'vouch ctl client meter-1', sentence: 'What is it doing?' }],
    notes: [EXIT_NOTE],
  },
  client,
);

async function client(values: ValuesOf<typeof OPTIONS>, operands: readonly string[]): Promise<number> {
  const [id = ''] = operands;
  const details = await askOne(socketOf(values), 'client', { id });
  if (details === undefined) return EXIT.failure;
  await say(values.json ? jsonLine(details) : page(details));
  return EXIT.ok;
}

function page(details: RowsOf['client']): string {
  const lines = [...connectionLines(details), ...sessionLines(details)];
  const known = lines.map(([name, value]) => `${name.padEnd(14)} ${printable(value)}\n`).join('');
  if (details.subscriptionList.length === 0) return known;
  const subscriptions = tableText(
    [
      { title: 'SUBSCRIPTION', align: 'left' },
      { title: 'QOS', align: 'right' },
      { title: 'OPTIONS', align: 'left' },
    ],
    details.subscriptionList.map((subscription) => [
      subscription.filter,
      String(subscription.qos),
      optionsOf(subscription).join(', '),
    ]),
    terminalWidth(),
  );
  return `${known}\n${subscriptions}`;
}

type Line = readonly [name: string, value: string];

function connectionLines({ clientId, user, connection }: RowsOf['client']): readonly Line[] {
  const who: readonly Line[] = [
    ['Client', clientId],
    ['User', user ?? 'anonymous'],
  ];
  if (connection === undefined) return [...who, ['Connection', 'none: it is away']];
  const { certificate, groups, waiting, keepAliveSeconds } = connection;
  const start = connection.cleanStart ? 'with Clean Start' : 'without Clean Start';
  const keepAlive = keepAliveSeconds === 0 ? 'no Keep Alive' : `a Keep Alive of ${keepAliveSeconds} s`;
  const lines: Line[] = [
    [
      'Connection',
      `from ${connection.address}, ${connection.protocol}, for ${roughAge(connection.connectedSeconds)}, ${start}`,
    ],
    ['Last heard', `${roughAge(connection.silentSeconds)} ago, with ${keepAlive}`],
    ['Received', `${counted(connection.messagesReceived, 'message')}, ${roughSize(connection.bytesReceived)} in all`],
    ['Sent', `${counted(connection.messagesSent, 'message')}, ${roughSize(connection.bytesSent)} in all`],
    ['To be read', connection.outboxBytes === 0 ? 'nothing' : roughSize(connection.outboxBytes)],
    ['Waits for', waiting.length === 0 ? 'nothing' : waiting.join(', ')],
  ];
  if (certificate !== undefined) lines.unshift(['Certificate', certificate]);
  if (groups.length > 0) lines.unshift(['Groups', groups.join(', ')]);
  return [...who, ...lines];
}

function sessionLines(details: RowsOf['client']): readonly Line[] {
  const { will, queuedMessages, queuedBytes, inFlight, inFlightFromClient } = details;
  const lines: Line[] = [
    ['Session', `ends ${endOf(details)}`],
    ['Queue', queuedMessages === 0 ? 'empty' : `${counted(queuedMessages, 'message')}, ${roughSize(queuedBytes)}`],
    ['In flight', `${counted(inFlight, 'message')} to it, ${inFlightFromClient.toLocaleString('en')} of QoS 2 from it`],
  ];
  if (will !== undefined) {
    const due = will.dueInSeconds === undefined ? '' : `, published in ${roughAge(will.dueInSeconds)}`;
    const retain = will.retain ? ', retained' : '';
    const delay = will.delaySeconds === 0 ? '' : `, ${roughAge(will.delaySeconds)} after its connection`;
    lines.push(['Will', `${will.topic}, QoS ${will.qos}${retain}, ${roughSize(will.payloadBytes)}${delay}${due}`]);
  }
  return lines;
}

function optionsOf({
  noLocal,
  retainAsPublished,
  retainHandling,
  identifier,
}: RowsOf['client']['subscriptionList'][number]): readonly string[] {
  const options: string[] = [];
  if (noLocal) options.push('no local');
  if (retainAsPublished) options.push('retain as published');
  if (retainHandling === 1) options.push('retained if new');
  if (retainHandling === 2) options.push('no retained');
  if (identifier > 0) options.push(`identifier ${identifier}`);
  return options;
}
