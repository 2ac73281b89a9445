// `vouch sub`: subscribes and prints what comes, until it is told to stop, on one connection after another. Options and
// meaning are those of mosquitto_sub. A message of QoS 1 or 2 is acknowledged only when the operating system has its
// bytes, so that with -c nothing that was not printed is lost. With --inbox it is on disk before the broker hears
// that it has come, and leaves the disk when it is printed.

import { setTimeout as after } from 'node:timers/promises';

import { OperationError, UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Client, SubscribeRequest } from '../client/client.ts';
import type { MessageHandler, ReceivedMessage } from '../client/received-message.ts';
import { checkFilter, topicMatcher } from '../client/topics.ts';
import type { QoS } from '../packet/packet.ts';
import { reasonName } from '../packet/reason-codes.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { clientOptions, commandLog, connectClient, goodbye, urlTopic } from './connection-options.ts';
import { tellConnection, untilOver } from './connection-news.ts';
import type { MessageFormat } from './message-format.ts';
import { MessageOutput } from './message-output.ts';
import { FORMAT_NOTE, printFormat } from './print-options.ts';
import { userPropertiesOf } from './property-option.ts';
import { stopSignal } from './stop-signal.ts';
import { SUB_OPTIONS, type SubValues } from './sub-options.ts';

const NAME = 'vouch sub';

/** With --remove-retained the broker has so long to acknowledge. */
const SETTLE_MILLIS = 3_000;

const RETAIN_HANDLING = { always: 0, new: 1, never: 2 } as const;

/** `vouch sub`. */
export const command: Command = defineCommand(
  {
    command: NAME,
    sentence: 'Subscribes to topics and prints the messages that come.',
    usage: ['-t FILTER [-t FILTER ...] [options]'],
    options: SUB_OPTIONS,
    readsDefaults: true,
    examples: [
      { line: "vouch sub -t 'home/#' -v", sentence: 'Print everything below home, with its topic.' },
      { line: "vouch sub -t 'home/#' --json | jq .topic", sentence: 'Hand the messages to a program.' },
      { line: "vouch sub -t 'home/#' -F '@H:@M:@S %-30t %p'", sentence: 'Print the time, and topics in a column.' },
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
        '74 the disk of --inbox failed.',
      FORMAT_NOTE,
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
  const printer = new Printer(values, output, (topic) => removeRetained(client, topic, values));
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
    if (values.removeRetained) await Promise.race([client.settled(), after(SETTLE_MILLIS, undefined, { ref: false })]);
    await client.disconnect(goodbye(values));
  }
}

function removeRetained(client: Client, topic: string, values: SubValues): void {
  client.publish(topic, '', { retain: true, qos: 1 }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    commandLog(NAME, values).warn(`The retained message of ${JSON.stringify(topic)} was not removed: ${reason}`);
  });
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
    const userProperties = userPropertiesOf(values.property, 'subscribe');
    const { granted } = await client.subscribe(requestsOf(filters, values), {
      qos: qosOf(values),
      onMessage: print,
      userProperties: userProperties.length === 0 ? undefined : userProperties,
    });
    tellGranted(filters, granted, log);
  }
  if (values.exitAfterSubscribe) return 'done';
  return await Promise.withResolvers<Outcome>().promise;
}

function requestsOf(filters: readonly string[], values: SubValues): readonly SubscribeRequest[] {
  const { retainAsPublished, retainHandling } = values;
  if ((values.protocolVersion ?? 5) !== 5 && (retainAsPublished || retainHandling !== undefined)) {
    throw wrong('--retain-as-published and --retain-handling need MQTT 5.0: leave out -V');
  }
  const handling = retainHandling === undefined ? undefined : RETAIN_HANDLING[retainHandling];
  const asPublished = retainAsPublished ? true : undefined;
  return filters.map((filter) => ({ filter, retainAsPublished: asPublished, retainHandling: handling }));
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
  private readonly isRetainedOnly: boolean;
  private readonly remove: ((topic: string) => void) | undefined;
  /** Of a hundred messages. */
  private readonly share: number;
  private readonly finish: (outcome: Outcome) => void;
  /** How many are still to be printed. */
  private left: number;

  /** @param remove  Removes the retained message of a topic. */
  constructor(values: SubValues, output: MessageOutput, remove: (topic: string) => void) {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.counted = promise;
    this.finish = resolve;
    this.output = output;
    this.format = printFormat(values, output.isTerminal);
    this.isFilteredOut = topicMatcher(values.filterOut);
    this.skipsRetained = values.skipRetained;
    this.isRetainedOnly = values.retainedOnly;
    this.remove = values.removeRetained ? remove : undefined;
    this.share = values.randomFilter ?? 100;
    this.left = values.count ?? Number.POSITIVE_INFINITY;
  }

  /** Prints a message; the promise is fulfilled when it may be acknowledged. */
  print(message: ReceivedMessage): Promise<void> | undefined {
    // Not acknowledged: the broker keeps it for the next time, if it keeps the session.
    if (this.left === 0) return Promise.withResolvers<void>().promise;
    if (this.isRetainedOnly && !message.retain) {
      this.left = 0;
      this.finish('done');
      return undefined;
    }
    if (this.isFilteredOut(message.topic)) return undefined;
    if (message.retain && message.payload.length > 0) this.remove?.(message.topic);
    if (this.skipsRetained && message.retain) return undefined;
    if (this.share < 100 && Math.random() * 100 >= this.share) return undefined;
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
