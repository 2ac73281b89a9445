// `vouch store stats`: what a store has, how large it is, and who is owed most.

import { styleText } from 'node:util';

import { EXIT } from '../server/exit-codes.ts';
import type { ToolResults } from '../server/store-tools.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { withoutControls } from './message-format.ts';
import type { ValuesOf } from './option-table.ts';
import { switchOption } from './option-table.ts';
import { dataPath, EXIT_NOTE, remark, roughSize, runStoreTool, STORE_OPTIONS } from './store-options.ts';

const NAME = 'vouch store stats';

const OPTIONS = {
  json: switchOption({ group: 'Statistics', sentence: 'Print them as JSON.' }),
  ...STORE_OPTIONS,
};

/** `vouch store stats`. */
export const command: Command = defineCommand(
  {
    command: NAME,
    sentence: 'Says what a store has and how large it is.',
    usage: ['[options]'],
    options: OPTIONS,
    examples: [
      { line: 'vouch store stats', sentence: 'What is in ./data?' },
      { line: 'vouch store stats --json | jq .queues', sentence: 'Who is owed most?' },
    ],
    notes: ['A broker may use the store meanwhile.', EXIT_NOTE],
  },
  stats,
);

type Summary = ToolResults['stats'];

async function stats(values: ValuesOf<typeof OPTIONS>): Promise<number> {
  const summary = await runStoreTool('reading the store', { kind: 'stats', path: dataPath(values) });
  process.stdout.write(values.json ? `${JSON.stringify(summary, undefined, 2)}\n` : summaryText(summary));
  if (summary.damagedRows > 0) {
    remark(NAME, `${summary.damagedRows} rows are damaged and were left out; "vouch store check" says which.`);
  }
  if (summary.failure !== undefined) remark(NAME, `The disk failed: ${withoutControls(summary.failure)}`);
  return EXIT.ok;
}

/** The summary for people, with a line break at its end. */
export function summaryText(summary: Summary): string {
  const { counts } = summary;
  const rows: (readonly [string, string])[] = [
    ['Data directory', summary.path],
    ['Database', `${roughSize(summary.databaseBytes)}, of which ${roughSize(summary.freeBytes)} free`],
    ['Log', roughSize(summary.logBytes)],
    ['Reserve', summary.reserveBytes === 0 ? 'none' : roughSize(summary.reserveBytes)],
    ['In use', summary.usedAt === undefined ? 'never' : `last on ${new Date(summary.usedAt).toISOString()}`],
    ['Sessions', number(counts.sessions)],
    ['Subscriptions', number(counts.subscriptions)],
    ['Shared groups', number(counts.groups)],
    ['Wills', number(counts.wills)],
    ['Retained messages', number(counts.retained)],
    ['Messages to deliver', number(counts.messages)],
    ['Deliveries', number(counts.deliveries)],
  ];
  const lines = rows.map(([name, value]) => `${name.padEnd(20)} ${value}\n`);
  if (summary.queues.length > 0) lines.push('\n', ...queueLines(summary.queues));
  return lines.join('');
}

function queueLines(queues: Summary['queues']): readonly string[] {
  const line = (cells: readonly string[], name: string): string =>
    `${cells.map((cell) => cell.padStart(12)).join('')}  ${name}\n`;
  const heading = styleText('bold', line(['waiting', 'payload', 'in flight'], 'longest queues'));
  return [
    heading,
    ...queues.map(({ messages, bytes, inFlight, name }) =>
      line([number(messages), roughSize(bytes), number(inFlight)], withoutControls(name)),
    ),
  ];
}

function number(count: number): string {
  return count.toLocaleString('en');
}
