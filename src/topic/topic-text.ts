// What Topic Names and Topic Filters have in common as texts (section 4.7.3), and what can be wrong
// with them. A fault is a value, not an error: what it costs its sender depends on where it came from
// (a packet, a will, an argument, a configuration file), which only the caller knows.

import { utf8Length } from '../base/utf8.ts';
import { SLASH } from './topic-levels.ts';

/** How many bytes of UTF-8 a name or filter may have: the length field of a string has two bytes. */
const TOPIC_BYTES_MAX = 65_535;

/**
 * Why a text was not taken. `invalid`: MQTT forbids it, in `statement` (an id without brackets).
 * `refused`: MQTT allows it, a limit of ours does not. `why` is a sentence for a person.
 */
export type TopicFault =
  | { readonly kind: 'invalid'; readonly why: string; readonly statement: string }
  | { readonly kind: 'refused'; readonly why: string };

/** What is wrong with a text as a name or filter alike, wildcards aside; `undefined` when nothing is. */
export function faultOfText(text: string, levelsMax: number): TopicFault | undefined {
  // hot:
  if (text.length === 0) return invalid('A topic has at least one character.', 'MQTT-4.7.3-1'); // [MQTT-4.7.3-1]
  let levels = 1;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === SLASH) levels++;
    else if (unit === 0) return invalid('A topic has no null character (U+0000).', 'MQTT-4.7.3-2'); // [MQTT-4.7.3-2]
  }
  // [MQTT-1.5.4-1]
  if (!text.isWellFormed()) return invalid('A topic has no surrogate without its other half.', 'MQTT-1.5.4-1');
  // [MQTT-4.7.3-3] A unit takes at most three bytes; only a long text needs counting.
  if (text.length * 3 > TOPIC_BYTES_MAX && utf8Length(text) > TOPIC_BYTES_MAX) {
    return invalid('A topic has at most 65,535 bytes of UTF-8.', 'MQTT-4.7.3-3');
  }
  if (levels <= levelsMax) return undefined;
  return { kind: 'refused', why: `The topic has ${levels} levels; at most ${levelsMax} are taken.` };
}

/** A fault against MQTT. */
export function invalid(why: string, statement: string): TopicFault {
  return { kind: 'invalid', why, statement };
}
