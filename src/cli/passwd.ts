// `vouch passwd`: what is done with a password file, each a command of its own in a file of its own. Here is found which one is
// meant.

import { UsageError } from '../base/errors.ts';
import { nearest } from '../config/nearest.ts';
import { quote } from '../config/spelling.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { definitionLines, heading, pageWidth } from './help-page.ts';

/** Every command, in the order of the list that `vouch passwd --help` prints. */
const TOOLS: ReadonlyMap<string, () => Promise<{ readonly command: Command }>> = new Map([
  ['add', () => import('./passwd-add.ts')],
  ['delete', () => import('./passwd-delete.ts')],
  ['verify', () => import('./passwd-verify.ts')],
]);

/** `vouch passwd`. */
export const command: Command = {
  name: 'passwd',
  sentence: 'Adds, deletes and checks the users of a password file.',
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
    return await (await load(first)).run(rest);
  },
};

async function load(name: string): Promise<Command> {
  const found = TOOLS.get(name);
  if (found !== undefined) return (await found()).command;
  const near = nearest(name, TOOLS.keys());
  const known = near === undefined ? `there are ${[...TOOLS.keys()].join(', ')}` : `did you mean ${near}?`;
  throw new UsageError('invalid-argument', `${quote(name)} is nothing that can be done with a password file; ${known}`);
}

async function overview(): Promise<string> {
  const width = pageWidth(process.stdout.columns);
  const tools = await Promise.all([...TOOLS.values()].map(async (loadOne) => (await loadOne()).command));
  return [
    'Usage: vouch passwd COMMAND [options]',
    '',
    command.sentence,
    '',
    heading('Commands'),
    ...tools.flatMap((tool) => definitionLines(tool.name.replace('passwd ', ''), tool.sentence, width, 12)),
    '',
    '"vouch passwd COMMAND --help" shows everything about a command.',
    '',
  ].join('\n');
}
