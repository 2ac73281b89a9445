// What main.ts knows of a command, and how a command is made of its help page and what it does.

import { EXIT } from '../server/exit-codes.ts';
import type { HelpPage } from './help-page.ts';
import { helpText, pageWidth } from './help-page.ts';
import type { OptionTable, ValuesOf } from './option-table.ts';
import { parseOptions } from './option-table.ts';

/** One `vouch <name>`. */
export interface Command {
  readonly name: string;
  /** What it does, for the list of commands. */
  readonly sentence: string;
  /**
   * Runs it with the arguments after its name, and yields the exit code.
   * @throws {UsageError} called wrongly: main.ts says so and exits with 2.
   * @throws {OperationError} the world did not play along: main.ts says so and exits with 1.
   */
  run(args: readonly string[]): Promise<number>;
}

/**
 * Makes a command: parses its options and operands, answers `--help`, and hands the values to `action`.
 * @param action  Yields the exit code.
 */
export function defineCommand<Table extends OptionTable>(
  page: HelpPage<Table>,
  action: (values: ValuesOf<Table>, operands: readonly string[]) => Promise<number>,
): Command {
  return {
    name: page.command.replace('vouch ', ''),
    sentence: page.sentence,
    async run(args) {
      const parsed = parseOptions(page.options, args, page.operands);
      if (parsed.kind === 'values') return await action(parsed.values, parsed.operands);
      process.stdout.write(helpText(page, pageWidth(process.stdout.columns)));
      return EXIT.ok;
    },
  };
}
