// `vouch pub`: publishes what the command line, a file or standard input says, and ends when the broker has
// acknowledged all of it. Options and meaning are those of mosquitto_pub; the exit code is stricter: 0 means that nothing
// was refused or lost. With --outbox, which mosquitto_pub has not, messages outlive the network, the process and the power.

import { assert } from '../base/assert.ts';
import { UsageError } from '../base/errors.ts';
import type { PublishOptions } from '../client/client.ts';
import { checkTopic } from '../client/topics.ts';
import type { QoS } from '../packet/packet.ts';
import type { MessageProperties, UserProperty } from '../packet/properties.ts';
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
  qos,
  urlTopic,
} from './connection-options.ts';
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
import { publishDirectly } from './pub-directly.ts';
import { publishThroughOutbox } from './pub-outbox.ts';
import { payloadOf, type Source } from './pub-source.ts';
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
  readonly outbox: Option<string | undefined>;
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
  qos: valueOption(
    { short: 'q', metavar: 'QOS', group: MESSAGE, sentence: '0, 1 or 2.', defaultText: '0; with --outbox 2' },
    qos,
  ),
  retain: switchOption({ short: 'r', group: MESSAGE, sentence: 'Have the broker keep it for later subscribers.' }),
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
    usage: [
      '-t TOPIC (-m TEXT | -n | -f FILE | -s | -l) [options]',
      '--outbox DIR [-t TOPIC (-m TEXT | -n | -f FILE | -s | -l)] [options]',
    ],
    options: OPTIONS,
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
  const source = sourceOf(values);
  const topic = source === undefined ? undefined : topicOf(values);
  const options: PublishOptions = {
    qos: qosOf(values),
    retain: values.retain,
    properties: propertiesOf(values),
  };
  // Without an outbox, what a connection has not carried to its end is not sent on another one.
  const connectOptions = { ...clientOptions(values, outbox), reconnect: outbox !== undefined };
  const stop = stopSignal();
  // Read before the connection is made: a broker should not wait for a file that is not there.
  const payload = source === undefined ? undefined : await payloadOf(source, stop);
  const work = topic === undefined ? undefined : { topic, payload, options };
  const client = await connectClient(NAME, connectOptions, values, stop);
  const log = commandLog(NAME, values);
  if (outbox !== undefined) return await publishThroughOutbox(client, outbox, work, stop, log);
  assert(work !== undefined, 'without an outbox there is something to publish');
  return await publishDirectly(client, work, stop, log);
}

/** Where the payloads come from; `undefined`: only what is in the outbox is to be sent. */
function sourceOf(values: PubValues): Source | undefined {
  const given: readonly (readonly [string, Source | undefined])[] = [
    ['-m', values.message === undefined ? undefined : { kind: 'bytes', payload: values.message }],
    ['-n', values.nullMessage ? { kind: 'bytes', payload: '' } : undefined],
    ['-f', values.file === undefined ? undefined : { kind: 'file', path: values.file }],
    ['-s', values.stdinFile ? { kind: 'input' } : undefined],
    ['-l', values.stdinLine ? { kind: 'lines' } : undefined],
  ];
  const chosen = given.filter(([, source]) => source !== undefined);
  const [first, second] = chosen;
  if (second !== undefined) throw wrong(`${first?.[0]} and ${second[0]} do not go together: choose one`);
  if (first !== undefined) return first[1];
  if (values.outbox !== undefined && values.topic === undefined) return undefined;
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
