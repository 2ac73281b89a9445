// A command that is several: `vouch store check`, `vouch passwd add`. Each is a command of its own in a file of its own, loaded when it is
// meant; here is found which one that is, and what there is to choose from.

import { UsageError } from '../base/errors.ts';
import { nearest } from '../config/nearest.ts';
import { quote } from '../config/spelling.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { definitionLines, heading, pageWidth } from './help-page.ts';

/** What a group is made of. */
export interface CommandGroup {
  /** `store`; its commands are called `store check` and so on. */
  readonly name: string;
  readonly sentence: string;
  /** What its commands work on, for whoever asks for one that is none: 'a store'. */
  readonly subject: string;
  /** In the order of the list that `--help` prints. */
  readonly commands: ReadonlyMap<string, () => Promise<{ readonly command: Command }>>;
  /** Runs one of them, where more is to be said of how it ends. */
  readonly run?: (command: Command, args: readonly string[]) => Promise<number>;
}

/** Makes one command of several. */
export function defineGroup(group: CommandGroup): Command {
  const { name, sentence, run = (command, args) => command.run(args) } = group;
  return {
    name,
    sentence,
    async outline() {
      return { options: {}, operands: [], commands: await loadAll(group) };
    },
    async run(args) {
      const [first, ...rest] = args;
      if (first === undefined) {
        process.stderr.write(await overview(group));
        return EXIT.usage;
      }
      if (first === '--help' || first === '-h' || (first === 'help' && rest.length === 0)) {
        process.stdout.write(await overview(group));
        return EXIT.ok;
      }
      if (first === 'help') return await (await load(group, rest[0] ?? '')).run(['--help']);
      return await run(await load(group, first), rest);
    },
  };
}

async function load({ commands, subject }: CommandGroup, name: string): Promise<Command> {
  const found = commands.get(name);
  if (found !== undefined) return (await found()).command;
  const near = nearest(name, commands.keys());
  const known = near === undefined ? `there are ${[...commands.keys()].join(', ')}` : `did you mean ${near}?`;
  throw new UsageError('invalid-argument', `${quote(name)} is nothing that can be done with ${subject}; ${known}`);
}

async function loadAll({ commands }: CommandGroup): Promise<readonly Command[]> {
  return await Promise.all([...commands.values()].map(async (loadOne) => (await loadOne()).command));
}

async function overview(group: CommandGroup): Promise<string> {
  const { name, sentence } = group;
  const width = pageWidth(process.stdout.columns);
  const all = await loadAll(group);
  return [
    `Usage: vouch ${name} COMMAND [options]`,
    '',
    sentence,
    '',
    heading('Commands'),
    ...all.flatMap((each) => definitionLines(each.name.replace(`${name} `, ''), each.sentence, width, 12)),
    '',
    `"vouch ${name} COMMAND --help" shows everything about a command.`,
    '',
  ].join('\n');
}
