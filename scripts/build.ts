// Builds what is published: plain JavaScript and its types, from src/ into dist/. `npm pack` runs it first.

import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const started = performance.now();

// What was deleted from src/ must not live on in dist/.
rmSync(path.join(ROOT, 'dist'), { recursive: true, force: true });
const { status } = spawnSync(path.join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

chmodSync(path.join(ROOT, 'dist', 'cli', 'main.js'), 0o755);
// On stderr: the output of `npm pack` is the name of the file it made.
console.error(`Built dist/ in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
