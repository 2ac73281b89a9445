// `vouch pub`: publishes what the command line, a file or standard input says, and ends when the broker has
// acknowledged all of it. Options and meaning are those of mosquitto_pub; the exit code is stricter: 0 means that nothing
// was refused or lost.

import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';

import { OperationError, UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Client, PublishOptions } from '../client/client.ts';
import { endingError } from '../client/endings.ts';
import { checkTopic } from '../client/topics.ts';
import type { QoS } from '../packet/packet.ts';
import type { MessageProperties, UserProperty } from '../packet/properties.ts';
import { reasonName } from '../packet/reason-codes.ts';
import { quote } from '../config/spelling.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import {
  CONNECTION_OPTIONS,
  type ConnectionOptions,
  clientOptions,
  commandLog,
  connectClient,
  qos,
  urlTopic,
} from './connection-options.ts';
import { linesOf } from './lines.ts';
import {
  BadValue,
  integer,
  listOption,
  type Option,
  switchOption,
  text,
  type ValuesOf,
  valueOption,
} from './option-table.ts';
import { stopSignal } from './stop-signal.ts';

const MESSAGE = 'Message';
const PROPERTIES = 'Properties of the message (MQTT 5.0)';
const NAME = 'vouch pub';

type PubOptions = ConnectionOptions & {
  readonly topic: Option<string | undefined>;
  readonly message: Option<string | undefined>;
  readonly file: Option<string | undefined>;
  readonly stdinFile: Option<boolean>;
  readonly stdinLine: Option<boolean>;
  readonly nullMessage: Option<boolean>;
  readonly qos: Option<QoS | undefined>;
  readonly retain: Option<boolean>;
  readonly contentType: Option<string | undefined>;
  readonly responseTopic: Option<string | undefined>;
  readonly correlationData: Option<string | undefined>;
  readonly messageExpiryInterval: Option<number | undefined>;
  readonly userProperty: Option<readonly UserProperty[]>;
};

const OPTIONS: PubOptions = {
  topic: valueOption({ short: 't', metavar: 'TOPIC', group: MESSAGE, sentence: 'The topic to publish to.' }, text),
  message: valueOption({ short: 'm', metavar: 'TEXT', group: MESSAGE, sentence: 'Publish this text.' }, text),
  file: valueOption({ short: 'f', metavar: 'FILE', group: MESSAGE, sentence: 'Publish what is in the file.' }, text),
  stdinFile: switchOption({ short: 's', group: MESSAGE, sentence: 'Publish all of standard input as one message.' }),
  stdinLine: switchOption({ short: 'l', group: MESSAGE, sentence: 'Publish each line of standard input.' }),
  nullMessage: switchOption({
    short: 'n',
    group: MESSAGE,
    sentence: 'Publish an empty message. With -r it removes the retained one.',
  }),
  qos: valueOption({ short: 'q', metavar: 'QOS', group: MESSAGE, sentence: '0, 1 or 2.', defaultText: '0' }, qos),
  retain: switchOption({ short: 'r', group: MESSAGE, sentence: 'Have the broker keep it for later subscribers.' }),
  contentType: valueOption({ metavar: 'TEXT', group: PROPERTIES, sentence: 'What the payload is.' }, text),
  responseTopic: valueOption({ metavar: 'TOPIC', group: PROPERTIES, sentence: 'Where an answer should go.' }, text),
  correlationData: valueOption({ metavar: 'TEXT', group: PROPERTIES, sentence: 'What an answer should repeat.' }, text),
  messageExpiryInterval: valueOption(
    { metavar: 'SECONDS', group: PROPERTIES, sentence: 'How long it is worth delivering.' },
    integer(0, 4_294_967_295),
  ),
  userProperty: listOption(
    { metavar: 'NAME=VALUE', group: PROPERTIES, sentence: 'Whatever you like; may be given several times.' },
    userProperty,
  ),
  ...CONNECTION_OPTIONS,
};

type PubValues = ValuesOf<PubOptions>;

