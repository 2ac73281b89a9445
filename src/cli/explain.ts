// `vouch explain`: may such a client do that, and which rule says so? Asked of the broker that runs, if there is one, which knows the rules in
// force and what it has found out about the client; else, or where a file is named, of the file: a rule can be tried before it is in force.

import { existsSync } from 'node:fs';

import type { Action, Explanation } from '../auth/contract.ts';
import { OperationError, UsageError } from '../base/errors.ts';
import { askOne } from '../control/control-client.ts';
import type { RowsOf } from '../control/operations.ts';
import { quote } from '../config/spelling.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { meantSocket, SOCKET_OPTIONS } from './ctl-options.ts';
import { withoutControls } from './message-format.ts';
import { integer, listOption, switchOption, text, type ValuesOf, valueOption, withDefault } from './option-table.ts';
import { readMeantRules, RULES_OPTIONS } from './rules-options.ts';
import { printable } from './table.ts';

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
  data: SOCKET_OPTIONS.data,
  socket: SOCKET_OPTIONS.socket,
};

/** `vouch explain`. */
export const command: Command = defineCommand(
  {
    command: 'vouch explain',
    sentence: 'Says whether rules allow something to a client, and which rule decides.',
    usage: ['publish|subscribe|receive|will TOPIC [options]'],
    operands: ['ACTION', 'TOPIC'],
    operandWords: { ACTION: ACTIONS },
    options: OPTIONS,
    examples: [
      {
        line: 'vouch explain --user u --client c publish a/b',
        sentence: 'By the rules in force, or those of the configuration.',
      },
      {
        line: 'vouch explain --client meter-1 subscribe "#" --data /var/lib/vouch',
        sentence: 'As it is connected now.',
      },
      { line: "vouch explain -u alice subscribe '$share/g/a/#' -q 1 --rules rules.yaml", sentence: 'By these rules.' },
    ],
    notes: [
      'If a broker runs with the data directory, it is asked: about the rules in force, and about a client as it is connected, with the user, ' +
        'groups, certificate and address that the broker knows, where the options say no others. --rules asks a file in any case; --data and ' +
        '--socket ask the broker in any case. Whom was asked is said on standard error.',
      'The answer is about the rules alone: a broker may refuse what they allow for other reasons, such as dollarTopics.',
      'Exit codes: 0 allowed, 1 refused, or the broker does not answer, 2 called wrongly or rules that are wrong, 70 a bug in Vouch.',
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
  const asked = (await askBrokerIfMeant(values, action, topic)) ?? (await askFile(values, action, topic));
  process.stderr.write(`vouch explain: asked ${printable(asked.whom)}\n`);
  const { isAllowed, sentence, tell } = asked.explanation;
  process.stdout.write(`${isAllowed ? 'allowed' : 'refused'}: ${withoutControls(sentence)}\n`);
  if (tell !== undefined) process.stdout.write(`It is told: ${withoutControls(tell)}\n`);
  return isAllowed ? EXIT.ok : EXIT.failure;
}

/** What is said, and by whom. */
interface Asked {
  readonly explanation: Pick<Explanation, 'isAllowed' | 'sentence' | 'tell'>;
  readonly whom: string;
}

/** The broker's answer; `undefined`: the rules of a file are meant, or no broker runs. */
async function askBrokerIfMeant(
  values: ValuesOf<typeof OPTIONS>,
  action: Action,
  topic: string,
): Promise<Asked | undefined> {
  const { rules, data, socket: named, config, user, client, group, certificate, address, qos, retain } = values;
  const mustBeAsked = data !== undefined || named !== undefined;
  if (rules !== undefined) {
    if (!mustBeAsked) return undefined;
    throw new UsageError('invalid-option', '--rules asks a file, --data and --socket ask a broker: say one of them.');
  }
  const socket = meantSocket({ data, socket: named, config });
  if (socket === undefined || !(mustBeAsked || existsSync(socket))) return undefined;
  const question = { action, topic, user, group, certificate, qos, retain };
  const about = { client: orNothing(client), address: orNothing(address) };
  try {
    const answer = await askOne(socket, 'explain', { ...question, ...about });
    if (answer === undefined) return undefined;
    return { explanation: answer, whom: `the broker at ${socket}, about ${describe(client, answer)}` };
  } catch (error) {
    // A broker that was killed leaves its socket behind.
    const isGone = error instanceof OperationError && error.code === 'broker-unreachable';
    if (mustBeAsked || !isGone) throw error;
    return undefined;
  }
}

async function askFile(values: ValuesOf<typeof OPTIONS>, action: Action, topic: string): Promise<Asked> {
  const { askRules } = await import('../server/rules-question.ts');
  const file = readMeantRules(values);
  const explanation = askRules(file, {
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
  return { explanation, whom: `the file ${file.path}` };
}

function orNothing(given: string): string | undefined {
  return given === '' ? undefined : given;
}

/** Whom the broker was asked about. */
function describe(client: string, { isConnected, user, address, certificate, groups }: RowsOf['explain']): string {
  const facts = [user === undefined ? 'anonymous' : `user ${JSON.stringify(user)}`];
  if (groups.length > 0) facts.push(`in ${groups.map((group) => JSON.stringify(group)).join(', ')}`);
  if (certificate !== undefined) facts.push(`with the certificate of ${JSON.stringify(certificate)}`);
  if (address !== '') facts.push(`from ${address}`);
  const name = client === '' ? 'a client' : `client ${JSON.stringify(client)}`;
  return `${name}${isConnected ? ' as it is connected' : client === '' ? '' : ', which is not connected'}: ${facts.join(', ')}`;
}
