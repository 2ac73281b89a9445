import { test } from 'node:test';

import fc from 'fast-check';

import { temporaryDirectory } from './directory.fixture.ts';
import { anyHistory } from './engine-history.arbitrary.ts';
import { EngineWorld } from './engine-world.fixture.ts';

test('whatever happens, an engine holds what a plain model of it holds, before and after every start', (context) => {
  const root = temporaryDirectory(context);
  fc.assert(
    fc.property(anyHistory, (history) => {
      const world = new EngineWorld(root);
      try {
        for (const step of history) world.take(step);
        world.finish();
      } finally {
        world.dispose();
      }
    }),
    { numRuns: 25 },
  );
});
