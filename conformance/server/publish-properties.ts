// The properties of PUBLISH that a broker hands on as they are (sections 3.3.2.3.2 and 3.3.2.3.5 to 3.3.2.3.9).

import { type ServerCheck, v5 } from '../check.ts';
import { type Lie, SERVER_NEVER_CLOSES } from '../liar/lie.ts';
import { type Passing, serverAlsoDelivers, serverDelivers, without } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { lastingSubscriber, publisher, receiveText, resume, subscriber } from '../stage/roles.ts';
import type { Received } from '../wire/read.ts';
import { type Properties, PROPERTIES } from '../wire/types.ts';
import { binary, bytes, propertiesWithoutLength } from '../wire/write.ts';

const NOT_UTF8 = Uint8Array.of(0x61, 0xff);
/** The same name twice, and values that sorting or a map would put in another order. */
const USER_PROPERTIES: readonly (readonly [string, string])[] = [
  ['z', '1'],
  ['a', '2'],
  ['z', '3'],
  ['', ''],
  ['\u00fc', '\u6e29'],
];
const RESPONSE_TOPIC = 'answers/here';
const CONTENT_TYPE = 'text/\u00fc';
const CORRELATION = Uint8Array.of(0x00, 0xff, 0x80, 0x00, 0x0a);

/** A server that sends other properties than those that were published. */
function changes(does: string, change: (properties: Properties) => Properties): Lie {
  return serverDelivers(does, ({ properties }) => ({ properties: change(properties) }));
}

/** A server that spoils a text property. */
function spoils(name: 'responseTopic' | 'contentType'): Lie {
  return serverDelivers(`sends ${name} in bytes that are not UTF-8`, ({ properties }: Passing) => {
    const spoilt = bytes([PROPERTIES[name][0]], binary(NOT_UTF8));
    return { properties: bytes(propertiesWithoutLength(without(properties, name)), spoilt) };
  });
}

const ADDS_FORMAT = changes('adds a Payload Format Indicator', (properties) => {
  return { ...properties, payloadFormatIndicator: 1 };
});
const TURNS_USER_PROPERTIES = changes('sends User Properties in another order', (properties) => {
  return { ...properties, userProperty: USER_PROPERTIES.toReversed() };
});
const LOSES_USER_PROPERTIES = changes('sends one User Property of a name', (properties) => {
  return { ...properties, userProperty: USER_PROPERTIES.slice(1) };
});

/** A server that takes a Response Topic with a wildcard. */
const FORWARDS_WILDCARDS = serverAlsoDelivers('forwards a Response Topic with a wildcard', ({ properties }) =>
  /[+#]/.test(String(properties.responseTopic)),
);

function demandProperties({ properties }: Received): void {
  const { responseTopic, correlationData, contentType, userProperty, payloadFormatIndicator } = properties;
  demand(payloadFormatIndicator?.[0] === 1, 'Payload Format Indicator 1 was not forwarded.');
  demand(responseTopic?.[0] === RESPONSE_TOPIC, `The Response Topic came as ${JSON.stringify(responseTopic)}.`);
  const correlation = correlationData?.[0];
  const seen = correlation instanceof Uint8Array ? correlation.join() : 'nothing';
  demand(seen === CORRELATION.join(), `The Correlation Data came as ${seen}.`);
  demand(contentType?.[0] === CONTENT_TYPE, `The Content Type came as ${JSON.stringify(contentType)}.`);
  const [pairs, pairsDue] = [JSON.stringify(userProperty), JSON.stringify(USER_PROPERTIES)];
  demand(pairs === pairsDue, `The User Properties ${pairsDue} came as ${pairs}.`);
}

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'the properties of a message come unaltered to every subscriber, now and later',
    shows: [
      v5(
        'MQTT-3.3.2-4',
        changes('drops the Payload Format Indicator', (its) => without(its, 'payloadFormatIndicator')),
      ),
      v5('MQTT-3.3.2-4', ADDS_FORMAT),
      v5('MQTT-3.3.2-13', spoils('responseTopic')),
      v5(
        'MQTT-3.3.2-14',
        changes('sends a wildcard', (its) => ({ ...its, responseTopic: 'answers/+' })),
      ),
      v5(
        'MQTT-3.3.2-15',
        changes('changes the Response Topic', (its) => ({ ...its, responseTopic: 'answers/Here' })),
      ),
      v5(
        'MQTT-3.3.2-16',
        changes('cuts Correlation Data at a zero', (its) => ({ ...its, correlationData: CORRELATION.slice(0, 3) })),
      ),
      v5('MQTT-3.3.2-17', LOSES_USER_PROPERTIES),
      v5('MQTT-3.3.2-18', TURNS_USER_PROPERTIES),
      v5('MQTT-3.3.2-19', spoils('contentType')),
      v5(
        'MQTT-3.3.2-20',
        changes('changes the Content Type', (its) => ({ ...its, contentType: 'text/u' })),
      ),
    ],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 2 });
      const low = await subscriber(stage, stage.topic());
      const high = await subscriber(stage, stage.topic(), 2);
      const away = await lastingSubscriber(stage, 'away', stage.topic(), 1);
      away.leave();
      await away.expectClosed();
      const properties = {
        payloadFormatIndicator: 1,
        responseTopic: RESPONSE_TOPIC,
        correlationData: CORRELATION,
        contentType: CONTENT_TYPE,
        userProperty: USER_PROPERTIES,
      };
      await sender.publishWhole({ topic: stage.topic(), payload: 'with', qos: 2, properties });
      await sender.publishWhole({ topic: stage.topic(), payload: 'without', qos: 2 });
      const back = await resume(stage, 'away');
      for (const peer of [low, high, back]) {
        demandProperties(await receiveText(peer, 'with'));
        const { properties: none } = await receiveText(peer, 'without');
        // 0 means the same as to leave it out; a broker may add a Topic Alias or an expiry of its own.
        demand(none.payloadFormatIndicator?.[0] !== 1, 'A Payload Format Indicator came that was not published.');
        const added = none.responseTopic ?? none.correlationData ?? none.contentType ?? none.userProperty;
        demand(added === undefined, 'A property came that was not published.');
      }
    },
  },
  {
    claim: 'a PUBLISH whose Response Topic or Content Type is not UTF-8 closes the connection',
    shows: [v5('MQTT-3.3.2-13', SERVER_NEVER_CLOSES), v5('MQTT-3.3.2-19', SERVER_NEVER_CLOSES)],
    play: async (stage) => {
      for (const name of ['responseTopic', 'contentType'] as const) {
        const sender = await stage.connect();
        const properties = bytes([PROPERTIES[name][0]], binary(NOT_UTF8));
        sender.publish({ topic: stage.topic(), properties });
        await sender.expectClosedWith(0x81, 0x82);
      }
    },
  },
  {
    claim: 'a Response Topic with a wildcard reaches nobody',
    shows: [v5('MQTT-3.3.2-14', FORWARDS_WILDCARDS)],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic(), 1);
      for (const responseTopic of ['answers/+', '#']) {
        const sender = await publisher(stage, { qos: 1 });
        sender.publish({ topic: stage.topic(), payload: 'x', qos: 1, properties: { responseTopic } });
        await sender.line.peek();
      }
      await receiver.expectNothing();
    },
  },
];
