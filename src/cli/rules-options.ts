// What the commands that ask rules have in common: which file is meant, and how its mistakes are told.

import type { RuleFile } from '../auth/rules/rule.ts';
import { UsageError } from '../base/errors.ts';
import { type Problem, showProblem } from '../config/problem.ts';
import { CONFIG_VARIABLE, readConfig } from '../config/read-config.ts';
import { readRulesFile } from '../config/rules-file.ts';
import { type Option, text, type ValuesOf, valueOption } from './option-table.ts';

const RULES = 'Rules';

/** Which rules are meant. */
export type RulesOptions = {
  readonly rules: Option<string | undefined>;
  readonly config: Option<string | undefined>;
};

/** The options that say which. */
export const RULES_OPTIONS: RulesOptions = {
  rules: valueOption(
    { metavar: 'FILE', group: RULES, sentence: 'The file of rules; otherwise the one that vouch start would use.' },
    text,
  ),
  config: valueOption(
    {
      short: 'c',
      metavar: 'FILE',
      group: RULES,
      sentence: `The configuration file of vouch start, which may name the file of rules. Also ${CONFIG_VARIABLE}.`,
    },
    text,
  ),
};

/**
 * The rules that are meant.
 * @param otherwise  The file to read where no option names one.
 * @throws {UsageError} `invalid-option`: there are none, or something is wrong with them.
 */
export function readMeantRules({ rules, config }: ValuesOf<RulesOptions>, otherwise?: string): RuleFile {
  const path = rules ?? (config === undefined ? otherwise : undefined);
  if (path !== undefined) {
    const outcome = readRulesFile(path);
    if (outcome.kind === 'valid') return outcome.file;
    throw problemsError(outcome.problems);
  }
  const variable = process.env[CONFIG_VARIABLE];
  const outcome = readConfig({
    path: config ?? (variable === '' ? undefined : variable),
    flags: new Map(),
    environment: process.env,
  });
  if (outcome.kind === 'invalid') throw problemsError(outcome.problems);
  if (outcome.config.accessRules !== undefined) return outcome.config.accessRules;
  throw new UsageError('invalid-option', 'There are no rules, so everything is allowed; name a file with --rules.');
}

/** All that is wrong with a file, a line each. */
export function problemsError(problems: readonly Problem[]): UsageError {
  return new UsageError('invalid-option', problems.map(showProblem).join('\n'));
}
