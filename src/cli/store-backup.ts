// `vouch store backup`: a copy of a store as of one moment, also of one that a broker uses.

import { UsageError } from '../base/errors.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import type { ValuesOf } from './option-table.ts';
import { text, valueOption } from './option-table.ts';
import { dataPath, EXIT_NOTE, roughSize, runStoreTool, STORE_OPTIONS } from './store-options.ts';

const OPTIONS = {
  to: valueOption(
    {
      metavar: 'DIR',
      group: 'Backup',
      sentence: 'Where to: a directory without a store; it is made if it is not there.',
    },
    text,
  ),
  ...STORE_OPTIONS,
};

/** `vouch store backup`. */
export const command: Command = defineCommand(
  {
    command: 'vouch store backup',
    sentence: 'Copies a store, also while a broker uses it, and checks the copy.',
    usage: ['--to DIR [options]'],
    options: OPTIONS,
    examples: [
      { line: 'vouch store backup --to /backup/monday', sentence: 'Back ./data up.' },
      { line: 'vouch start --data /backup/monday', sentence: 'Go on from a backup, or from a copy of its files.' },
    ],
    notes: [
      'The copy is as of one moment. To restore it, copy its directory. Messages that were delivered after it was made are delivered again, with new ones ' +
        'missing: a backup is for the day when the disk is lost.',
      EXIT_NOTE,
    ],
  },
  backup,
);

async function backup(values: ValuesOf<typeof OPTIONS>): Promise<number> {
  const { to } = values;
  if (to === undefined) throw new UsageError('invalid-option', '--to is missing: where should the backup go?');
  const request = { kind: 'backup', path: dataPath(values), to } as const;
  const { bytes, wasInUse } = await runStoreTool('backing the store up', request);
  process.stdout.write(`Backed up ${roughSize(bytes)} to ${to}${wasInUse ? ', with the broker running' : ''}.\n`);
  return EXIT.ok;
}
