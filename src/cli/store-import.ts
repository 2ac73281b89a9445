// `vouch store import`: makes a store of what `vouch store export` printed.

import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import type { ValuesOf } from './option-table.ts';
import { counted, dataPath, EXIT_NOTE, runStoreTool, STORE_OPTIONS, type StoreOptions } from './store-options.ts';

/** `vouch store import`. */
export const command: Command = defineCommand(
  {
    command: 'vouch store import',
    sentence: 'Makes a new store of an export on standard input.',
    usage: ['--data DIR < FILE'],
    options: STORE_OPTIONS,
    examples: [
      {
        line: 'vouch store import --data /var/lib/vouch < store.jsonl',
        sentence: 'The store is there if all of it is.',
      },
    ],
    notes: ['The data directory is made if it is not there; it must not have a store.', EXIT_NOTE],
  },
  importStore,
);

async function importStore(values: ValuesOf<StoreOptions>): Promise<number> {
  const path = dataPath(values);
  const chunks: AsyncIterator<Uint8Array> = process.stdin[Symbol.asyncIterator]();
  const { sessions, retained, messages } = await runStoreTool(
    'importing the store',
    { kind: 'import', path },
    {
      input: async () => {
        const next = await chunks.next();
        return next.done === true ? undefined : next.value;
      },
    },
  );
  const found = [counted(sessions, 'session'), counted(retained, 'retained message'), counted(messages, 'message')];
  process.stdout.write(`Imported ${found.join(', ')} to deliver.\n`);
  return EXIT.ok;
}
