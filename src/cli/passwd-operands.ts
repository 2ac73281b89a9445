// What the commands under `vouch passwd` have in common: they begin with the file and the user, by place, as people know it from
// mosquitto_passwd; everything else is said with options.

import { UsageError } from '../base/errors.ts';
import { quote } from '../config/spelling.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { ChangedPasswords } from '../server/password-tools.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import type { HelpPage } from './help-page.ts';
import { text, type Option, type OptionTable, type ValuesOf, valueOption } from './option-table.ts';

/** The file, and the user in it. */
export interface Operands {
  readonly file: string;
  readonly user: string;
}

/** The row that says where the password is. */
export const PASSWORD_FROM: Option<string | undefined> = valueOption(
  {
    metavar: 'FILE',
    group: 'Password',
    sentence:
      'The file that has the password, and nothing else. Without it, it is typed, or comes from standard input.',
  },
  text,
);

/** The note on exit codes under each help page. */
export const EXIT_NOTE = 'Exit codes: 0 done; 1 not done; 2 called wrongly; 70 a bug in Vouch.';

/** Makes a command whose arguments begin with a file and a user. */
export function operandCommand<Table extends OptionTable>(
  page: HelpPage<Table>,
  action: (operands: Operands, values: ValuesOf<Table>) => Promise<number>,
): Command {
  const bare = defineCommand(page, () => Promise.resolve(EXIT.ok));
  return {
    name: bare.name,
    sentence: bare.sentence,
    async outline() {
      return { options: page.options, operands: ['FILE', 'USER'].map((name) => ({ name, choices: [] })), commands: [] };
    },
    async run(args) {
      const first = args.findIndex((arg) => arg.startsWith('-') && arg !== '-');
      const operands = first < 0 ? args : args.slice(0, first);
      const options = args.slice(operands.length);
      if (options.includes('--help') || options.includes('-h')) return await bare.run(['--help']);
      const [file, user, ...more] = operands;
      if (file === undefined || file === '' || user === undefined)
        throw wrong(`${page.command} begins with FILE and USER`);
      // Not repeated: it may well be a password.
      if (more.length > 0) throw wrong('a password is no argument, but typed, or comes from standard input or a file');
      return await defineCommand(page, (values) => action({ file, user }, values)).run(options);
    },
  };
}

/** Says what became of a file, and whether the broker will take it. */
export function tellChange(command: string, { file, user }: Operands, { done, problems }: ChangedPasswords): number {
  const verb = { added: 'Added', changed: 'Changed the password of', deleted: 'Deleted' }[done];
  process.stdout.write(`${verb} ${quote(user)}.\n`);
  for (const problem of problems) process.stderr.write(`${command}: ${file}:${problem}.\n`);
  if (problems.length > 0) process.stderr.write(`${command}: A broker will not take the file as it is.\n`);
  return EXIT.ok;
}

function wrong(sentence: string): UsageError {
  return new UsageError('invalid-argument', `${sentence}.`);
}