/** `vouch pub`. */
export const command: Command = defineCommand(
  {
    command: NAME,
    sentence: 'Publishes messages, and ends when the broker has acknowledged them.',
    usage: ['-t TOPIC (-m TEXT | -n | -f FILE | -s | -l) [options]'],
    options: OPTIONS,
    examples: [
      { line: 'vouch pub -t home/lamp -m on', sentence: 'Publish a text to the broker on this machine.' },
      {
        line: 'sensor | vouch pub -h broker.example -t home/temperature -q 2 -l',
        sentence: 'Publish each line exactly once, as long as the connection holds.',
      },
      { line: 'vouch pub -t home/lamp -n -r', sentence: 'Remove the retained message of a topic.' },
    ],
    notes: [
      'Exit codes: 0 the broker has acknowledged everything (QoS 0: it was sent), 1 not so, 2 called wrongly. ' +
        'Ctrl-C ends the input and waits for the acknowledgements; a second one does not.',
    ],
  },
  publish,
);

/** Where the payloads come from. */
type Source =
  | { readonly kind: 'bytes'; readonly payload: string | Uint8Array }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'input' }
  | { readonly kind: 'lines' };

async function publish(values: PubValues): Promise<number> {
  const source = sourceOf(values);
  const topic = topicOf(values);
  const options: PublishOptions = { qos: values.qos, retain: values.retain, properties: propertiesOf(values) };
  const connectOptions = clientOptions(values);
  const stop = stopSignal();
  // Read before the connection is made: a broker should not wait for a file that is not there.
  const payload = await payloadOf(source, stop);
  const client = await connectClient(NAME, connectOptions, values, stop);
  const log = commandLog(NAME, values);
  const tally = new Tally(log);
  try {
    let isComplete = true;
    if (payload !== undefined) tally.add(client.publish(topic, payload, options));
    else isComplete = await publishLines(client, tally, topic, options, stop);
    await tally.settled();
    return await leave(client, tally, isComplete);
  } finally {
    await client.disconnect();
  }
}

/**
 * Publishes each line of standard input, no faster than the broker takes them.
 * @returns Whether it came to an end that somebody wanted: that of the input, or a signal's.
 */
async function publishLines(
  client: Client,
  tally: Tally,
  topic: string,
  options: PublishOptions,
  stop: AbortSignal,
): Promise<boolean> {
  const input = process.stdin;
  let hasStopped = false;
  const endInput = (): void => {
    hasStopped = true;
    input.destroy();
  };
  stop.addEventListener('abort', endInput, { once: true });
  // Nothing rejects `closed`.
  void client.closed.then(endInput);
  if (stop.aborted) endInput();
  try {
    for await (const line of linesOf(input)) {
      await client.ready();
      if (hasStopped) break;
      tally.add(client.publish(topic, line, options));
    }
  } catch (error) {
    // An input that is ended from outside says so with an error.
    if (!hasStopped) throw new OperationError('closed', 'Standard input cannot be read.', undefined, { cause: error });
  } finally {
    stop.removeEventListener('abort', endInput);
  }
  return stop.aborted || !hasStopped;
}

/** What became of all messages, and the exit code for it. */
async function leave(client: Client, tally: Tally, isComplete: boolean): Promise<number> {
  const { failed, total, firstError } = tally;
  if (firstError === undefined && isComplete) return EXIT.ok;
  if (firstError !== undefined && (total === 1 || firstError instanceof UsageError)) throw firstError;
  await client.disconnect();
  const end = await client.closed;
  const why = end.kind === 'disconnected' ? '' : ` ${endingError(end).message}`;
  throw new OperationError('rejected', `${total - failed} of ${total} messages were acknowledged.${why}`);
}

/** Counts messages until the broker has said something about each. */
class Tally {
  total: number;
  failed: number;
  firstError: Error | undefined;
  private readonly log: Log;
  private open: number;
  private allSettled: () => void;

  constructor(log: Log) {
    this.total = 0;
    this.failed = 0;
    this.firstError = undefined;
    this.log = log;
    this.open = 0;
    this.allSettled = () => undefined;
  }

  /** One more is under way. */
  add(publishing: Promise<{ readonly reasonCode: number }>): void {
    this.total++;
    this.open++;
    const number = this.total;
    publishing.then(
      ({ reasonCode }) => {
        if (reasonCode !== 0) this.log.debug(`Message ${number}: ${reasonName(reasonCode)}.`);
        this.settle();
      },
      (error: unknown) => {
        this.failed++;
        this.firstError ??= error instanceof Error ? error : new Error(String(error));
        // What the broker refuses is told one by one; what ends the connection once, at the end.
        if (error instanceof OperationError && error.code === 'rejected')
          this.log.warn(`Message ${number}: ${error.message}`);
        this.settle();
      },
    );
  }

