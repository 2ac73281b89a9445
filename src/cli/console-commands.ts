// What can be said at the prompt of `vouch connect`: each command with its options and operands, parsed and explained by the same tables as
// command lines are, from which completion comes, too.

import { setTimeout as after } from 'node:timers/promises';

import { UsageError } from '../base/errors.ts';
import { checkFilter, checkTopic } from '../client/topics.ts';
import { nearest } from '../config/nearest.ts';
import { flagOf, quote } from '../config/spelling.ts';
import { reasonName } from '../packet/reason-codes.ts';
import { qos } from './connection-options.ts';
import type { Desk } from './console-desk.ts';
import { definitionLines, helpText, pageWidth } from './help-page.ts';
import { sessionText } from './console-session.ts';
import {
  decimal,
  integer,
  type OptionTable,
  parseOptions,
  switchOption,
  type ValuesOf,
  valueOption,
} from './option-table.ts';
import { decodePayload, encodingOption } from './payload-encoding.ts';
import { PRINT_OPTIONS, printFormat } from './print-options.ts';
import { messageProperties, propertyOption } from './property-option.ts';

/** A command of the console. */
export interface ConsoleCommand {
  readonly name: string;
  /** Shorter names. */
  readonly aliases: readonly string[];
  readonly sentence: string;
  readonly options: OptionTable;
  /** What its operands are, for completion. */
  readonly operand: 'topic' | 'filter' | 'command' | 'none';
  readonly help: (width: number) => string;
  /** @throws {UsageError} @throws {OperationError} what went wrong, for the user. */
  readonly run: (desk: Desk, words: readonly string[]) => Promise<void>;
}

interface Page<Table extends OptionTable> {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly sentence: string;
  readonly usage: string;
  readonly operands?: readonly string[];
  readonly operand?: ConsoleCommand['operand'];
  readonly options: Table;
}

const GROUP = 'Options';
const ROUND_TRIPS_MAX = 1_000;
const DEFAULT_QOS = { short: 'q', metavar: 'QOS', group: GROUP, sentence: '0, 1 or 2.', defaultText: '0' } as const;

function define<Table extends OptionTable>(
  page: Page<Table>,
  action: (desk: Desk, values: ValuesOf<Table>, operands: readonly string[]) => Promise<void>,
): ConsoleCommand {
  const { name, aliases = [], sentence, usage, operands = [], operand = 'none', options } = page;
  const help = (width: number): string =>
    helpText({ command: name, sentence, usage: [usage], options, examples: [], notes: [] }, width).trimEnd();
  return {
    name,
    aliases,
    sentence,
    options,
    operand,
    help,
    async run(desk, words) {
      const parsed = parseOptions(options, words, operands);
      if (parsed.kind === 'help') desk.say(help(80));
      else await action(desk, parsed.values, parsed.operands);
    },
  };
}

const PUBLISH = define(
  {
    name: 'publish',
    aliases: ['pub'],
    sentence: 'Publishes a message, and says what the broker has answered. What begins with a dash follows "--".',
    usage: 'TOPIC [PAYLOAD...] [options]',
    operands: ['TOPIC', '[PAYLOAD...]'],
    operand: 'topic',
    options: {
      qos: valueOption(DEFAULT_QOS, qos),
      retain: switchOption({ short: 'r', group: GROUP, sentence: 'Have the broker keep it for later subscribers.' }),
      encoding: encodingOption(GROUP, 'How the payload is written: text, hex, base64 or json.'),
      property: propertyOption(['publish']),
    },
  },
  async (desk, values, [topic = '', ...payload]) => {
    checkTopic(topic);
    desk.remember(topic);
    const properties = messageProperties(values.property, 'publish');
    const bytes = decodePayload(payload.join(' '), values.encoding ?? 'text');
    const { reasonCode } = await desk.client.publish(topic, bytes, {
      qos: values.qos,
      retain: values.retain,
      properties,
    });
    desk.publishedCount++;
    desk.say((values.qos ?? 0) === 0 ? 'sent' : reasonName(reasonCode));
  },
);

