// `vouch pub`: publishes what the command line, a file or standard input says, and ends when the broker has
// acknowledged all of it. Options and meaning are those of mosquitto_pub; the exit code is stricter: 0 means that nothing
// was refused or lost. With --outbox, which mosquitto_pub has not, messages outlive the network, the process and the power.

import { assert } from '../base/assert.ts';
import { UsageError } from '../base/errors.ts';
import type { PublishOptions } from '../client/client.ts';
import { checkTopic } from '../client/topics.ts';
import type { QoS } from '../packet/packet.ts';
import type { MessageProperties, UserProperty } from '../packet/properties.ts';
import { reasonName } from '../packet/reason-codes.ts';
import { quote } from '../config/spelling.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import {
  CONNECTION_OPTIONS,
  type ConnectionOptions,
  clientOptions,
  commandLog,
  connectClient,
  directory,
  goodbye,
  qos,
  urlTopic,
} from './connection-options.ts';
import {
  BadValue,
  decimal,
  integer,
  listOption,
  type Option,
  switchOption,
  text,
  type ValuesOf,
  valueOption,
} from './option-table.ts';
import { encodingOption, type PayloadEncoding } from './payload-encoding.ts';
import { messageProperties, propertyOption } from './property-option.ts';
import { type Fate, publishDirectly } from './pub-directly.ts';
import { publishThroughOutbox } from './pub-outbox.ts';
import { payloadOf, type Repetition, type Source } from './pub-source.ts';
import { SOURCE_OPTIONS, type SourceOptions, sourceIn } from './source-options.ts';
import { stopSignal } from './stop-signal.ts';

const MESSAGE = 'Message';
const PROPERTIES = 'Properties (MQTT 5.0)';
const NAME = 'vouch pub';

type PubOptions = ConnectionOptions &
  SourceOptions & {
    readonly topic: Option<string | undefined>;
    readonly stdinLine: Option<boolean>;
    readonly encoding: Option<PayloadEncoding | undefined>;
    readonly repeat: Option<number | undefined>;
    readonly repeatDelay: Option<number | undefined>;
    readonly qos: Option<QoS | undefined>;
    readonly retain: Option<boolean>;
    readonly maxInflight: Option<number | undefined>;
    readonly outbox: Option<string | undefined>;
    readonly json: Option<boolean>;
    readonly contentType: Option<string | undefined>;
    readonly responseTopic: Option<string | undefined>;
    readonly correlationData: Option<string | undefined>;
    readonly messageExpiryInterval: Option<number | undefined>;
    readonly userProperty: Option<readonly UserProperty[]>;
  };

const OPTIONS: PubOptions = {
  topic: valueOption({ short: 't', metavar: 'TOPIC', group: MESSAGE, sentence: 'The topic to publish to.' }, text),
  ...SOURCE_OPTIONS,
  nullMessage: switchOption({
    short: 'n',
    group: MESSAGE,
    sentence: 'Publish an empty message. With -r it removes the retained one.',
  }),
  stdinLine: switchOption({ short: 'l', group: MESSAGE, sentence: 'Publish each line of standard input.' }),
  encoding: encodingOption(
    MESSAGE,
    'How payloads are written here: text as they are, hex, base64, or json, which is checked.',
  ),
  repeat: valueOption(
    { metavar: 'COUNT', group: MESSAGE, sentence: 'Publish what -m, -n, -f or -s says so many times.' },
    integer(1, Number.MAX_SAFE_INTEGER),
  ),
  repeatDelay: valueOption(
    { metavar: 'SECONDS', group: MESSAGE, sentence: 'Wait so long between these, as in 0.5.' },
    decimal(0, 2_147_483),
  ),
  qos: valueOption(
    { short: 'q', metavar: 'QOS', group: MESSAGE, sentence: '0, 1 or 2.', defaultText: '0; with --outbox 2' },
    qos,
  ),
  retain: switchOption({ short: 'r', group: MESSAGE, sentence: 'Have the broker keep it for later subscribers.' }),
  maxInflight: valueOption(
    {
      short: 'M',
      metavar: 'COUNT',
      group: MESSAGE,
      sentence: 'How many messages of QoS 1 and 2 to send ahead of their acknowledgement.',
      defaultText: '1000; before MQTT 5.0 20',
    },
    integer(1, 65_535),
  ),
  outbox: valueOption(
    {
      metavar: 'DIR',
      group: MESSAGE,
      sentence:
        'Keep the messages in this directory until the broker has acknowledged them, and wait for the broker as long as it takes. ' +
        'What is left when this ends, crashes or loses its power goes out first at the next start.',
    },
    directory,
  ),
  json: switchOption({
    group: MESSAGE,
    sentence: 'Print a line of JSON for each message, with what the broker has answered.',
  }),
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
  property: propertyOption(['connect', 'publish', 'disconnect', 'will']),
};

