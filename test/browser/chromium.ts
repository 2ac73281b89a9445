// A real browser for tests: Debian's Chromium, without a window, and a server that it gets its pages from. A test has a browser context of
// its own, whose databases are gone with it; its pages see the client as `vouch`, as a bundler hands it to them.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
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

/** Root has no sandbox to put it in, and containers have little shared memory. */
const ARGUMENTS: readonly string[] = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'];

/** A server of pages. */
export class PageServer {
  readonly origin: string;
  private readonly server: Server;
  private readonly files: Map<string, Uint8Array>;

  private constructor(server: Server, files: Map<string, Uint8Array>) {
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.server = server;
    this.files = files;
  }

  static async open(): Promise<PageServer> {
    const files = new Map<string, Uint8Array>();
    const server = createServer((request, response) => {
      const name = new URL(request.url ?? '/', 'http://localhost').pathname.slice(1);
      const bytes = files.get(name);
      response.writeHead(bytes === undefined ? 404 : 200, { 'content-type': typeOf(name) });
      response.end(bytes);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PageServer(server, files);
  }

  /** Serves a page, and its program beside it. */
  serve(folder: string, html: string, program: readonly BundledFile[]): void {
    this.files.set(`${folder}/`, Buffer.from(html));
    for (const { name, bytes } of program) this.files.set(`${folder}/${name}`, bytes);
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** A browser, and a server of pages. */
export class Stage {
  private readonly browser: Browser;
  private readonly server: PageServer;

  private constructor(browser: Browser, server: PageServer) {
    this.browser = browser;
    this.server = server;
  }

  /** Starts them. */
  static async open(): Promise<Stage> {
    const server = await PageServer.open();
    const browser = await chromium.launch({ executablePath: EXECUTABLE, args: [...ARGUMENTS] });
    server.serve('plain', HTML, await bundleForBrowser(PROGRAM));
    return new Stage(browser, server);
  }

  /** Serves a page, and its program beside it. */
  serve(folder: string, html: string, program: readonly BundledFile[]): void {
    this.server.serve(folder, html, program);
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
    await page.goto(`${this.server.origin}/${location}`);
    if (location === PLAIN) await untilLoaded(page);
    return page;
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.server.close();
  }
}

/** A browser that can be killed, with everything that belongs to it, and whose next life finds what the last one has left on disk. */
export class MortalBrowser {
  private readonly profile: string;
  private readonly around: readonly string[];
  private running: { readonly process: ChildProcess; readonly browser: Browser } | undefined;

  /**
   * @param profile  A directory, for all of its lives.
   * @param around  A command that runs it, such as strace.
   */
  constructor(profile: string, around: readonly string[] = []) {
    this.profile = profile;
    this.around = around;
    this.running = undefined;
  }

  /** Begins a life, with a page. */
  async start(url: string): Promise<Page> {
    const own = ['--headless=new', '--remote-debugging-port=0', `--user-data-dir=${this.profile}`];
    const quiet = [
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-breakpad',
    ];
    const [command = EXECUTABLE, ...words] = [...this.around, EXECUTABLE, ...own, ...quiet, ...ARGUMENTS];
    const process = spawn(command, words, {
      stdio: ['ignore', 'ignore', 'pipe'],
      // A group of its own, so that it can be killed as a whole.
      detached: true,
    });
    const browser = await chromium.connectOverCDP(await doorOf(process));
    this.running = { process, browser };
    const [context] = browser.contexts();
    assert(context !== undefined, 'a browser has a context from the start');
    const page = await context.newPage();
    await page.goto(url);
    return page;
  }

  /** Kills it, at once and without a word. Fulfilled when all its processes are gone. */
  async kill(): Promise<void> {
    const { running } = this;
    if (running === undefined) return;
    this.running = undefined;
    const { process: chief, browser } = running;
    // Its standard error is closed when the last of its processes has ended.
    const gone = once(chief, 'close');
    if (chief.pid !== undefined) process.kill(-chief.pid, 'SIGKILL');
    await gone;
    await browser.close();
  }
}

/** Where a browser that is starting says that it can be spoken to. */
async function doorOf(browser: ChildProcess): Promise<string> {
  assert(browser.stderr !== null, 'it has been asked for');
  let said = '';
  for await (const text of browser.stderr.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    said += String(text);
    const [, door] = /DevTools listening on (ws:\S+)/.exec(said) ?? [];
    if (door === undefined) continue;
    browser.stderr.resume();
    return door;
  }
  throw new Error(`${EXECUTABLE} has ended: ${said}`);
}

/** Waits until a page has the client, also after a reload. */
export async function untilLoaded(page: Page): Promise<void> {
  await page.waitForFunction(() => 'vouch' in globalThis);
}

function typeOf(name: string): string {
  return name.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8';
}
