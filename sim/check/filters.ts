// Which topics a filter matches, by the words of section 4.7 (src/topic/match.ts), and remembered: a run has few of either.

import { matches } from '../../src/topic/match.ts';
import { parseTopicFilter } from '../../src/topic/topic-filter.ts';
import { parseTopicName } from '../../src/topic/topic-name.ts';

/** A filter as a client asked for it. */
export interface FilterText {
  /** What topics must match; of a shared subscription the part after the ShareName. */
  readonly plain: string;
  readonly isShared: boolean;
}

/** From here on everything is forgotten. */
const REMEMBERED_MAX = 10_000;

const filters = new Map<string, FilterText>();
const answers = new Map<string, Map<string, boolean>>();

/** Takes `$share/{ShareName}/` off. */
export function readFilter(whole: string): FilterText {
  const known = filters.get(whole);
  if (known !== undefined) return known;
  const parsed = parseTopicFilter(whole, Number.POSITIVE_INFINITY);
  const isShared = parsed.kind === 'shared';
  const read = { plain: isShared || parsed.kind === 'plain' ? parsed.filter : whole, isShared };
  if (filters.size >= REMEMBERED_MAX) filters.clear();
  filters.set(whole, read);
  return read;
}

/** Whether a filter, shared or not, matches a topic. */
export function covers(whole: string, topic: string): boolean {
  let ofFilter = answers.get(whole);
  if (ofFilter === undefined) {
    if (answers.size >= REMEMBERED_MAX) answers.clear();
    ofFilter = new Map();
    answers.set(whole, ofFilter);
  }
  let answer = ofFilter.get(topic);
  if (answer === undefined) {
    if (ofFilter.size >= REMEMBERED_MAX) ofFilter.clear();
    answer = compare(whole, topic);
    ofFilter.set(topic, answer);
  }
  return answer;
}

function compare(whole: string, topic: string): boolean {
  const filter = parseTopicFilter(whole, Number.POSITIVE_INFINITY);
  const name = parseTopicName(topic, Number.POSITIVE_INFINITY);
  if (filter.kind !== 'plain' && filter.kind !== 'shared') return false;
  return name.kind === 'topic' && matches(filter.filter, name.topic);
}
