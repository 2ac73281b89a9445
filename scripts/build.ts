// Builds what is published: plain JavaScript and its types, from src/ into dist/, and the client for browsers as one small door, into
// dist/bundle/. `npm pack` runs it first.

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { publishedClient } from './browser-bundle.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const BUNDLE = path.join(ROOT, 'dist', 'bundle');
const started = performance.now();

// What was deleted from src/ must not live on in dist/.
rmSync(path.join(ROOT, 'dist'), { recursive: true, force: true });
const { status } = spawnSync(path.join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

mkdirSync(BUNDLE);
for (const { name, bytes } of await publishedClient()) writeFileSync(path.join(BUNDLE, name), bytes);

chmodSync(path.join(ROOT, 'dist', 'cli', 'main.js'), 0o755);
// On stderr: the output of `npm pack` is the name of the file it made.
console.error(`Built dist/ in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
