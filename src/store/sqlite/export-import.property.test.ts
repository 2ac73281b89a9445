// Whatever a store has lived through: it checks out, and what is made of its export is the same store.

import assert from 'node:assert/strict';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import fc from 'fast-check';

import { checkRows } from './check-rows.ts';
import { dataDirectory } from './data-directory.ts';
import { temporaryDirectory } from './directory.fixture.ts';
import { SMALL_TUNING, STILL_CLOCK } from './engine.fixture.ts';
import { anyHistory } from './engine-history.arbitrary.ts';
import { EngineWorld } from './engine-world.fixture.ts';
import { exportLines } from './export.ts';
import { importStore } from './import.ts';
import { StoreView } from './store-view.ts';

const ENGINE = {
  synchronous: 'normal',
  bytesMax: 0,
  monotonic: () => STILL_CLOCK.monotonic(),
  tuning: SMALL_TUNING,
} as const;

test('a store checks out at any moment of its life, and its export makes an equal store', async (context) => {
  const root = temporaryDirectory(context);
  await fc.assert(
    fc.asyncProperty(anyHistory, async (history) => {
      const world = new EngineWorld(mkdtempSync(path.join(root, 'world-')));
      const directory = dataDirectory(mkdtempSync(path.join(root, 'import-')));
      try {
        for (const step of history) world.take(step);
        world.take(['commit', 0, 0, 0]);
        // The engine has it open all the while.
        const [file = ''] = globSync(path.join(root, 'world-*', '*', 'vouch.db'));
        const lines = linesOf(file);
        await importStore(
          directory.path,
          lines.map((line) => line.trimEnd()),
          ENGINE,
        );
        assert.deepEqual(linesOf(directory.database), lines);
      } finally {
        world.dispose();
        for (const each of globSync(path.join(root, '*'))) rmSync(each, { recursive: true });
      }
    }),
    { numRuns: 40 },
  );
});

/** The export of a database, which checks out. */
function linesOf(file: string): readonly string[] {
  const view = new StoreView(file, (fault) => {
    throw fault;
  });
  try {
    const { messages } = checkRows(view, () => {});
    const lines = [...exportLines(view, () => {})];
    assert.equal(lines.filter((line) => line.startsWith('{"kind":"message"')).length, messages);
    return lines;
  } finally {
    view.close();
  }
}
