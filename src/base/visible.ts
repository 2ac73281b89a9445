// Text that somebody else has chosen, for people to read: nothing in it moves a cursor, changes a colour, begins a line of its own or turns
// the direction of what stands beside it.

/** Text with control characters, line breaks and direction marks made visible. */
export function visible(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about.
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u{${character.charCodeAt(0).toString(16)}}`;
  });
}
