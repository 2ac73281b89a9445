// `vouch store`: the tools that work on a store, each a command of its own in a file of its own. Here is found which
// one is meant. A disk that fails under a tool has its own exit code, as under a broker.

import { OperationError, UsageError } from '../base/errors.ts';
import { nearest } from '../config/nearest.ts';
import { quote } from '../config/spelling.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { definitionLines, heading, pageWidth } from './help-page.ts';
import { remark } from './store-options.ts';

/** Every tool, in the order of the list that `vouch store --help` prints. */
const TOOLS: ReadonlyMap<string, () => Promise<{ readonly command: Command }>> = new Map([
  ['check', () => import('./store-check.ts')],
  ['stats', () => import('./store-stats.ts')],
  ['backup', () => import('./store-backup.ts')],
  ['export', () => import('./store-export.ts')],
  ['import', () => import('./store-import.ts')],
  ['compact', () => import('./store-compact.ts')],
]);

/** `vouch store`. */
export const command: Command = {
  name: 'store',
  sentence: 'Checks, measures, backs up, moves and compacts a store on disk.',
  async run(args) {
    const [first, ...rest] = args;
    if (first === undefined) {
      process.stderr.write(await overview());
      return EXIT.usage;
    }
    if (first === '--help' || first === '-h' || (first === 'help' && rest.length === 0)) {
      process.stdout.write(await overview());
      return EXIT.ok;
    }
    if (first === 'help') return await (await load(rest[0] ?? '')).run(['--help']);
    return await runTool(await load(first), rest);
  },
};

async function runTool(tool: Command, args: readonly string[]): Promise<number> {
  try {
    return await tool.run(args);
  } catch (error) {
    if (!(error instanceof OperationError) || error.code !== 'store-failed') throw error;
    for (const line of error.message.split('\n')) remark(`vouch ${tool.name}`, line);
    return EXIT.storeFailed;
  }
}

async function load(name: string): Promise<Command> {
  const found = TOOLS.get(name);
  if (found !== undefined) return (await found()).command;
  const near = nearest(name, TOOLS.keys());
  const known = near === undefined ? `there are ${[...TOOLS.keys()].join(', ')}` : `did you mean ${near}?`;
  throw new UsageError('invalid-argument', `${quote(name)} is nothing that can be done with a store; ${known}`);
}

async function overview(): Promise<string> {
  const width = pageWidth(process.stdout.columns);
  const tools = await Promise.all([...TOOLS.values()].map(async (loadOne) => (await loadOne()).command));
  return [
    'Usage: vouch store COMMAND [options]',
    '',
    command.sentence,
    '',
    heading('Commands'),
    ...tools.flatMap((tool) => definitionLines(tool.name.replace('store ', ''), tool.sentence, width, 12)),
    '',
    '"vouch store COMMAND --help" shows everything about a command.',
    '',
  ].join('\n');
}
