// `vouch rr`: publishes a request, waits for the response, and prints it. With MQTT 5.0 the client says by itself where the response is to
// go, and knows it by its Correlation Data. With -e the place is one that both sides have agreed on, as mosquitto_rr has it, on every
// version: there the first response that comes is the one, unless it carries the Correlation Data of somebody else's request.

import { randomBytes } from 'node:crypto';

import { OperationError, UsageError } from '../base/errors.ts';
import type { Client, PublishOptions } from '../client/client.ts';
import type { ReceivedMessage } from '../client/received-message.ts';
import { checkTopic } from '../client/topics.ts';
import type { QoS } from '../packet/packet.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { untilOver } from './connection-news.ts';
import {
  CONNECTION_OPTIONS,
  type ConnectionOptions,
  clientOptions,
  commandLog,
  connectClient,
  goodbye,
  qos,
  urlTopic,
} from './connection-options.ts';
import { MessageOutput } from './message-output.ts';
import { decimal, type Option, switchOption, text, type ValuesOf, valueOption } from './option-table.ts';
import { FORMAT_NOTE, PRINT_OPTIONS, type PrintOptions, printFormat } from './print-options.ts';
import { messageProperties, propertyOption, userPropertiesOf } from './property-option.ts';
import { payloadOf } from './pub-source.ts';
import { SOURCE_OPTIONS, type SourceOptions, sourceIn } from './source-options.ts';
import { stopSignal } from './stop-signal.ts';

const NAME = 'vouch rr';
const REQUEST = 'Message';
const CORRELATION_BYTES = 12;
const SECONDS_USUAL = 30;

type RequestOptions = ConnectionOptions &
  SourceOptions &
  PrintOptions & {
    readonly topic: Option<string | undefined>;
    readonly responseTopic: Option<string | undefined>;
    readonly qos: Option<QoS | undefined>;
    readonly timeout: Option<number | undefined>;
    readonly skipRetained: Option<boolean>;
  };

const OPTIONS: RequestOptions = {
  topic: valueOption({ short: 't', metavar: 'TOPIC', group: REQUEST, sentence: 'Where the request goes.' }, text),
  ...SOURCE_OPTIONS,
  responseTopic: valueOption(
    {
      short: 'e',
      metavar: 'TOPIC',
      group: REQUEST,
      sentence: 'Where the response comes. Needed before MQTT 5.0.',
      defaultText: 'a topic of its own',
    },
    text,
  ),
  qos: valueOption(
    { short: 'q', metavar: 'QOS', group: REQUEST, sentence: 'The QoS of the request: 0, 1 or 2.', defaultText: '0' },
    qos,
  ),
  timeout: valueOption(
    {
      short: 'W',
      metavar: 'SECONDS',
      group: REQUEST,
      sentence: 'How long to wait for the response; then the exit code is 27.',
      defaultText: String(SECONDS_USUAL),
    },
    decimal(0.001, 2_147_483),
  ),
  ...PRINT_OPTIONS,
  skipRetained: switchOption({
    short: 'R',
    group: 'Output',
    sentence: 'Do not take a message that was retained before for the response.',
  }),
  ...CONNECTION_OPTIONS,
  property: propertyOption(['connect', 'publish', 'subscribe', 'disconnect', 'will']),
};

type RequestValues = ValuesOf<RequestOptions>;

/** `vouch rr`. */
export const command: Command = defineCommand(
  {
    command: NAME,
    sentence: 'Publishes a request, and prints the response to it.',
    usage: ['-t TOPIC (-m TEXT | -n | -f FILE | -s) [options]'],
    options: OPTIONS,
    readsDefaults: true,
    examples: [
      { line: 'vouch rr -t clock/time -m now', sentence: 'Ask for the time, and print the answer.' },
      {
        line: 'vouch rr -V 311 -t lamp/get -n -e lamp/state -W 2',
        sentence: 'The same with MQTT 3.1.1: the topic of the answer is agreed on.',
      },
    ],
    notes: [
      'With MQTT 5.0 and without -e, a response must carry the Correlation Data of the request.',
      'Exit codes: 0 there was a response, 1 no connection, or nobody took the request, 2 called wrongly, 27 -W has passed.',
      FORMAT_NOTE,
    ],
  },
  requestOnce,
);

