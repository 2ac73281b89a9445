// `vouch rules test`: asks rules everything that a file expects of them, and says where they answer otherwise and why.

import path from 'node:path';

import { UsageError } from '../base/errors.ts';
import { showPlace } from '../config/problem.ts';
import { readExpectationsFile, type RulesExpectation } from '../config/rules-expectations.ts';
import { quote } from '../config/spelling.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { withoutControls } from './message-format.ts';
import type { ValuesOf } from './option-table.ts';
import { problemsError, readMeantRules, RULES_OPTIONS } from './rules-options.ts';

/** `vouch rules test`. */
export const command: Command = defineCommand(
  {
    command: 'vouch rules test',
    sentence: 'Tests a file of rules against a file of expectations.',
    usage: ['FILE [options]'],
    operands: ['FILE'],
    options: RULES_OPTIONS,
    examples: [
      { line: 'vouch rules test expectations.yaml', sentence: 'Test the rules that the file names.' },
      {
        line: 'vouch rules test expectations.yaml --rules new.yaml',
        sentence: 'Test others before they are in force.',
      },
    ],
    notes: [
      'The file names the rules ("rules: rules.yaml", beside it) and lists what they should say: "expect:", and below it entries ' +
        'such as "- {user: alice, client: c1, publish: [a/b, a/c], qos: 1, is: allowed}". An entry has one of publish, ' +
        'subscribe and receive; user, client, group, certificate, address, qos and retain as far as they matter; and is, ' +
        'which is allowed or refused.',
      'Exit codes: 0 all as expected, 1 not so, 2 called wrongly or a file that is wrong, 70 a bug in Vouch.',
    ],
  },
  test,
);

async function test(values: ValuesOf<typeof RULES_OPTIONS>, operands: readonly string[]): Promise<number> {
  const [file = ''] = operands;
  const outcome = readExpectationsFile(file);
  if (outcome.kind === 'invalid') throw problemsError(outcome.problems);
  const { rulesFile, expectations } = outcome;
  const rules = readMeantRules(values, rulesFile === undefined ? undefined : besideFile(file, rulesFile));
  const { askRules } = await import('../server/rules-question.ts');
  let failed = 0;
  for (const expectation of expectations) {
    const { isAllowed, sentence } = placed(expectation, () => askRules(rules, expectation));
    if (isAllowed === expectation.isAllowed) continue;
    failed++;
    const answer = `${isAllowed ? 'allowed' : 'refused'}, not ${expectation.isAllowed ? 'allowed' : 'refused'}`;
    process.stdout.write(
      withoutControls(`${showPlace(expectation.place)}: ${question(expectation)} is ${answer}: ${sentence}`),
    );
    process.stdout.write('\n');
  }
  const all = `${expectations.length} ${expectations.length === 1 ? 'expectation' : 'expectations'}`;
  process.stdout.write(failed === 0 ? `${all}, all met\n` : `${failed} of ${all} not met\n`);
  return failed === 0 ? EXIT.ok : EXIT.failure;
}

/** A path that a file names, as seen from here. */
function besideFile(file: string, named: string): string {
  return path.isAbsolute(named) ? named : path.join(path.dirname(file), named);
}

/** A topic that is none is a mistake of the file. */
function placed<Answer>({ place }: RulesExpectation, ask: () => Answer): Answer {
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(error.code, `${showPlace(place)}: ${error.message}`, { cause: error });
  }
}

function question({ identity, action, topic, qos, retain }: RulesExpectation): string {
  const user = identity.principal === undefined ? 'an anonymous client' : `user ${quote(identity.principal)}`;
  return `${action} ${quote(topic)} with QoS ${qos}${retain ? ' and RETAIN' : ''} by ${user}`;
}