  /** Fulfilled when nothing is under way. */
  async settled(): Promise<void> {
    if (this.open === 0) return;
    await new Promise<void>((resolve) => {
      this.allSettled = resolve;
    });
  }

  private settle(): void {
    this.open--;
    if (this.open === 0) this.allSettled();
  }
}

function sourceOf(values: PubValues): Source {
  const given: readonly (readonly [string, Source | undefined])[] = [
    ['-m', values.message === undefined ? undefined : { kind: 'bytes', payload: values.message }],
    ['-n', values.nullMessage ? { kind: 'bytes', payload: '' } : undefined],
    ['-f', values.file === undefined ? undefined : { kind: 'file', path: values.file }],
    ['-s', values.stdinFile ? { kind: 'input' } : undefined],
    ['-l', values.stdinLine ? { kind: 'lines' } : undefined],
  ];
  const chosen = given.filter(([, source]) => source !== undefined);
  const [first, second] = chosen;
  if (first?.[1] === undefined) throw wrong('Say what to publish: -m TEXT, -n, -f FILE, -s or -l');
  if (second !== undefined) throw wrong(`${first[0]} and ${second[0]} do not go together: choose one`);
  return first[1];
}

function topicOf(values: PubValues): string {
  const fromUrl = urlTopic(values);
  const topic = values.topic ?? (fromUrl === '' ? undefined : fromUrl);
  if (topic === undefined) throw wrong('Say where to publish: -t TOPIC');
  return checkTopic(topic);
}

/** The one payload that there is; `undefined` where lines are to follow. */
async function payloadOf(source: Source, stop: AbortSignal): Promise<string | Uint8Array | undefined> {
  switch (source.kind) {
    case 'bytes':
      return source.payload;
    case 'file':
      try {
        return await readFile(source.path);
      } catch (error) {
        throw new OperationError('invalid-argument', unreadable(source.path, error), undefined, { cause: error });
      }
    case 'input': {
      const payload = await inputOf(stop);
      if (payload.length === 0) throw wrong('Standard input is empty; -n publishes an empty message');
      return payload;
    }
    case 'lines':
      return undefined;
    default:
      return source satisfies never;
  }
}

/** All of standard input. */
async function inputOf(stop: AbortSignal): Promise<Uint8Array> {
  const giveUp = (): unknown => process.stdin.destroy(new OperationError('closed', 'Stopped before the input ended.'));
  stop.addEventListener('abort', giveUp, { once: true });
  try {
    return await buffer(process.stdin);
  } finally {
    stop.removeEventListener('abort', giveUp);
  }
}

function unreadable(path: string, error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  if (code === 'ENOENT') return `There is no file ${quote(path)}.`;
  if (code === 'EISDIR') return `${quote(path)} is a folder, not a file.`;
  if (code === 'EACCES') return `${quote(path)} may not be read by this user.`;
  return `${quote(path)} cannot be read: ${error instanceof Error ? error.message : String(error)}.`;
}

function propertiesOf(values: PubValues): Partial<MessageProperties> | undefined {
  const { contentType, responseTopic, correlationData, messageExpiryInterval, userProperty: userProperties } = values;
  const given = {
    contentType,
    responseTopic,
    correlationData: correlationData === undefined ? undefined : Buffer.from(correlationData),
    messageExpiryInterval,
  };
  if (userProperties.length === 0 && Object.values(given).every((value) => value === undefined)) return undefined;
  if ((values.protocolVersion ?? 5) !== 5) throw wrong('Properties need MQTT 5.0: leave out -V');
  return { ...given, userProperties };
}

function userProperty(value: string): UserProperty {
  const at = value.indexOf('=');
  if (at === -1) throw new BadValue(`takes NAME=VALUE; got ${quote(value)}`);
  return [value.slice(0, at), value.slice(at + 1)];
}

function wrong(sentence: string): UsageError {
  return new UsageError('invalid-option', `${sentence}.`);
}
