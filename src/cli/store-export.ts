// `vouch store export`: a store as lines of JSON on standard output.

import { once } from 'node:events';

import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { withoutControls } from './message-format.ts';
import type { ValuesOf } from './option-table.ts';
import { switchOption } from './option-table.ts';
import { counted, dataPath, EXIT_NOTE, remark, runStoreTool, STORE_OPTIONS } from './store-options.ts';

const NAME = 'vouch store export';

const OPTIONS = {
  salvage: switchOption({
    group: 'Export',
    sentence: 'Leave out what is damaged, and say so, instead of giving up.',
  }),
  ...STORE_OPTIONS,
};

/** `vouch store export`. */
export const command: Command = defineCommand(
  {
    command: NAME,
    sentence: 'Prints everything in a store as lines of JSON.',
    usage: ['[options] > FILE'],
    options: OPTIONS,
    examples: [
      { line: 'vouch store export > store.jsonl', sentence: 'Write ./data to a file.' },
      {
        line: `vouch store export | jq -r 'select(.kind == "session").clientId'`,
        sentence: 'Which clients have a session?',
      },
    ],
    notes: [
      'A broker may use the store meanwhile: the export is as of one moment.',
      'Payloads and other bytes are in Base64, moments in milliseconds of the time of the store. The last line says how many lines ' +
        'there are, so that half an export is not taken for a whole one.',
      `${EXIT_NOTE} With --salvage also 1 if something was left out.`,
    ],
  },
  exportStore,
);

async function exportStore(values: ValuesOf<typeof OPTIONS>): Promise<number> {
  const request = { kind: 'export', path: dataPath(values), salvage: values.salvage } as const;
  const { leftOut } = await runStoreTool('exporting the store', request, { output: print });
  if (leftOut.length === 0) return EXIT.ok;
  for (const sentence of leftOut) remark(NAME, withoutControls(sentence));
  remark(
    NAME,
    `${counted(leftOut.length, 'thing')} could not be read and ${leftOut.length === 1 ? 'is' : 'are'} left out.`,
  );
  return EXIT.failure;
}

async function print(chunk: Uint8Array): Promise<void> {
  if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
}
