// A real browser for tests: Debian's Chromium, without a window, and a server that it gets its pages from. A test has a browser context of
// its own, whose databases are gone with it; its pages see the client as `vouch`, as a bundler hands it to them.

import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

import { type BundledFile, bundleForBrowser } from '../../scripts/browser-bundle.ts';
import { skipUnless } from '../require.ts';

const EXECUTABLE = process.env['VOUCH_CHROMIUM'] ?? '/usr/bin/chromium';

/** Whether tests with a browser are skipped here, and why. */
export const SKIP_BROWSER: string | false = skipUnless(
  'browser',
  existsSync(EXECUTABLE),
  `${EXECUTABLE} is not installed (VOUCH_CHROMIUM names another Chromium)`,
);

/** A page that has nothing but the client. */
const PROGRAM = `
  import * as vouch from 'vouch/client';
  globalThis.vouch = vouch;
`;

const PLAIN = 'plain/';
const HTML = '<!doctype html><title>Vouch</title><script type="module" src="page.js"></script>';

/** A browser, and a server of pages. */
export class Stage {
  private readonly browser: Browser;
  private readonly server: Server;
  private readonly origin: string;
  private readonly files: Map<string, Uint8Array>;

  private constructor(browser: Browser, server: Server, files: Map<string, Uint8Array>) {
    this.browser = browser;
    this.server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.files = files;
  }

  /** Starts them. */
  static async open(): Promise<Stage> {
    const files = new Map<string, Uint8Array>();
    const server = createServer((request, response) => {
      const name = new URL(request.url ?? '/', 'http://localhost').pathname.slice(1);
      const bytes = files.get(name);
      response.writeHead(bytes === undefined ? 404 : 200, { 'content-type': typeOf(name) });
      response.end(bytes);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const browser = await chromium.launch({
      executablePath: EXECUTABLE,
      // Root has no sandbox to put it in, and containers have little shared memory.
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    });
    const stage = new Stage(browser, server, files);
    stage.serve('plain', HTML, await bundleForBrowser(PROGRAM));
    return stage;
  }

  /** Serves a page, and its program beside it. */
  serve(folder: string, html: string, program: readonly BundledFile[]): void {
    this.files.set(`${folder}/`, Buffer.from(html));
    for (const { name, bytes } of program) this.files.set(`${folder}/${name}`, bytes);
  }

  /** What a person's browser keeps: a context for one test. */
  async newContext(test: TestContext): Promise<BrowserContext> {
    const context = await this.browser.newContext();
    test.after(() => context.close());
    return context;
  }

  /** Opens a page: one that has the client, unless another one is named. */
  async openPage(context: BrowserContext, location: string = PLAIN): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${this.origin}/${location}`);
    if (location === PLAIN) await untilLoaded(page);
    return page;
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** Waits until a page has the client, also after a reload. */
export async function untilLoaded(page: Page): Promise<void> {
  await page.waitForFunction(() => 'vouch' in globalThis);
}

function typeOf(name: string): string {
  return name.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8';
}
