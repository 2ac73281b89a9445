// The programs of examples/ as they stand on pages: a block of code after a marker is the body of the file that the marker names,
// so that what a page shows is what the tests run. `npm run docs` puts the text there.
//   <!-- example: examples/publish.ts -->

const BLOCK = /(<!-- example: (\S+) -->\n)(```ts\n(?:.*\n)*?```)?/g;

/**
 * A page with each marked block as its file has it now, without the comment that the file opens with.
 * @param read  Gives the text of a file, named from the root of the checkout.
 * @throws {Error} a marker without a block.
 */
export function fillExamples(page: string, read: (file: string) => string): string {
  return page.replaceAll(BLOCK, (_, marker: string, file: string, block: string | undefined) => {
    if (block === undefined) throw new Error(`${marker.trim()} has no block of ts after it.`);
    return `${marker}\`\`\`ts\n${bodyOf(read(file))}\n\`\`\``;
  });
}

/** The files that a page shows. */
export function examplesOn(page: string): ReadonlySet<string> {
  return new Set(Array.from(page.matchAll(BLOCK), ([, , file = '']) => file));
}

/** How many blocks of TypeScript a page has that stand after no marker. */
export function countUnmarkedBlocks(page: string): number {
  return page.replaceAll(BLOCK, '').split('\n```ts\n').length - 1;
}

function bodyOf(text: string): string {
  return text.replace(/^(\/\/.*\n)+\n/, '').trimEnd();
}
