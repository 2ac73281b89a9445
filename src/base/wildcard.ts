// Names by a pattern with `*`, which stands for any characters, or none. What is no `*` stands for itself: a pattern may come from
// anywhere. It takes at most as many steps as pattern and text have characters, multiplied; there is no expression to run away.

const STAR = 0x2a;

/** Whether the whole text is what the pattern says. */
export function matchesWildcard(pattern: string, text: string): boolean {
  let at = 0;
  let atPattern = 0;
  /** Where to go on if it turns out that the last star stands for more. */
  let retry: { readonly afterStar: number; at: number } | undefined;
  while (at < text.length) {
    const unit = pattern.charCodeAt(atPattern);
    if (unit === STAR) {
      retry = { afterStar: ++atPattern, at };
    } else if (atPattern < pattern.length && unit === text.charCodeAt(at)) {
      atPattern++;
      at++;
    } else if (retry !== undefined) {
      at = ++retry.at;
      atPattern = retry.afterStar;
    } else {
      return false;
    }
  }
  while (pattern.charCodeAt(atPattern) === STAR) atPattern++;
  return atPattern === pattern.length;
}
