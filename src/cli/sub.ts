// `vouch sub`: subscribes and prints what comes, until it is told to stop, on one connection after another. Options and
// meaning are those of mosquitto_sub. A message of QoS 1 or 2 is acknowledged only when the operating system has its
// bytes, so that with -c nothing that was not printed is lost. With --inbox it is on disk before the broker hears
// that it has come, and leaves the disk when it is printed.

import { styleText } from 'node:util';

import { OperationError, UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import type { MessageHandler, ReceivedMessage } from '../client/received-message.ts';
import { checkFilter, topicMatcher } from '../client/topics.ts';
import type { QoS } from '../packet/packet.ts';
import { reasonName } from '../packet/reason-codes.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import {
  CONNECTION_OPTIONS,
  type ConnectionOptions,
  clientOptions,
  commandLog,
  connectClient,
  directory,
  qos,
  urlTopic,
} from './connection-options.ts';
import { tellConnection, untilOver } from './connection-news.ts';
import { customFormat, type MessageFormat, payloadFormat, verboseFormat, withoutControls } from './message-format.ts';
import { MessageOutput } from './message-output.ts';
import { integer, listOption, type Option, switchOption, text, type ValuesOf, valueOption } from './option-table.ts';
import { stopSignal } from './stop-signal.ts';

const SUBSCRIPTION = 'Subscription';
const OUTPUT = 'Output';
const NAME = 'vouch sub';

type SubOptions = ConnectionOptions & {
  readonly topic: Option<readonly string[]>;
  readonly qos: Option<QoS | undefined>;
  readonly unsubscribe: Option<readonly string[]>;
  readonly exitAfterSubscribe: Option<boolean>;
  readonly count: Option<number | undefined>;
  readonly timeout: Option<number | undefined>;
  readonly verbose: Option<boolean>;
  readonly format: Option<((endsLine: boolean) => MessageFormat) | undefined>;
  readonly withoutNewline: Option<boolean>;
  readonly skipRetained: Option<boolean>;
  readonly filterOut: Option<readonly string[]>;
  readonly inbox: Option<string | undefined>;
};

const OPTIONS: SubOptions = {
  topic: listOption(
    {
      short: 't',
      metavar: 'FILTER',
      group: SUBSCRIPTION,
      sentence: 'What to subscribe to, such as home/+/temperature or home/#; may be given several times.',
    },
    text,
  ),
  qos: valueOption(
    {
      short: 'q',
      metavar: 'QOS',
      group: SUBSCRIPTION,
      sentence: 'The highest QoS to receive: 0, 1 or 2.',
      defaultText: '0; with --inbox 2',
    },
    qos,
  ),
  unsubscribe: listOption(
    {
      short: 'U',
      metavar: 'FILTER',
      group: SUBSCRIPTION,
      sentence: 'What to unsubscribe from first, in a session that was kept; may be given several times.',
    },
    text,
  ),
  inbox: valueOption(
    {
      metavar: 'DIR',
      group: SUBSCRIPTION,
      sentence:
        'Keep each message in this directory from before the broker hears that it has come until it is printed, and have the broker keep ' +
        'the session: nothing is lost while this does not run, or crashes.',
    },
    directory,
  ),
  exitAfterSubscribe: switchOption({
    short: 'E',
    group: SUBSCRIPTION,
    sentence: 'End when the broker has acknowledged the subscriptions.',
  }),
  count: valueOption(
    { short: 'C', metavar: 'COUNT', group: OUTPUT, sentence: 'End after so many messages.' },
    integer(1, Number.MAX_SAFE_INTEGER),
  ),
  timeout: valueOption(
    { short: 'W', metavar: 'SECONDS', group: OUTPUT, sentence: 'End after so long, with exit code 27.' },
    integer(1, 2_147_483),
  ),
  verbose: switchOption({ short: 'v', group: OUTPUT, sentence: 'Print the topic before each payload.' }),
  format: valueOption(
    {
      short: 'F',
      metavar: 'FORMAT',
      group: OUTPUT,
      sentence:
        'Print in this format: %t the topic, %p the payload, %q the QoS, %r retained or not, %k the key, %j all as JSON.',
    },
    (format) => {
      // Checked now, used when it is known how lines end.
      customFormat(format, false, () => new Date());
      return (endsLine) => customFormat(format, endsLine, () => new Date());
    },
  ),
  withoutNewline: switchOption({ short: 'N', group: OUTPUT, sentence: 'Print no line feed after each message.' }),
  skipRetained: switchOption({ short: 'R', group: OUTPUT, sentence: 'Leave out messages that were retained before.' }),
  filterOut: listOption(
    {
      short: 'T',
      metavar: 'FILTER',
      group: OUTPUT,
      sentence: 'Leave out topics that match this; may be given several times.',
    },
    text,
  ),
  ...CONNECTION_OPTIONS,
};