const SUBSCRIBE = define(
  {
    name: 'subscribe',
    aliases: ['sub'],
    sentence: 'Subscribes to filters; messages appear above the prompt.',
    usage: 'FILTER [FILTER...] [options]',
    operands: ['FILTER', '[FILTER...]'],
    operand: 'topic',
    options: { qos: valueOption(DEFAULT_QOS, qos) },
  },
  async (desk, values, filters) => {
    filters.forEach((filter) => checkFilter(filter));
    for (const filter of filters) {
      const { granted } = await desk.subscribe(filter, values.qos ?? 0);
      desk.say(`${quote(filter)}: ${granted < 0x80 ? `granted QoS ${granted}` : reasonName(granted)}`);
    }
  },
);

const UNSUBSCRIBE = define(
  {
    name: 'unsubscribe',
    aliases: ['unsub'],
    sentence: 'Ends subscriptions.',
    usage: 'FILTER [FILTER...]',
    operands: ['FILTER', '[FILTER...]'],
    operand: 'filter',
    options: {},
  },
  async (desk, _, filters) => {
    filters.forEach((filter) => checkFilter(filter));
    for (const filter of filters) desk.say(`${quote(filter)}: ${await desk.unsubscribe(filter)}`);
  },
);

const SESSION = define(
  {
    name: 'session',
    aliases: ['status'],
    sentence: 'Shows the connection, what was agreed on with the broker, the subscriptions, and what is under way.',
    usage: '',
    options: {},
  },
  async (desk) => desk.say(sessionText(desk)),
);

const WILL = define(
  {
    name: 'will',
    sentence: 'Shows the will, or sets that of the next connection: the broker publishes it if the connection breaks.',
    usage: '[TOPIC] [PAYLOAD...] [options]',
    operands: ['[TOPIC]', '[PAYLOAD...]'],
    operand: 'topic',
    options: {
      qos: valueOption(DEFAULT_QOS, qos),
      retain: switchOption({ short: 'r', group: GROUP, sentence: 'Have the broker keep it for later subscribers.' }),
      none: switchOption({ group: GROUP, sentence: 'Have none.' }),
    },
  },
  async (desk, { qos: willQos, retain, none }, [topic, ...payload]) => {
    if (none) desk.setWill(undefined);
    else if (topic !== undefined) {
      desk.setWill({ topic: checkTopic(topic), payload: payload.join(' '), qos: willQos, retain });
    }
    const { will } = desk;
    const shown = will === undefined ? 'There is no will.' : `${will.topic} ${quote(String(will.payload ?? ''))}`;
    desk.say(none || topic !== undefined ? `${shown} It counts from "reconnect" on.` : shown);
  },
);

const DISCONNECT = define(
  {
    name: 'disconnect',
    sentence: 'Ends the connection.',
    usage: '[options]',
    options: { will: switchOption({ group: GROUP, sentence: 'Have the broker publish the will. MQTT 5.0.' }) },
  },
  async (desk, { will }) => {
    await desk.close(will);
    desk.say('Disconnected.');
  },
);

const RECONNECT = define(
  {
    name: 'reconnect',
    sentence: 'Ends the connection, if there is one, makes a new one, and subscribes again.',
    usage: '',
    options: {},
  },
  async (desk) => {
    await desk.close();
    await desk.open();
    desk.say(`Connected; the broker had ${desk.client.connection?.sessionPresent === true ? 'the' : 'no'} session.`);
  },
);

const PING = define(
  {
    name: 'ping',
    sentence:
      'Measures how long the broker takes to answer: an UNSUBSCRIBE from what nobody is subscribed to, and its acknowledgement.',
    usage: '[options]',
    options: {
      count: valueOption(
        { short: 'n', metavar: 'COUNT', group: GROUP, sentence: 'So often.', defaultText: '1' },
        integer(1, ROUND_TRIPS_MAX),
      ),
    },
  },
  async (desk, { count = 1 }) => {
    const times: number[] = [];
    for (let left = count; left > 0; left--) {
      const start = performance.now();
      await desk.client.unsubscribe('vouch/ping');
      times.push(performance.now() - start);
    }
    times.sort((one, other) => one - other);
    const [least = 0, middle = 0, most = 0] = [0, Math.floor(times.length / 2), times.length - 1].map(
      (at) => times[at],
    );
    const shown = (millis: number): string => `${millis.toFixed(millis < 10 ? 2 : 0)} ms`;
    desk.say(count === 1 ? shown(least) : `${shown(least)} at least, ${shown(middle)} median, ${shown(most)} at most`);
  },
);

