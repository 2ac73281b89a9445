// What a page has to load for the client.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { bundleForBrowser } from '../../scripts/browser-bundle.ts';

/** Of the program, and of what is loaded with the option `store`. Both are to become smaller, and not to grow meanwhile. */
const PAGE_BYTES_MAX = 50 * 1024;
const STORE_BYTES_MAX = 8 * 1024;

const PROGRAM = `
  import { connect } from 'vouch/client';
  globalThis.client = await connect('wss://broker.example');
`;

test('a page loads no more for the client than it must, and the store apart', async (context) => {
  const files = await bundleForBrowser(PROGRAM);
  const sizes = files.map(({ name, bytes }) => [name, gzipSync(bytes, { level: 9 }).length] as const);
  for (const [name, size] of sizes) context.diagnostic(`${name}: ${size} bytes, gzipped`);
  const page = sizes.find(([name]) => name === 'page.js')?.[1] ?? 0;
  const store = sizes.find(([name]) => name.startsWith('indexed-db-store'))?.[1] ?? 0;
  assert.ok(page > 0 && page <= PAGE_BYTES_MAX, `${page} bytes`);
  assert.ok(store > 0 && store <= STORE_BYTES_MAX, `${store} bytes`);
});

test('nothing of Node.js is in it', async () => {
  for (const { name, bytes } of await bundleForBrowser(PROGRAM)) {
    const text = new TextDecoder().decode(bytes);
    assert.deepEqual(text.match(/\b(?:node:[a-z_]+|Buffer|process|require)\b(?![ '`"-])/g) ?? [], [], name);
  }
});
