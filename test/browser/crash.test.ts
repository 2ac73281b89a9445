// The store of a page when its browser is killed in the middle of its commits: what was announced as durable is there, and of what was not, whole turns or
// nothing. Killed are all processes of a real Chromium at once, time after time, over one profile.
//
// A kill takes from the browser what it has in its own memory, and nothing from the operating system. That what is complete has been brought to the disk,
// as a power cut would show, is seen in the system calls: each commit has a sync of its own.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';

import { bundleForBrowser } from '../../scripts/browser-bundle.ts';
import { canTrace } from '../crash/system-calls.ts';
import { skipUnless } from '../require.ts';
import { MortalBrowser, PageServer, SKIP_BROWSER } from './chromium.ts';
import type { CrashPage, Found, Manner } from './in-page/crash.fixture.ts';

/** In pages. */
declare const page: CrashPage;

const PROGRAM = `
  import { page } from './test/browser/in-page/crash.fixture.ts';
  globalThis.page = page;
`;

/** How many announcements each life makes before it is killed. */
const LIVES: readonly number[] = [1, 60];
/** More than a liar needs to be far ahead of the disk. */
const LIES = 300;
const SYNCS = 40;

const skipTrace =
  SKIP_BROWSER === false ? skipUnless('strace', canTrace, 'strace is not installed, or may not trace') : SKIP_BROWSER;

/** What there is to know of one life. */
interface Life {
  readonly found: Found;
  /** The last number that it announced; 0: it announced none. */
  readonly announced: number;
  readonly queueLength: number;
}

describe('a store whose browser is killed', { skip: SKIP_BROWSER, concurrency: true, timeout: 120_000 }, () => {
  let server: PageServer;

  before(async () => {
    server = await PageServer.open();
    const html = '<!doctype html><title>Crash</title><script type="module" src="page.js"></script>';
    server.serve('crash', html, await bundleForBrowser(PROGRAM));
  });
  after(() => server.close());

  /**
   * One life over a profile.
   * @param announcements  So many, then it is killed; 0: it writes nothing.
   */
  async function live(browser: MortalBrowser, announcements: number, manner: Manner): Promise<Life> {
    const view = await browser.start(`${server.origin}/crash/`);
    let announced = 0;
    let count = 0;
    const enough = Promise.withResolvers<void>();
    await view.exposeFunction('announce', (sequence: number) => {
      announced = sequence;
      if (++count === announcements) enough.resolve();
    });
    await view.waitForFunction(() => 'page' in globalThis);
    const found = await view.evaluate((its) => page.open(its), manner);
    const queueLength = await view.evaluate(() => page.queueLength);
    if (announcements > 0) {
      await view.evaluate(() => page.write());
      await enough.promise;
    }
    await browser.kill();
    return { found, announced, queueLength };
  }

  function newFolder(): string {
    return mkdtempSync(path.join(tmpdir(), 'vouch-browser-'));
  }

  function newBrowser(context: TestContext, around?: readonly string[]): MortalBrowser {
    const profile = newFolder();
    const browser = new MortalBrowser(profile, around);
    context.after(async () => {
      await browser.kill();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    });
    return browser;
  }

  /** How often one life of so many announcements has brought the log of its database to the disk. */
  async function syncsOf(context: TestContext, manner: Manner): Promise<number> {
    const folder = newFolder();
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    const trace = path.join(folder, 'trace');
    const strace = ['strace', '-f', '--seccomp-bpf', '-qq', '-y', '-e', 'trace=fsync,fdatasync', '-o', trace];
    await live(newBrowser(context, strace), SYNCS, manner);
    return [...readFileSync(trace, 'utf8').matchAll(/indexeddb\.leveldb\/\d+\.log>\)\s+= 0/g)].length;
  }

  test('has everything that was announced, and whole turns alone', async (context) => {
    const browser = newBrowser(context);
    let announced = 0;
    const told: string[] = [];
    for (const announcements of [...LIVES, 0]) {
      const life = await live(browser, announcements, 'as asked');
      const { last, retained, queued } = life.found;
      told.push(`${announced} announced, ${last} there`);
      assert.ok(last >= announced, told.join('; '));
      assert.equal(retained, last, 'the retained message is of the same turn as the queue');
      const length = Math.min(last, life.queueLength);
      const expected = Array.from({ length }, (_, index) => last - length + 1 + index);
      assert.deepEqual(queued, expected);
      announced = life.announced;
    }
    context.diagnostic(told.join('; '));
  });

  test('is found out when the browser says that it has written what it has not', async (context) => {
    const browser = newBrowser(context);
    const { announced } = await live(browser, LIES, 'lies');
    const { found } = await live(browser, 0, 'as asked');
    assert.ok(found.last < announced, `${announced} was announced, and ${found.last} is there`);
    context.diagnostic(`${announced} announced, ${found.last} there`);
  });

  test('announces nothing that is not on the disk', { skip: skipTrace }, async (context) => {
    const syncs = await syncsOf(context, 'as asked');
    assert.ok(syncs >= SYNCS, `${syncs} syncs for ${SYNCS} announcements`);
    context.diagnostic(`${syncs} syncs for ${SYNCS} announcements`);
  });

  test('is found out when commits do not wait for the disk', { skip: skipTrace }, async (context) => {
    const syncs = await syncsOf(context, 'relaxed');
    assert.ok(syncs < SYNCS, `${syncs} syncs for ${SYNCS} announcements`);
    context.diagnostic(`${syncs} syncs for ${SYNCS} announcements`);
  });
});