const FORMAT = define(
  {
    name: 'format',
    sentence: 'Says how messages are shown from now on; without options as "vouch sub" shows payloads.',
    usage: '[options]',
    options: PRINT_OPTIONS,
  },
  async (desk, values) => {
    desk.format = printFormat(values, process.stdout.isTTY);
  },
);

const WAIT = define(
  {
    name: 'wait',
    sentence: 'Waits, for scripts: messages are shown meanwhile.',
    usage: 'SECONDS',
    operands: ['SECONDS'],
    options: {},
  },
  async (_, __, [seconds = '']) => {
    await after(decimal(0, 86_400)(seconds) * 1000);
  },
);

const HELP: ConsoleCommand = define(
  {
    name: 'help',
    aliases: ['?'],
    sentence: 'Shows what can be said here, or everything about a command.',
    usage: '[COMMAND]',
    operands: ['[COMMAND]'],
    operand: 'command',
    options: {},
  },
  async (desk, _, [name]) => {
    const width = pageWidth(process.stdout.columns);
    if (name !== undefined) {
      desk.say(commandNamed(name).help(width));
      return;
    }
    const lines = CONSOLE_COMMANDS.flatMap((each) => {
      return definitionLines([each.name, ...each.aliases].join(', '), each.sentence, width, 22);
    });
    const others = [
      ...definitionLines('history', 'Shows what was typed.', width, 22),
      ...definitionLines('quit, exit', 'Ends the console; so does Ctrl-D.', width, 22),
    ];
    desk.say([...lines, ...others, '', 'Tab completes commands, options, and topics that were seen.'].join('\n'));
  },
);

/** All of them, in the order of the help. */
export const CONSOLE_COMMANDS: readonly ConsoleCommand[] = [
  PUBLISH,
  SUBSCRIBE,
  UNSUBSCRIBE,
  SESSION,
  WILL,
  DISCONNECT,
  RECONNECT,
  PING,
  FORMAT,
  WAIT,
  HELP,
];

/** Words that the console itself understands. */
const CONSOLE_WORDS = ['history', 'quit', 'exit'] as const;

/**
 * The command with this name, or a shorter one of it.
 * @throws {UsageError} `invalid-argument`: there is none, and which is near.
 */
export function commandNamed(name: string): ConsoleCommand {
  const found = CONSOLE_COMMANDS.find((each) => each.name === name || each.aliases.includes(name));
  if (found !== undefined) return found;
  const near = nearest(name, [...CONSOLE_COMMANDS.map((each) => each.name), ...CONSOLE_WORDS]);
  const advice = near === undefined ? '"help" shows what is' : `did you mean ${near}?`;
  throw new UsageError('invalid-argument', `${quote(name)} is not a command here; ${advice}`);
}

/** What may stand at the end of a line: the words before it, and the beginning of the one that is being typed. */
export function completions(desk: Desk, before: readonly string[], word: string): readonly string[] {
  const [name, ...rest] = before;
  if (name === undefined) return beginning([...CONSOLE_COMMANDS.map((each) => each.name), ...CONSOLE_WORDS], word);
  const command = CONSOLE_COMMANDS.find((each) => each.name === name || each.aliases.includes(name));
  if (command === undefined) return [];
  const last = rest.at(-1) ?? '';
  const valued = Object.entries(command.options).find(
    ([key, { short }]) => last === flagOf(key) || last === `-${short}`,
  )?.[1];
  if (valued?.metavar !== undefined) return beginning(valued.choices, word);
  if (word.startsWith('-')) return beginning([...Object.keys(command.options).map(flagOf), '--help'], word);
  switch (command.operand) {
    case 'command':
      return beginning(
        CONSOLE_COMMANDS.map((each) => each.name),
        word,
      );
    case 'topic':
      return beginning(desk.topics, word);
    case 'filter':
      return beginning(
        desk.subscriptions.map(({ filter }) => filter),
        word,
      );
    case 'none':
      return [];
    default:
      return command.operand satisfies never;
  }
}

function beginning(words: readonly string[], start: string): readonly string[] {
  return words.filter((word) => word.startsWith(start));
}
