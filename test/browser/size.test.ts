// What a page has to load for the client: as its own bundler makes it, or, on a page without one, the published files as they are.
// A kilobyte is 1,000 bytes.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';

import { type BundledFile, bundleForBrowser, loadedWith, publishedClient } from '../../scripts/browser-bundle.ts';

/** Gzipped, and with everything that comes along without being asked. */
const PAGE_BYTES_MAX = 40_000;

/** What is loaded on use, by the name that its file begins with. */
const LATE_BYTES_MAX = {
  'page-store': 11_000,
  authentication: 1_500,
  'web-scram': 2_000,
  redirecting: 1_200,
  'request-response': 2_200,
  'filter-trie': 2_000,
} as const;

const PROGRAM = `
  import { connect } from 'vouch/client';
  globalThis.client = await connect('wss://broker.example');
`;

test('a page loads at most 40 KB for the client, and each thing that few pages need apart', async (context) => {
  check(context, 'page.js', await bundleForBrowser(PROGRAM));
});

test('so does a page without a bundler', async (context) => {
  check(context, 'client.js', await publishedClient());
});

test('nothing of Node.js is in it', async () => {
  for (const { name, bytes } of await publishedClient()) {
    if (name.endsWith('.map')) continue;
    const text = new TextDecoder().decode(bytes);
    assert.deepEqual(text.match(/\b(?:node:[a-z_]+|Buffer|process|require)\b(?![ '`"-])/g) ?? [], [], name);
  }
});

test('the source map of each file is a file beside it', async () => {
  const files = await publishedClient();
  for (const { name, bytes } of files) {
    if (name.endsWith('.map')) continue;
    const [, map] = /\n\/\/# sourceMappingURL=(\S+)\s*$/.exec(new TextDecoder().decode(bytes)) ?? [];
    assert.equal(map, `${name}.map`);
    const file = files.find((each) => each.name === map);
    assert.ok(file !== undefined);
    const { sources } = JSON.parse(new TextDecoder().decode(file.bytes)) as { readonly sources: readonly string[] };
    if (!name.startsWith('client'))
      assert.ok(
        sources.some((source) => source.endsWith('.ts')),
        name,
      );
  }
});

function check(context: TestContext, page: string, files: readonly BundledFile[]): void {
  const atOnce = loadedWith(page, files);
  judge(context, page, atOnce, PAGE_BYTES_MAX);
  for (const [name, most] of Object.entries(LATE_BYTES_MAX)) {
    const file = files.find((each) => each.name.startsWith(name));
    assert.ok(file !== undefined, `${name} is a file of its own`);
    const late = loadedWith(file.name, files).filter((each) => !atOnce.includes(each));
    assert.ok(late.includes(file), `${name} is loaded on use`);
    judge(context, name, late, most);
  }
}

function judge(context: TestContext, name: string, files: readonly BundledFile[], most: number): void {
  const bytes = weightOf(files);
  context.diagnostic(`${name}: ${bytes} bytes, gzipped`);
  assert.ok(bytes <= most, `${name}: ${bytes} bytes, and ${most} are allowed`);
}

function weightOf(files: readonly BundledFile[]): number {
  return files.reduce((sum, { bytes }) => sum + gzipSync(bytes, { level: 9 }).length, 0);
}
