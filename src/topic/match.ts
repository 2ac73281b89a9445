// Whether one filter matches one name, in the words of section 4.7 and nothing else. This is the form
// to read and to trust; the tries, which find the few that match among a million, are tested against it.

import type { TopicFilter } from './topic-filter.ts';
import type { TopicName } from './topic-name.ts';

/** Whether `filter` matches `name`. */
export function matches(filter: TopicFilter, name: TopicName): boolean {
  const wanted = filter.split('/');
  const levels = name.split('/');
  // [MQTT-4.7.2-1]
  if (name.startsWith('$') && (wanted[0] === '+' || wanted[0] === '#')) return false;
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true; // Also where the name has ended: `a/#` matches `a`.
    if (index >= levels.length) return false;
    if (level !== '+' && level !== levels[index]) return false;
  }
  return wanted.length === levels.length;
}
