// The examples of docs/cli.md do what the page says: each block of `console` is run, line by line, and what it prints is what follows.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { createBroker } from '../../src/exports/broker.ts';
import { BARE_ENVIRONMENT } from '../support/bare-environment.ts';
import { isInstalled } from '../support/tool.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const MAIN = path.join(ROOT, 'src/cli/main.ts');
const broker = createBroker();
let home = '';

/** A `vouch` on the path, which knows where the broker is from the defaults of its user. */
before(async () => {
  const { port } = await broker.listen({ host: '127.0.0.1', port: 0 });
  home = mkdtempSync(path.join(tmpdir(), 'vouch-page-'));
  mkdirSync(path.join(home, '.config/vouch'), { recursive: true });
  mkdirSync(path.join(home, 'bin'));
  writeFileSync(path.join(home, '.config/vouch/client'), `-h 127.0.0.1\n-p ${port}\n`);
  writeFileSync(path.join(home, 'bin/vouch'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, {
    mode: 0o755,
  });
});

after(async () => {
  await broker.close();
  rmSync(home, { recursive: true });
});

interface Example {
  readonly command: string;
  readonly output: string;
}

/** The examples of a page, in order. */
function examplesOn(page: string): readonly Example[] {
  return [...page.matchAll(/^```console\n([^]*?)^```$/gm)].flatMap(([, block = '']) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const end = part.indexOf('\n');
        return { command: part.slice(0, end), output: part.slice(end + 1) };
      }),
  );
}

/** What a command prints, on both outputs. */
function printed(command: string): Promise<string> {
  const env = { ...BARE_ENVIRONMENT, PATH: `${path.join(home, 'bin')}:${process.env['PATH']}`, HOME: home };
  return new Promise((resolve) => {
    execFile('bash', ['-c', `${command} 2>&1`], { env, cwd: home }, (_, stdout) => resolve(stdout));
  });
}

test('what the examples print is what the page says', { skip: !isInstalled('bash', '--version') }, async (context) => {
  const examples = examplesOn(readFileSync(path.join(ROOT, 'docs/cli.md'), 'utf8'));
  assert(examples.length > 10);
  for (const { command, output } of examples) {
    if (command.includes('| jq') && !isInstalled('jq', '--version')) context.diagnostic(`no jq for: ${command}`);
    else assert.equal(await printed(command), output, command);
  }
});
