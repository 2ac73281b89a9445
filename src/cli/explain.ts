// `vouch explain`: may such a client do that, and which rule says so? Asked of the file, not of a broker: a rule can be tried before it
// is in force.

import type { Action } from '../auth/contract.ts';
import { UsageError } from '../base/errors.ts';
import { quote } from '../config/spelling.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { withoutControls } from './message-format.ts';
import { integer, listOption, switchOption, text, type ValuesOf, valueOption, withDefault } from './option-table.ts';
import { readMeantRules, RULES_OPTIONS } from './rules-options.ts';

const CLIENT = 'Client';
const ACTIONS: readonly Action[] = ['publish', 'subscribe', 'receive', 'will'];

const OPTIONS = {
  user: valueOption(
    { short: 'u', metavar: 'NAME', group: CLIENT, sentence: 'Its user name; without one it is anonymous.' },
    text,
  ),
  client: withDefault(
    valueOption(
      { short: 'i', metavar: 'ID', group: CLIENT, sentence: 'Its client identifier.', defaultText: 'none' },
      text,
    ),
    '',
  ),
  group: listOption(
    {
      metavar: 'NAME',
      group: CLIENT,
      sentence: 'A group that it is in, besides those that the rules list its user in. May be given again.',
    },
    text,
  ),
  certificate: valueOption({ metavar: 'NAME', group: CLIENT, sentence: 'The Common Name of its certificate.' }, text),
  address: withDefault(
    valueOption(
      { metavar: 'IP', group: CLIENT, sentence: 'The address that it connects from.', defaultText: 'unknown' },
      text,
    ),
    '',
  ),
  qos: withDefault(
    valueOption(
      { short: 'q', metavar: 'QOS', group: 'Message', sentence: 'The QoS of the message or subscription.' },
      integer(0, 2),
    ),
    0,
  ),
  retain: switchOption({ short: 'r', group: 'Message', sentence: 'The message is to be retained.' }),
  ...RULES_OPTIONS,
};

/** `vouch explain`. */
export const command: Command = defineCommand(
  {
    command: 'vouch explain',
    sentence: 'Says whether rules allow something to a client, and which rule decides.',
    usage: ['publish|subscribe|receive|will TOPIC [options]'],
    operands: ['ACTION', 'TOPIC'],
    options: OPTIONS,
    examples: [
      { line: 'vouch explain --user u --client c publish a/b', sentence: 'By the rules of the configuration.' },
      { line: "vouch explain -u alice subscribe '$share/g/a/#' -q 1 --rules rules.yaml", sentence: 'By these rules.' },
    ],
    notes: [
      'The answer is about the rules alone: a broker may refuse what they allow for other reasons, such as dollarTopics.',
      'Exit codes: 0 allowed, 1 refused, 2 called wrongly or rules that are wrong, 70 a bug in Vouch.',
    ],
  },
  explain,
);

async function explain(values: ValuesOf<typeof OPTIONS>, operands: readonly string[]): Promise<number> {
  const [word = '', topic = ''] = operands;
  const action = ACTIONS.find((known) => known === word);
  if (action === undefined) {
    throw new UsageError('invalid-argument', `ACTION is publish, subscribe, receive or will; got ${quote(word)}.`);
  }
  const { askRules } = await import('../server/rules-question.ts');
  const { isAllowed, sentence, tell } = askRules(readMeantRules(values), {
    identity: {
      principal: values.user,
      clientId: values.client,
      remote: values.address,
      certificate: values.certificate,
      groups: values.group,
    },
    action,
    topic,
    qos: values.qos === 0 || values.qos === 1 ? values.qos : 2,
    retain: values.retain,
  });
  process.stdout.write(`${isAllowed ? 'allowed' : 'refused'}: ${withoutControls(sentence)}\n`);
  if (tell !== undefined) process.stdout.write(`It is told: ${withoutControls(tell)}\n`);
  return isAllowed ? EXIT.ok : EXIT.failure;
}
