// `-D COMMAND NAME VALUE`: a property of MQTT 5.0 on one of the packets that a command sends, in the words of mosquitto_pub. Which
// packets have which properties, and what a value may be, is one table; what the client itself decides is refused with the reason.

import type { ConnectOptions, WillOptions } from '../client/options.ts';
import type { DisconnectOptions } from '../client/client.ts';
import type { MessageProperties, UserProperty } from '../packet/properties.ts';
import { nearest } from '../config/nearest.ts';
import { quote } from '../config/spelling.ts';
import { BadValue, integer, type Option, wordsOption } from './option-table.ts';

/** The packets whose properties can be given; a will has its own. */
export type PropertyPacket = 'connect' | 'publish' | 'subscribe' | 'disconnect' | 'will';

/** One that was given. */
export interface GivenProperty {
  readonly packet: PropertyPacket;
  readonly name: string;
  /** A pair for `user-property`, otherwise what `parse` in the table makes. */
  readonly value: string | number | UserProperty;
}

/** What a property takes, or why it cannot be given. */
type Rule =
  | { readonly kind: 'value'; readonly parse: (text: string) => string | number }
  | { readonly kind: 'pair' }
  | { readonly kind: 'refused'; readonly reason: string };

const UINT32_MAX = 4_294_967_295;
const TEXT: Rule = { kind: 'value', parse: (value) => value };
const UINT32: Rule = { kind: 'value', parse: integer(0, UINT32_MAX) };
const UINT16: Rule = { kind: 'value', parse: integer(0, 65_535) };
const SWITCH: Rule = { kind: 'value', parse: integer(0, 1) };
const PAIR: Rule = { kind: 'pair' };

const MESSAGE: readonly (readonly [string, Rule])[] = [
  ['content-type', TEXT],
  ['correlation-data', TEXT],
  ['message-expiry-interval', UINT32],
  ['payload-format-indicator', SWITCH],
  ['response-topic', TEXT],
  ['user-property', PAIR],
];

const RULES: { readonly [Packet in PropertyPacket]: ReadonlyMap<string, Rule> } = {
  connect: new Map<string, Rule>([
    ['maximum-packet-size', { kind: 'value', parse: integer(1, UINT32_MAX) }],
    ['receive-maximum', { kind: 'value', parse: integer(1, 65_535) }],
    ['request-response-information', SWITCH],
    ['session-expiry-interval', UINT32],
    ['topic-alias-maximum', UINT16],
    ['user-property', PAIR],
    ['authentication-method', refused('an exchange with the broker is more than a property')],
    ['authentication-data', refused('an exchange with the broker is more than a property')],
    ['request-problem-information', refused('what went wrong is always asked for')],
  ]),
  publish: new Map<string, Rule>([...MESSAGE, ['topic-alias', refused('the client abbreviates topics by itself')]]),
  subscribe: new Map<string, Rule>([
    ['user-property', PAIR],
    ['subscription-identifier', refused('the client numbers its subscriptions by itself')],
  ]),
  disconnect: new Map<string, Rule>([
    ['session-expiry-interval', UINT32],
    ['user-property', refused('the client sends none with DISCONNECT')],
  ]),
  will: new Map<string, Rule>([...MESSAGE, ['will-delay-interval', UINT32]]),
};

/** One for each packet, for the help. */
const EXAMPLES: { readonly [Packet in PropertyPacket]: string } = {
  connect: 'receive-maximum 10',
  publish: 'content-type text/plain',
  subscribe: 'user-property NAME VALUE',
  disconnect: 'session-expiry-interval 60',
  will: 'will-delay-interval 60',
};

/** The option of a command that sends these packets. */
export function propertyOption(packets: readonly PropertyPacket[]): Option<readonly GivenProperty[]> {
  const [first = 'connect'] = packets.includes('publish') ? (['publish'] as const) : packets;
  return wordsOption(
    {
      short: 'D',
      metavar: 'COMMAND NAME VALUE',
      group: 'Properties (MQTT 5.0)',
      sentence: `A property, as in "-D ${first} ${EXAMPLES[first]}" or "-D ${first} user-property NAME VALUE"; COMMAND is ${listed(packets)}. May be given several times.`,
    },
    ([, name]) => (name === 'user-property' ? 4 : 3),
    (words) => readProperty(words, packets),
  );
}

