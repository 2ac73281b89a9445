// `vouch ctl ban`: keeps a client, a user or an address out.

import { askOne } from '../control/control-client.ts';
import { EXIT } from '../server/exit-codes.ts';
import { readDuration } from '../config/units.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { banKind } from './ctl-bans.ts';
import { REASON_OPTION } from './ctl-kick.ts';
import { EXIT_NOTE, JSON_OPTION, say, SOCKET_OPTIONS, socketOf } from './ctl-options.ts';
import { BadValue, type ValuesOf, valueOption } from './option-table.ts';
import { jsonLine, printable } from './table.ts';

const SECONDS_MAX = 1_000_000_000;

const OPTIONS = {
  for: valueOption(
    {
      metavar: 'TIME',
      group: 'Ban',
      sentence: 'How long, such as "90 s", 1h or "30 days".',
      defaultText: 'until unban',
    },
    readSeconds,
  ),
  reason: REASON_OPTION,
  json: JSON_OPTION,
  ...SOCKET_OPTIONS,
};

/** `vouch ctl ban`. */
export const command: Command = defineCommand(
  {
    command: 'vouch ctl ban',
    sentence: 'Keeps a client, a user or an address out, and ends their connections. Sessions stay.',
    usage: ['client|user|address VALUE [options]'],
    operands: ['KIND', 'VALUE'],
    options: OPTIONS,
    examples: [
      { line: 'vouch ctl ban client meter-1 --for 1h --reason "Sends too much."', sentence: 'For an hour.' },
      {
        line: 'vouch ctl ban address 192.0.2.0/24',
        sentence: 'A whole network, until "vouch ctl unban address 192.0.2.0/24".',
      },
    ],
    notes: ['Bans outlive the broker. A second ban of the same takes the place of the first.', EXIT_NOTE],
  },
  ban,
);

async function ban(values: ValuesOf<typeof OPTIONS>, operands: readonly string[]): Promise<number> {
  const [kindText = '', value = ''] = operands;
  const question = { kind: banKind(kindText), value, seconds: values.for, reason: values.reason };
  const banned = await askOne(socketOf(values), 'ban', question);
  if (banned === undefined) return EXIT.failure;
  const until = banned.until === undefined ? '' : ` until ${banned.until}`;
  const sentence = `The ${banned.kind} ${printable(JSON.stringify(banned.value))} is banned${until}.`;
  await say(values.json ? jsonLine(banned) : `${sentence}\n`);
  return EXIT.ok;
}

function readSeconds(value: string): number {
  const seconds = Math.ceil((readDuration(value, 1000) ?? 0) / 1000);
  if (seconds >= 1 && seconds <= SECONDS_MAX) return seconds;
  throw new BadValue(`takes a duration in s, min, h or days; got ${JSON.stringify(value)}`);
}