type SubValues = ValuesOf<SubOptions>;

/** `vouch sub`. */
export const command: Command = defineCommand(
  {
    command: NAME,
    sentence: 'Subscribes to topics and prints the messages that come.',
    usage: ['-t FILTER [-t FILTER ...] [options]'],
    options: OPTIONS,
    examples: [
      { line: "vouch sub -t 'home/#' -v", sentence: 'Print everything below home, with its topic.' },
      { line: 'vouch sub -t home/door -C 1 -W 60', sentence: 'Wait for one message, a minute at most.' },
      {
        line: 'vouch sub -c -i logger -q 2 -t log >> log.txt',
        sentence: 'Print what came while this was not running, too: the broker keeps the session.',
      },
      {
        line: 'vouch sub --inbox ./unprinted -t log >> log.txt',
        sentence: 'The same, through crashes and power cuts, too.',
      },
    ],
    notes: [
      'A connection that is lost is made again, and the subscriptions with it. Without --inbox the first one must succeed.',
      'Exit codes: 0 ended as asked (-C, -E, Ctrl-C, nobody reads), 1 no connection or no subscription, 2 called wrongly, 27 -W has passed, ' +
        '74 the disk of --inbox failed. ' +
        'In FORMAT also: %x %X payload in hexadecimal, %l its length, %I %U the time, %C %D %E %F %P %R %S properties, %J as %j with a payload that is JSON, and \\n \\t \\r \\0 \\e.',
      'The key (%k) of a message is a number that grows. With --inbox it outlives a crash: what was printed just before one may be printed again, ' +
        'under the same key, so whoever needs each message exactly once leaves out keys that are not greater than the last. QoS 0 is not stored, and has none.',
      'An inbox is used by one process at a time, and has a client identifier of its own: that of -i at the first start, or a random one.',
    ],
  },
  subscribe,
);

/** How the command ends, when nothing goes wrong. */
type Outcome = 'done' | 'timed-out';

async function subscribe(values: SubValues): Promise<number> {
  const { inbox } = values;
  const filters = filtersOf(values);
  const output = new MessageOutput();
  const printer = new Printer(values, output);
  const print = (message: ReceivedMessage): Promise<void> | undefined => printer.print(message);
  const options = { ...clientOptions(values, inbox), onMessage: print };
  const stop = stopSignal();
  const client = await connectClient(NAME, options, values, stop);
  const log = commandLog(NAME, values);
  tellConnection(client, log, inbox !== undefined || values.disableCleanSession);
  try {
    const outcome = await Promise.race([
      untilOver(client),
      untilStopped(stop, output),
      timeout(values.timeout),
      printer.counted,
      attend(client, filters, values, print),
    ]);
    if (outcome === 'done') return EXIT.ok;
    log.warn(`Timed out after ${values.timeout} s.`);
    return EXIT.timedOut;
  } catch (error) {
    if (!(error instanceof OperationError) || error.code !== 'store-failed') throw error;
    log.error(error.message);
    return EXIT.storeFailed;
  } finally {
    printer.stop();
    // What is printed is acknowledged before the goodbye.
    await output.flush();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    await client.disconnect();
  }
}