type PubValues = ValuesOf<PubOptions>;

/** `vouch pub`. */
export const command: Command = defineCommand(
  {
    command: NAME,
    sentence: 'Publishes messages; ends when the broker has acknowledged them.',
    usage: [
      '-t TOPIC (-m TEXT | -n | -f FILE | -s | -l) [options]',
      '--outbox DIR [-t TOPIC (-m TEXT | -n | -f FILE | -s | -l)] [options]',
    ],
    options: OPTIONS,
    readsDefaults: true,
    examples: [
      { line: 'vouch pub -t home/lamp -m on', sentence: 'Publish a text to the broker on this machine.' },
      {
        line: 'sensor | vouch pub -h broker.example -t home/temperature -q 2 -l',
        sentence: 'Publish each line exactly once, as long as the connection holds.',
      },
      {
        line: 'sensor | vouch pub --outbox ./unsent -h broker.example -t home/temperature -l',
        sentence: 'Publish each line exactly once, through lost networks, crashes and power cuts.',
      },
      {
        line: 'vouch pub --outbox ./unsent -h broker.example',
        sentence: 'Send what an earlier run has left there, and end.',
      },
      {
        line: 'vouch pub -t home/lamp -m 01ff --encoding hex -D publish content-type application/octet-stream',
        sentence: 'Publish two bytes, and say what they are.',
      },
      { line: 'vouch pub -t home/lamp -n -r', sentence: 'Remove the retained message of a topic.' },
    ],
    notes: [
      'Exit codes: 0 the broker has acknowledged everything (QoS 0: it was sent), 1 not so, 2 called wrongly, 74 the disk of --outbox failed. ' +
        'Ctrl-C ends the input and waits for the acknowledgements; a second one does not. With --outbox it waits a few seconds; ' +
        'what is not acknowledged by then stays in the outbox.',
      'An outbox is used by one process at a time, and has a client identifier of its own: that of -i at the first start, or a random one. ' +
        'What is read is on disk a moment later; -d says when. With 1,000,000 messages or 1 GiB it is full, and the input waits.',
    ],
  },
  publish,
);

async function publish(values: PubValues): Promise<number> {
  const { outbox } = values;
  if (outbox !== undefined && values.json)
    throw wrong('--outbox and --json do not go together: a message may be sent later');
  const source = sourceOf(values);
  const topic = source === undefined ? undefined : topicOf(values);
  const options: PublishOptions = {
    qos: qosOf(values),
    retain: values.retain,
    properties: propertiesOf(values),
  };
  // Without an outbox, what a connection has not carried to its end is not sent on another one.
  const connectOptions = {
    ...clientOptions(values, outbox),
    reconnect: outbox !== undefined,
    inFlightMax: values.maxInflight,
  };
  const encoding = values.encoding ?? 'text';
  const stop = stopSignal();
  // Read before the connection is made: a broker should not wait for a file that is not there.
  const payload = source === undefined ? undefined : await payloadOf(source, encoding, stop);
  const work =
    topic === undefined ? undefined : { topic, payload, encoding, repetition: repetitionOf(values, payload), options };
  const client = await connectClient(NAME, connectOptions, values, stop);
  const log = commandLog(NAME, values);
  if (outbox !== undefined) return await publishThroughOutbox(client, outbox, work, stop, log);
  assert(work !== undefined, 'without an outbox there is something to publish');
  // Whoever types the lines sees them, and is not to be written over.
  const isTyped = source?.kind === 'lines' && process.stdin.isTTY;
  const showsProgress = !isTyped && !values.quiet && !values.json;
  const report = values.json ? printFate : () => undefined;
  return await publishDirectly(client, work, { stop, log, goodbye: goodbye(values), showsProgress, report });
}

