// The store of a page on the IndexedDB of a real browser, under the suite for all stores: the suite is bundled for the page, which runs it.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { bundleSources } from '../../scripts/browser-bundle.ts';
import { SKIP_BROWSER, Stage } from './chromium.ts';
import type { Outcome } from './in-page/node-test.fixture.ts';

const IN_PAGE = path.join(import.meta.dirname, 'in-page');

/** What stands in a page for what the suite has of Node.js. */
const STAND_INS = {
  'node:test': path.join(IN_PAGE, 'node-test.fixture.ts'),
  'node:assert/strict': path.join(IN_PAGE, 'assert-door.cjs'),
  'node:util': path.join(IN_PAGE, 'node-assert.fixture.ts'),
};

describe('the store of a page in a browser', { skip: SKIP_BROWSER, timeout: 300_000 }, () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  test('keeps the store contract', { timeout: 300_000 }, async (context) => {
    const program = await bundleSources("import './test/browser/in-page/suite.fixture.ts';", STAND_INS);
    const html = '<!doctype html><title>Suite</title><script type="module" src="page.js"></script>';
    stage.serve('suite', html, program);
    const page = await stage.openPage(await stage.newContext(context), 'suite/');
    await page.waitForFunction(() => 'runTests' in globalThis);
    const outcomes = await page.evaluate(async () => {
      const run = Reflect.get(globalThis, 'runTests') as () => Promise<readonly Outcome[]>;
      return await run();
    });
    assert.deepEqual(
      outcomes.filter(({ error }) => error !== undefined),
      [],
    );
    assert.ok(outcomes.length > 40, `${outcomes.length} tests`);
    context.diagnostic(`${outcomes.length} tests`);
  });
});