/** Asks for the subscriptions. Fulfilled only with -E: otherwise messages are what is waited for. */
async function attend(
  client: Client,
  filters: readonly string[],
  values: SubValues,
  print: MessageHandler,
): Promise<Outcome> {
  const log = commandLog(NAME, values);
  if (values.unsubscribe.length > 0) await client.unsubscribe(values.unsubscribe);
  if (filters.length > 0) {
    const { granted } = await client.subscribe(filters, { qos: qosOf(values), onMessage: print });
    tellGranted(filters, granted, log);
  }
  if (values.exitAfterSubscribe) return 'done';
  return await Promise.withResolvers<Outcome>().promise;
}

function tellGranted(filters: readonly string[], granted: readonly number[], log: Log): void {
  filters.forEach((filter, index) => {
    const code = granted[index] ?? 0;
    if (code < 0x80) log.debug(`Subscribed to ${JSON.stringify(filter)}.`, { qos: code });
    else log.warn(`The broker refused the subscription to ${JSON.stringify(filter)}: ${reasonName(code)}.`);
  });
}

function qosOf({ qos: given, inbox }: SubValues): QoS | undefined {
  if (inbox === undefined) return given;
  if (given !== 0) return given ?? 2;
  throw wrong('--inbox needs -q 1 or -q 2: a message of QoS 0 is not stored');
}

function untilStopped(stop: AbortSignal, output: MessageOutput): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    stop.addEventListener('abort', () => resolve('done'), { once: true });
    output.ended.addEventListener('abort', () => {
      const reason: unknown = output.ended.reason;
      if (reason instanceof OperationError) reject(reason);
      else resolve('done');
    });
    if (stop.aborted) resolve('done');
  });
}

function timeout(seconds: number | undefined): Promise<Outcome> {
  return new Promise((resolve) => {
    if (seconds !== undefined) setTimeout(resolve, seconds * 1000, 'timed-out').unref();
  });
}

/** Prints messages until it has printed enough. */
class Printer {
  /** Fulfilled when enough messages are printed. */
  readonly counted: Promise<Outcome>;
  private readonly output: MessageOutput;
  private readonly format: MessageFormat;
  private readonly isFilteredOut: (topic: string) => boolean;
  private readonly skipsRetained: boolean;
  private readonly finish: (outcome: Outcome) => void;
  /** How many are still to be printed. */
  private left: number;

  constructor(values: SubValues, output: MessageOutput) {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.counted = promise;
    this.finish = resolve;
    this.output = output;
    this.format = formatOf(values, output);
    this.isFilteredOut = topicMatcher(values.filterOut);
    this.skipsRetained = values.skipRetained;
    this.left = values.count ?? Number.POSITIVE_INFINITY;
  }

  /** Prints a message; the promise is fulfilled when it may be acknowledged. */
  print(message: ReceivedMessage): Promise<void> | undefined {
    // Not acknowledged: the broker keeps it for the next time, if it keeps the session.
    if (this.left === 0) return Promise.withResolvers<void>().promise;
    if (this.skipsRetained && message.retain) return undefined;
    if (this.isFilteredOut(message.topic)) return undefined;
    const printed = this.output.write(this.format(message), message.qos > 0);
    this.left--;
    if (this.left === 0) void Promise.resolve(printed).then(() => this.finish('done'));
    return printed;
  }

  /** Nothing more is printed. */
  stop(): void {
    this.left = 0;
  }
}

function formatOf(values: SubValues, output: MessageOutput): MessageFormat {
  const endsLine = !values.withoutNewline;
  if (values.format !== undefined) return values.format(endsLine);
  if (!values.verbose) return payloadFormat(endsLine);
  if (!output.isTerminal) return verboseFormat(endsLine, (topic) => topic);
  return verboseFormat(endsLine, (topic) => styleText('cyan', withoutControls(topic), { stream: process.stdout }));
}

function filtersOf(values: SubValues): readonly string[] {
  const fromUrl = urlTopic(values);
  const filters = fromUrl === '' ? values.topic : [fromUrl, ...values.topic];
  for (const filter of [...filters, ...values.unsubscribe]) checkFilter(filter);
  if (filters.length > 0 || values.unsubscribe.length > 0) return filters;
  throw wrong('Say what to subscribe to: -t FILTER');
}

function wrong(sentence: string): UsageError {
  return new UsageError('invalid-option', `${sentence}.`);
}
