// The Topic Filter: what a subscription asks for. Two kinds share one syntax on the wire: the plain
// filter, which matches names, and `$share/{ShareName}/{filter}`, which names a group and the plain
// filter that the group shares. Only plain filters carry the brand `TopicFilter`, so that a whole
// `$share/...` text can never reach a trie or a matcher by mistake.

import { UsageError } from '../base/errors.ts';
import { HASH, levelEnd, PLUS, SLASH } from './topic-levels.ts';
import { TOPIC_LEVELS_MAX } from './topic-name.ts';
import { faultOfText, invalid, type TopicFault } from './topic-text.ts';

/** A legal plain Topic Filter (section 4.7): one that can be matched with names. */
export type TopicFilter = string & { readonly brand: 'TopicFilter' };

/** What `parsePlainFilter` makes of a text. */
export type ParsedPlainFilter = { readonly kind: 'plain'; readonly filter: TopicFilter } | TopicFault;

/** What `parseTopicFilter` makes of a text. */
export type ParsedTopicFilter =
  | ParsedPlainFilter
  | {
      readonly kind: 'shared';
      /** The ShareName. */
      readonly group: string;
      /** What the group subscribes to: the text after the ShareName. */
      readonly filter: TopicFilter;
      /** The text as the client wrote it: the identity of the Shared Subscription. */
      readonly whole: string;
    };

const SHARE = '$share';
const GROUP_START = SHARE.length + 1;

/**
 * Takes the Topic Filter of a SUBSCRIBE or UNSUBSCRIBE, or says why not.
 * A caller without Shared Subscriptions, for whom `$share` is a level like any other, uses `parsePlainFilter`.
 * @param levelsMax  How many levels the filter may have; of a Shared Subscription, the filter inside.
 */
export function parseTopicFilter(text: string, levelsMax: number = TOPIC_LEVELS_MAX): ParsedTopicFilter {
  // `$share` alone is refused, too: it is the mark of a Shared Subscription, and the rest of one is missing.
  if (text === SHARE || text.startsWith(`${SHARE}/`)) return parseSharedFilter(text, levelsMax);
  return parsePlainFilter(text, levelsMax);
}

/** Takes a text as a plain Topic Filter, or says why not. `$share` means nothing here. */
export function parsePlainFilter(text: string, levelsMax: number = TOPIC_LEVELS_MAX): ParsedPlainFilter {
  return faultOfWildcards(text) ?? faultOfText(text, levelsMax) ?? { kind: 'plain', filter: text as TopicFilter };
}

/**
 * Takes a text that a caller in this process wrote as a plain Topic Filter.
 * @throws {UsageError} `invalid-argument` when it is not one, or is a Shared Subscription.
 */
export function topicFilter(text: string, levelsMax: number = TOPIC_LEVELS_MAX): TopicFilter {
  const parsed = parseTopicFilter(text, levelsMax);
  if (parsed.kind === 'plain') return parsed.filter;
  const why = parsed.kind === 'shared' ? 'It is a Shared Subscription.' : parsed.why;
  throw new UsageError('invalid-argument', `${JSON.stringify(text)} is not a plain Topic Filter. ${why}`);
}

function parseSharedFilter(text: string, levelsMax: number): ParsedTopicFilter {
  const groupEnd = levelEnd(text, GROUP_START);
  if (groupEnd <= GROUP_START) {
    return invalid('A Shared Subscription names its group: $share/{ShareName}/{filter}.', 'MQTT-4.8.2-1'); // [MQTT-4.8.2-1]
  }
  const group = text.slice(GROUP_START, groupEnd);
  if (group.includes('+') || group.includes('#')) {
    return invalid('A ShareName has no wildcards (+ and #).', 'MQTT-4.8.2-2'); // [MQTT-4.8.2-2]
  }
  if (groupEnd + 1 >= text.length) {
    return invalid(
      'A Shared Subscription has a filter after the ShareName: $share/{ShareName}/{filter}.',
      'MQTT-4.8.2-2',
    );
  }
  // The group is text of the peer's as much as the filter is, and their bytes count together. The levels do not.
  const fault = faultOfText(text, Number.POSITIVE_INFINITY);
  if (fault !== undefined) return fault;
  const inner = parsePlainFilter(text.slice(groupEnd + 1), levelsMax);
  return inner.kind === 'plain' ? { kind: 'shared', group, filter: inner.filter, whole: text } : inner;
}

/** A wildcard that does not have a level to itself, or a `#` that is not the last one. */
function faultOfWildcards(text: string): TopicFault | undefined {
  const last = text.length - 1;
  for (let at = 0; at <= last; at++) {
    const unit = text.charCodeAt(at);
    if (unit !== PLUS && unit !== HASH) continue;
    const begins = at === 0 || text.charCodeAt(at - 1) === SLASH;
    if (unit === HASH && !(begins && at === last)) {
      return invalid('In a Topic Filter # stands alone in the last level.', 'MQTT-4.7.1-1'); // [MQTT-4.7.1-1]
    }
    const ends = at === last || text.charCodeAt(at + 1) === SLASH;
    if (!(begins && ends)) {
      return invalid('In a Topic Filter + stands alone in its level.', 'MQTT-4.7.1-2'); // [MQTT-4.7.1-2]
    }
  }
  return undefined;
}
