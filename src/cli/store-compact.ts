// `vouch store compact`: gives the room that deleted rows left in a store back to the disk.

import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import type { ValuesOf } from './option-table.ts';
import { dataPath, EXIT_NOTE, roughSize, runStoreTool, STORE_OPTIONS, type StoreOptions } from './store-options.ts';

/** `vouch store compact`. */
export const command: Command = defineCommand(
  {
    command: 'vouch store compact',
    sentence: 'Gives the room that deleted messages left back to the disk.',
    usage: ['[options]'],
    options: STORE_OPTIONS,
    examples: [{ line: 'vouch store compact', sentence: 'Compact ./data.' }],
    notes: [
      'The database is written anew; the broker must not run on it meanwhile. A broker uses that room again by itself: this is for when it will not be ' +
        'needed soon. It takes up to twice the size of the database on the same disk while it lasts.',
      EXIT_NOTE,
    ],
  },
  compact,
);

async function compact(values: ValuesOf<StoreOptions>): Promise<number> {
  const path = dataPath(values);
  const { bytesBefore, bytesAfter } = await runStoreTool('compacting the store', { kind: 'compact', path });
  process.stdout.write(`The store had ${roughSize(bytesBefore)} and has ${roughSize(bytesAfter)}.\n`);
  return EXIT.ok;
}
