import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { FileWatch } from './file-watch.ts';

function folderOf(context: TestContext): (name: string) => string {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-watch-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return (name) => path.join(folder, name);
}

/** Settles with the next change; fails after a while without one. */
function changeOf(watch: FileWatch): () => Promise<void> {
  let changed = Promise.withResolvers<void>();
  watch.start(() => changed.resolve());
  return async () => {
    const patience = setTimeout(() => changed.reject(new Error('No change was seen.')), 20_000);
    await changed.promise.finally(() => clearTimeout(patience));
    changed = Promise.withResolvers();
  };
}

test('a file that changed between its reading and the first look has changed', async (context) => {
  const at = folderOf(context);
  writeFileSync(at('a'), 'one');
  const watch = new FileWatch([at('a')], 5);
  writeFileSync(at('a'), 'other');
  const change = changeOf(watch);
  await change();
  watch.close();
});

test('a file that is written, replaced, removed or made has changed, whichever of several it is', async (context) => {
  const at = folderOf(context);
  writeFileSync(at('a'), '1');
  const watch = new FileWatch([at('a'), at('b')], 5);
  context.after(() => watch.close());
  const change = changeOf(watch);
  const steps: readonly (() => void)[] = [
    () => writeFileSync(at('a'), '22'),
    () => {
      writeFileSync(at('new'), '33');
      renameSync(at('new'), at('a'));
    },
    () => rmSync(at('a')),
    () => writeFileSync(at('b'), '1'),
  ];
  for (const step of steps) {
    step();
    await change();
  }
});

test('a file behind a symbolic link that comes to mean another one has changed', async (context) => {
  const at = folderOf(context);
  writeFileSync(at('one'), '1');
  writeFileSync(at('two'), '2');
  symlinkSync(at('one'), at('link'));
  const watch = new FileWatch([at('link')], 5);
  context.after(() => watch.close());
  const change = changeOf(watch);
  symlinkSync(at('two'), at('new'));
  renameSync(at('new'), at('link'));
  await change();
});

test('a watch that is closed says nothing any more', async (context) => {
  const at = folderOf(context);
  writeFileSync(at('a'), '1');
  const watch = new FileWatch([at('a')], 5);
  watch.start(() => assert.fail('It said something.'));
  watch.close();
  writeFileSync(at('a'), '22');
  const other = new FileWatch([at('b')], 5);
  context.after(() => other.close());
  const change = changeOf(other);
  writeFileSync(at('b'), '1');
  await change();
});
