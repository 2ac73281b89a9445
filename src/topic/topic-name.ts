// The Topic Name: what a message is published to. Whoever holds a `TopicName` holds a text that MQTT
// allows as one and that is within our limits; nothing after the parser looks again.
// Names that begin with `$` are legal here. Who may publish to them is the broker's decision.

import { UsageError } from '../base/errors.ts';
import { HASH, PLUS } from './topic-levels.ts';
import { faultOfText, invalid, type TopicFault } from './topic-text.ts';

/** A legal Topic Name (section 4.7). */
export type TopicName = string & { readonly brand: 'TopicName' };

/**
 * How many levels a name or filter may have unless the caller says otherwise. The specification has no limit;
 * ours bounds the nodes that one filter makes and the steps that one message takes.
 */
export const TOPIC_LEVELS_MAX = 128;

/** What `parseTopicName` makes of a text. */
export type ParsedTopicName = { readonly kind: 'topic'; readonly topic: TopicName } | TopicFault;

/** Takes a text as a Topic Name, or says why not. */
export function parseTopicName(text: string, levelsMax: number = TOPIC_LEVELS_MAX): ParsedTopicName {
  // hot:
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === PLUS || unit === HASH) {
      return invalid('A Topic Name has no wildcards (+ and #).', 'MQTT-4.7.0-1'); // [MQTT-4.7.0-1]
    }
  }
  return faultOfText(text, levelsMax) ?? { kind: 'topic', topic: text as TopicName };
}

/**
 * Takes a text that a caller in this process wrote as a Topic Name.
 * @throws {UsageError} `invalid-argument` when it is not one.
 */
export function topicName(text: string, levelsMax: number = TOPIC_LEVELS_MAX): TopicName {
  const parsed = parseTopicName(text, levelsMax);
  if (parsed.kind === 'topic') return parsed.topic;
  throw new UsageError('invalid-argument', `${JSON.stringify(text)} is not a Topic Name. ${parsed.why}`);
}
