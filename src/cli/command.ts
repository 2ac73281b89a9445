// What main.ts knows of a command, and how a command is made of its help page and what it does.

import { EXIT } from '../server/exit-codes.ts';
import { defaultArguments } from './defaults-file.ts';
import type { HelpPage } from './help-page.ts';
import { helpText, pageWidth } from './help-page.ts';
import type { OptionTable, ValuesOf } from './option-table.ts';
import { givenIn, operandsIn, parseOptions } from './option-table.ts';

/** What a command line may hold after the command. */
export interface Outline {
  readonly options: OptionTable;
  readonly operands: readonly OperandOutline[];
  /** Those that the command is made of; often none. */
  readonly commands: readonly Command[];
}

/** What is no option. */
export interface OperandOutline {
  /** As the usage has it: `FILE`. */
  readonly name: string;
  /** What it is one of, where that is a few words; otherwise none. */
  readonly choices: readonly string[];
}

/** One `vouch <name>`. */
export interface Command {
  readonly name: string;
  /** What it does, for the list of commands. */
  readonly sentence: string;
  /** What it takes, for shells that complete it. */
  outline(): Promise<Outline>;
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
    name: nameOf(page.command),
    sentence: page.sentence,
    async outline() {
      const operands = (page.operands ?? []).map((name) => ({ name, choices: page.operandWords?.[name] ?? [] }));
      return { options: page.options, operands, commands: [] };
    },
    async run(args) {
      const readsDefaults = page.readsDefaults === true && !args.includes('--help');
      const defaults = readsDefaults ? defaultsFor(page, args) : [];
      const parsed = parseOptions(page.options, [...defaults, ...args], page.operands);
      if (parsed.kind === 'values') return await action(parsed.values, parsed.operands);
      process.stdout.write(helpText(page, pageWidth(process.stdout.columns)));
      return EXIT.ok;
    },
  };
}

/** What the user's files say and the command line does not say otherwise. */
function defaultsFor(page: HelpPage<OptionTable>, args: readonly string[]): readonly string[] {
  const given = new Map(givenIn(page.options, args));
  // A URL that is an operand says what -L says.
  const [operand] = page.operands?.includes('[URL]') === true ? operandsIn(page.options, args) : [];
  if (operand !== undefined) given.set('url', operand);
  return defaultArguments(nameOf(page.command), page.options, process.env, given);
}

function nameOf(command: string): string {
  return command.replace('vouch ', '');
}