function printFate({ number, reasonCode, error }: Fate): void {
  const reason = reasonCode === undefined ? undefined : reasonName(reasonCode);
  const fate = { message: number, ok: error === undefined, reasonCode, reason, error: error?.message };
  process.stdout.write(`${JSON.stringify(fate)}\n`);
}

function repetitionOf({ repeat, repeatDelay }: PubValues, payload: unknown): Repetition {
  if (repeat === undefined && repeatDelay !== undefined) throw wrong('--repeat-delay needs --repeat');
  if (repeat !== undefined && payload === undefined) throw wrong('--repeat and -l do not go together');
  return { count: repeat ?? 1, delayMillis: (repeatDelay ?? 0) * 1000 };
}

/** Where the payloads come from; `undefined`: only what is in the outbox is to be sent. */
function sourceOf(values: PubValues): Source | undefined {
  const source = sourceIn(values);
  if (source !== undefined || (values.outbox !== undefined && values.topic === undefined)) return source;
  throw wrong('Say what to publish: -m TEXT, -n, -f FILE, -s or -l');
}

function qosOf({ qos: given, outbox }: PubValues): QoS | undefined {
  if (outbox === undefined) return given;
  if (given === 0)
    throw wrong('--outbox needs -q 1 or -q 2: a message of QoS 0 is not kept for a broker that is not there');
  return given ?? 2;
}

function topicOf(values: PubValues): string {
  const fromUrl = urlTopic(values);
  const topic = values.topic ?? (fromUrl === '' ? undefined : fromUrl);
  if (topic === undefined) throw wrong('Say where to publish: -t TOPIC');
  return checkTopic(topic);
}

function propertiesOf(values: PubValues): Partial<MessageProperties> | undefined {
  const { contentType, responseTopic, correlationData, messageExpiryInterval, userProperty: userProperties } = values;
  const byName = messageProperties(values.property, 'publish');
  const given = {
    contentType,
    responseTopic,
    correlationData: correlationData === undefined ? undefined : Buffer.from(correlationData),
    messageExpiryInterval,
  };
  const isGiven = userProperties.length > 0 || Object.values(given).some((value) => value !== undefined);
  if (!isGiven) return byName;
  if ((values.protocolVersion ?? 5) !== 5) throw wrong('Properties need MQTT 5.0: leave out -V');
  return {
    payloadFormatIndicator: byName?.payloadFormatIndicator,
    contentType: given.contentType ?? byName?.contentType,
    responseTopic: given.responseTopic ?? byName?.responseTopic,
    correlationData: given.correlationData ?? byName?.correlationData,
    messageExpiryInterval: given.messageExpiryInterval ?? byName?.messageExpiryInterval,
    userProperties: [...(byName?.userProperties ?? []), ...userProperties],
  };
}

function userProperty(value: string): UserProperty {
  const at = value.indexOf('=');
  if (at === -1) throw new BadValue(`takes NAME=VALUE; got ${quote(value)}`);
  return [value.slice(0, at), value.slice(at + 1)];
}

function wrong(sentence: string): UsageError {
  return new UsageError('invalid-option', `${sentence}.`);
}