/** What CONNECT is to say. */
export function connectProperties(
  given: readonly GivenProperty[],
): Pick<
  ConnectOptions,
  | 'maximumPacketSize'
  | 'receiveMaximum'
  | 'requestResponseInformation'
  | 'sessionExpirySeconds'
  | 'topicAliasMaximum'
  | 'userProperties'
> {
  const userProperties = userPropertiesOf(given, 'connect');
  return {
    maximumPacketSize: numberOf(given, 'connect', 'maximum-packet-size'),
    receiveMaximum: numberOf(given, 'connect', 'receive-maximum'),
    requestResponseInformation: numberOf(given, 'connect', 'request-response-information') === 1 ? true : undefined,
    sessionExpirySeconds: numberOf(given, 'connect', 'session-expiry-interval'),
    topicAliasMaximum: numberOf(given, 'connect', 'topic-alias-maximum'),
    userProperties: userProperties.length === 0 ? undefined : userProperties,
  };
}

/** What DISCONNECT is to say. */
export function disconnectProperties(given: readonly GivenProperty[]): DisconnectOptions {
  return { sessionExpirySeconds: numberOf(given, 'disconnect', 'session-expiry-interval') };
}

/** What a will is to say besides its message. */
export function willProperties(given: readonly GivenProperty[]): Pick<WillOptions, 'delaySeconds' | 'properties'> {
  return {
    delaySeconds: numberOf(given, 'will', 'will-delay-interval'),
    properties: messageProperties(given, 'will'),
  };
}

/** The properties of a message; `undefined`: none was given. */
export function messageProperties(
  given: readonly GivenProperty[],
  packet: 'publish' | 'will',
): Partial<MessageProperties> | undefined {
  if (!given.some((property) => property.packet === packet && property.name !== 'will-delay-interval'))
    return undefined;
  const correlationData = textOf(given, packet, 'correlation-data');
  return {
    contentType: textOf(given, packet, 'content-type'),
    correlationData: correlationData === undefined ? undefined : Buffer.from(correlationData),
    messageExpiryInterval: numberOf(given, packet, 'message-expiry-interval'),
    payloadFormatIndicator: numberOf(given, packet, 'payload-format-indicator'),
    responseTopic: textOf(given, packet, 'response-topic'),
    userProperties: userPropertiesOf(given, packet),
  };
}

/** The User Properties of a packet, in the order in which they were given. */
export function userPropertiesOf(given: readonly GivenProperty[], packet: PropertyPacket): readonly UserProperty[] {
  return given.flatMap((property) => {
    return property.packet === packet && typeof property.value === 'object' ? [property.value] : [];
  });
}

function readProperty(words: readonly string[], packets: readonly PropertyPacket[]): GivenProperty {
  const [command = '', name = '', value = '', second = ''] = words;
  const packet = packets.find((known) => known === command.toLowerCase());
  if (packet === undefined) throw new BadValue(`takes ${listed(packets)} as COMMAND; got ${quote(command)}`);
  const rule = RULES[packet].get(name);
  if (rule === undefined) {
    const known = [...RULES[packet]].filter(([, { kind }]) => kind !== 'refused').map(([each]) => each);
    const near = nearest(name, known);
    const advice = near === undefined ? `it has ${listed(known)}` : `did you mean ${near}?`;
    throw new BadValue(`finds no property ${quote(name)} for ${packet.toUpperCase()}; ${advice}`);
  }
  if (rule.kind === 'refused') throw new BadValue(`cannot give ${name}: ${rule.reason}`);
  if (rule.kind === 'pair') return { packet, name, value: [value, second] };
  try {
    return { packet, name, value: rule.parse(value) };
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    throw new BadValue(`${packet} ${name} ${error.message}`);
  }
}

function numberOf(given: readonly GivenProperty[], packet: PropertyPacket, name: string): number | undefined {
  const value = lastOf(given, packet, name);
  return typeof value === 'number' ? value : undefined;
}

function textOf(given: readonly GivenProperty[], packet: PropertyPacket, name: string): string | undefined {
  const value = lastOf(given, packet, name);
  return typeof value === 'string' ? value : undefined;
}

function lastOf(
  given: readonly GivenProperty[],
  packet: PropertyPacket,
  name: string,
): GivenProperty['value'] | undefined {
  return given.findLast((property) => property.packet === packet && property.name === name)?.value;
}

function refused(reason: string): Rule {
  return { kind: 'refused', reason };
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
