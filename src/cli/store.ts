// `vouch store`: the tools that work on a store. A disk that fails under a tool has its own exit code, as under a broker.

import { OperationError } from '../base/errors.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineGroup } from './command-group.ts';
import { remark } from './store-options.ts';

/** `vouch store`. */
export const command: Command = defineGroup({
  name: 'store',
  sentence: 'Checks, measures, backs up, moves and compacts a store on disk.',
  subject: 'a store',
  commands: new Map([
    ['check', () => import('./store-check.ts')],
    ['stats', () => import('./store-stats.ts')],
    ['backup', () => import('./store-backup.ts')],
    ['export', () => import('./store-export.ts')],
    ['import', () => import('./store-import.ts')],
    ['compact', () => import('./store-compact.ts')],
  ]),
  run: runTool,
});

async function runTool(tool: Command, args: readonly string[]): Promise<number> {
  try {
    return await tool.run(args);
  } catch (error) {
    if (!(error instanceof OperationError) || error.code !== 'store-failed') throw error;
    for (const line of error.message.split('\n')) remark(`vouch ${tool.name}`, line);
    return EXIT.storeFailed;
  }
}