async function requestOnce(values: RequestValues): Promise<number> {
  const source = sourceIn(values);
  if (source === undefined) throw wrong('Say what to ask: -m TEXT, -n, -f FILE or -s');
  const topic = topicOf(values);
  const isOld = (values.protocolVersion ?? 5) !== 5;
  if (isOld && values.responseTopic === undefined) {
    throw wrong('Say where the response comes: -e TOPIC; before MQTT 5.0 a request cannot tell');
  }
  const output = new MessageOutput();
  const format = printFormat(values, output.isTerminal);
  const stop = stopSignal();
  const payload = (await payloadOf(source, 'text', stop)) ?? '';
  const client = await connectClient(NAME, { ...clientOptions(values), reconnect: false }, values, stop);
  const timeoutMillis = Math.round((values.timeout ?? SECONDS_USUAL) * 1000);
  const options = { qos: values.qos, properties: messageProperties(values.property, 'publish') };
  try {
    const response = await Promise.race([
      untilOver(client),
      stopped(stop),
      values.responseTopic === undefined
        ? client.request(topic, payload, { ...options, timeoutMillis, signal: stop })
        : askAt(client, values.responseTopic, { topic, payload, options }, values, timeoutMillis),
    ]);
    void output.write(format(response), false);
    // Whoever reads may have gone, or be slow while somebody wants this to end.
    await Promise.race([output.flush(), stopped(stop)]);
    const failure: unknown = output.ended.reason;
    if (failure instanceof OperationError) throw failure;
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof OperationError) || error.code !== 'timed-out') throw error;
    commandLog(NAME, values).warn(error.message);
    return EXIT.timedOut;
  } finally {
    await client.disconnect(goodbye(values));
  }
}

/** A request as it is published. */
interface Request {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly options: PublishOptions;
}

/** Asks for a response at a topic that was agreed on. */
async function askAt(
  client: Client,
  responseTopic: string,
  { topic, payload, options }: Request,
  values: RequestValues,
  timeoutMillis: number,
): Promise<ReceivedMessage> {
  const response = Promise.withResolvers<ReceivedMessage>();
  const isOld = (values.protocolVersion ?? 5) !== 5;
  const correlationData = options.properties?.correlationData ?? randomBytes(CORRELATION_BYTES);
  const timer = setTimeout(() => {
    const sentence = `No response came to ${JSON.stringify(responseTopic)} within ${timeoutMillis / 1000} s.`;
    response.reject(new OperationError('timed-out', sentence));
  }, timeoutMillis);
  const userProperties = userPropertiesOf(values.property, 'subscribe');
  try {
    const subscribed = client.subscribe(checkTopic(responseTopic), {
      qos: 2,
      userProperties: userProperties.length === 0 ? undefined : userProperties,
      onMessage: (message) => {
        const { correlationData: given } = message.properties;
        if (given !== undefined && Buffer.compare(given, correlationData) !== 0) return;
        if (!message.retain || !values.skipRetained) response.resolve(message);
      },
    });
    // Time may have run out before the broker has answered.
    await Promise.race([subscribed, response.promise]);
    const properties = isOld ? undefined : { ...options.properties, responseTopic, correlationData };
    // A request that fails has no response.
    client.publish(topic, payload, { ...options, properties }).catch(response.reject);
    return await response.promise;
  } finally {
    clearTimeout(timer);
  }
}

function topicOf(values: RequestValues): string {
  const fromUrl = urlTopic(values);
  const topic = values.topic ?? (fromUrl === '' ? undefined : fromUrl);
  if (topic === undefined) throw wrong('Say where the request goes: -t TOPIC');
  return checkTopic(topic);
}

function stopped(stop: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const give = (): void => reject(new OperationError('closed', 'Stopped before the response was printed.'));
    stop.addEventListener('abort', give, { once: true });
    if (stop.aborted) give();
  });
}

function wrong(sentence: string): UsageError {
  return new UsageError('invalid-option', `${sentence}.`);
}
