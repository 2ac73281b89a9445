// The rows of the broker's rules: one per field of BrokerRules, under the same name. A field without a row, or a row without
// a field, does not compile.

import type { BrokerRules } from '../broker/rules.ts';
import { DEFAULT_RULES } from '../broker/rules.ts';
import type { Row } from './row.ts';
import { switchRow, wordRow } from './row.ts';

/** Every rule. */
export const RULE_ROWS: { readonly [Name in keyof BrokerRules]: Row<BrokerRules[Name]> } = {
  sharedSubscriptionStrategy: wordRow(
    {
      ...rule(
        'sharedSubscriptionStrategy',
        'Which member of a shared subscription gets a message. round-robin: those that can take one now, in turn. ' +
          'least-loaded: of these, the one with the fewest unacknowledged messages. sticky-by-publisher, sticky-by-topic: ' +
          'of those that are connected, always the same one for the same publisher or topic; while that one is busy, its ' +
          'messages wait for it.',
      ),
      metavar: 'STRATEGY',
    },
    ['round-robin', 'least-loaded', 'sticky-by-publisher', 'sticky-by-topic'],
  ),
  overlappingSubscriptions: wordRow(
    {
      ...rule(
        'overlappingSubscriptions',
        'What a client gets of a message that several of its subscriptions match. merge: one message, with the highest ' +
          'QoS and all subscription identifiers. separate: one for each subscription.',
      ),
      metavar: 'WORD',
    },
    ['merge', 'separate'],
  ),
  payloadFormatCheck: switchRow(
    rule(
      'payloadFormatCheck',
      'Refuse messages and Wills of MQTT 5 whose Payload Format Indicator says text and whose payload is not UTF-8.',
    ),
  ),
  emptyClientIds: wordRow(
    {
      ...rule(
        'emptyClientIds',
        'What becomes of a client without a client identifier. assign: it is given one, where its version of MQTT allows ' +
          'it to have none. refuse: it is refused.',
      ),
      metavar: 'WORD',
    },
    ['assign', 'refuse'],
  ),
  dollarTopics: wordRow(
    {
      ...rule(
        'dollarTopics',
        'Whether clients may publish to topics that begin with $, which are meant for brokers. $SYS stays closed to them ' +
          'in any case.',
      ),
      metavar: 'WORD',
    },
    ['refuse', 'allow'],
  ),
  deniedPublish311: wordRow(
    {
      ...rule(
        'deniedPublish311',
        'What becomes of a client of MQTT 3.1.1 that publishes with QoS 1 or 2 what it may not, since that version has no ' +
          'word for no. close: its connection ends. acknowledge: it hears that the message was taken, and the message is ' +
          'dropped; MQTT 3.1 wants it so in any case.',
      ),
      metavar: 'WORD',
    },
    ['close', 'acknowledge'],
  ),
};

function rule<Name extends keyof BrokerRules>(name: Name, sentence: string) {
  return { group: 'Protocol', sentence, default: DEFAULT_RULES[name], since: '0.1' } as const;
}
