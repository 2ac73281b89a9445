// The client in a real browser: what a page does with `vouch/client`, against a broker in this process.
// Longer than 400 lines because a browser is started once for all that is asked of one.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';

import { bundleForBrowser, publishedClient } from '../../scripts/browser-bundle.ts';
import { createBroker, type EmbeddedBroker } from '../../src/exports/broker.ts';
import { connect } from '../../src/exports/client.ts';
import type * as door from '../../src/exports/client-browser.ts';
import { Way } from '../support/way.ts';
import { SKIP_BROWSER, Stage, untilLoaded } from './chromium.ts';

/** In pages. */
declare const vouch: typeof door;

/** "pencil" (RFC 7677 section 3). */
const SCRAM =
  'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=';

const PAGES = { port: 0, webSocket: { origins: ['*'] } } as const;

interface TestBroker {
  readonly broker: EmbeddedBroker;
  /** For pages. */
  readonly url: string;
  readonly port: number;
  /** For programs. */
  readonly tcpUrl: string;
}

async function brokerFor(context: TestContext, options: Parameters<typeof createBroker>[0] = {}): Promise<TestBroker> {
  const broker = createBroker(options);
  context.after(() => broker.close());
  const { url, port } = await broker.listen(PAGES);
  const { url: tcpUrl } = await broker.listen({ port: 0 });
  return { broker, url, port, tcpUrl };
}

/** What comes under a topic, from now on. */
async function listenerOf(context: TestContext, url: string, filter: string): Promise<readonly string[]> {
  const client = await connect(url);
  context.after(() => client.disconnect());
  const got: string[] = [];
  await client.subscribe(filter, {
    qos: 2,
    onMessage: ({ payload }) => void got.push(new TextDecoder().decode(payload)),
  });
  return got;
}

/** Waits for something that is looked up. */
async function until(claim: () => boolean): Promise<void> {
  while (!claim()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

describe('in a browser', { skip: SKIP_BROWSER, timeout: 100_000 }, () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  for (const version of [3, 4, 5] as const) {
    test(`messages of every QoS go from a page to the broker and back, with version ${version}`, async (context) => {
      const { url } = await brokerFor(context);
      const page = await stage.openPage(await stage.newContext(context));
      const got = await page.evaluate(
        async ([to, spoken]) => {
          const client = await vouch.connect(to, { version: spoken });
          const subscription = await client.subscribe('a/#', { qos: 2 });
          for (const qos of [0, 1, 2] as const) await client.publish(`a/${qos}`, `hello ${qos}`, { qos });
          const messages: string[] = [];
          for await (const { topic, payload, qos } of subscription) {
            messages.push(`${topic} ${new TextDecoder().decode(payload)} ${qos}`);
            if (messages.length === 3) break;
          }
          await client.disconnect();
          return messages;
        },
        [url, version] as const,
      );
      assert.deepEqual(got, ['a/0 hello 0 0', 'a/1 hello 1 1', 'a/2 hello 2 2']);
    });
  }

  test('a message of a mebibyte comes back whole, and so do a thousand at once', async (context) => {
    const { url } = await brokerFor(context);
    const page = await stage.openPage(await stage.newContext(context));
    const sums = await page.evaluate(async (to) => {
      const client = await vouch.connect(to);
      const subscription = await client.subscribe('a/#', { qos: 1 });
      const payload = Uint8Array.from({ length: 1024 * 1024 }, (_, at) => at % 251);
      const sending: PromiseLike<unknown>[] = [client.publish('a/large', payload, { qos: 1 })];
      for (let n = 0; n < 1_000; n++) sending.push(client.publish('a/small', String(n), { qos: 1 }));
      let isWhole = false;
      let sum = 0;
      let count = 0;
      for await (const { topic, payload: got } of subscription) {
        if (topic === 'a/large') isWhole = got.length === payload.length && got.every((byte, at) => byte === at % 251);
        else sum += Number(new TextDecoder().decode(got));
        if (++count === 1_001) break;
      }
      await Promise.all(sending);
      await client.disconnect();
      return [isWhole, sum];
    }, url);
    assert.deepEqual(sums, [true, 499_500]);
  });

  for (const manner of ['is reloaded', 'crashes'] as const) {
    test(`what is in the outbox of a page that ${manner} arrives exactly once`, async (context) => {
      const { url, tcpUrl } = await brokerFor(context);
      const got = await listenerOf(context, tcpUrl, 'meter/#');
      const pages = await stage.newContext(context);
      const page = await stage.openPage(pages);
      const stored: string[] = [];
      await page.exposeFunction('tellStored', (name: string) => void stored.push(name));
      // Never ends: the page does.
      const running = page.evaluate(async (to) => {
        const client = await vouch.connect(to, { clientId: 'meter', store: 'meter' });
        const tell = Reflect.get(globalThis, 'tellStored') as (name: string) => void;
        for (let n = 0; ; n++) {
          const publishing = client.publish('meter/1', String(n), { qos: 2 });
          publishing.then(undefined, () => undefined);
          await publishing.stored;
          tell(String(n));
          // The next page has a few to send, not thousands.
          if (client.unsettledCount > 20) await publishing;
        }
      }, url);
      running.catch(() => undefined);
      await until(() => got.length > 20);
      let next = page;
      if (manner === 'is reloaded') {
        await page.reload();
      } else {
        const control = await pages.newCDPSession(page);
        control.send('Page.crash').catch(() => undefined);
        await page.waitForEvent('crash');
        next = await stage.openPage(pages);
      }
      await untilLoaded(next);
      const told = stored.length;
      assert.ok(told > 0);
      await next.evaluate(async (to) => {
        const client = await vouch.connect(to, { clientId: 'meter', store: 'meter' });
        await client.settled();
        await client.publish('meter/1', 'end', { qos: 2 });
        await client.disconnect();
      }, url);
      await until(() => got.includes('end'));
      assert.equal(new Set(got).size, got.length, 'none came twice');
      const missing = stored.slice(0, told).filter((name) => !got.includes(name));
      assert.deepEqual(missing, [], 'whatever was stored came');
    });
  }

  test('what came while a page was away is handed over once by the next, also if it was not acknowledged by the last', async (context) => {
    const { url, broker } = await brokerFor(context);
    const pages = await stage.newContext(context);
    const page = await stage.openPage(pages);
    await page.evaluate(async (to) => {
      const client = await vouch.connect(to, { clientId: 'lamp', store: 'lamp' });
      const subscription = await client.subscribe('lamp/#', { qos: 2, acknowledge: 'manual' });
      void (async () => {
        for await (const message of subscription) {
          if (new TextDecoder().decode(message.payload) !== 'kept') message.ack();
        }
      })();
    }, url);
    await broker.publish('lamp/1', 'done', { qos: 2 });
    await broker.publish('lamp/1', 'kept', { qos: 2 });
    // Whatever of it has arrived.
    await page.close();
    await broker.publish('lamp/1', 'missed', { qos: 2 });
    const next = await stage.openPage(pages);
    const got = await next.evaluate(async (to) => {
      const messages: string[] = [];
      const last = Promise.withResolvers<void>();
      const client = await vouch.connect(to, {
        clientId: 'lamp',
        store: 'lamp',
        onMessage: ({ payload }) => {
          messages.push(new TextDecoder().decode(payload));
          if (messages.at(-1) === 'end') last.resolve();
        },
      });
      await client.publish('lamp/1', 'end', { qos: 2 });
      await last.promise;
      await client.disconnect();
      return messages;
    }, url);
    assert.deepEqual(
      got.filter((name) => name !== 'done'),
      ['kept', 'missed', 'end'],
    );
  });

  test('a page that is cut off connects again, and what it published meanwhile arrives once', async (context) => {
    const { port, tcpUrl } = await brokerFor(context);
    const got = await listenerOf(context, tcpUrl, 'a');
    const way = await Way.open(port, context);
    const page = await stage.openPage(await stage.newContext(context));
    const ends: string[] = [];
    await page.exposeFunction('tellEnd', (kind: string) => void ends.push(kind));
    const published = page.evaluate(async (to) => {
      const client = await vouch.connect(to, { reconnect: { delayMinMillis: 10, delayMaxMillis: 20 } });
      const tell = Reflect.get(globalThis, 'tellEnd') as (kind: string) => void;
      await new Promise<void>((resolve) => {
        client.on('disconnected', ({ kind }) => {
          tell(kind);
          resolve();
        });
        tell('connected');
      });
      await client.publish('a', 'from afar', { qos: 2 });
      await client.disconnect();
    }, `ws://127.0.0.1:${way.port}`);
    await until(() => ends.includes('connected'));
    way.cut();
    await until(() => ends.includes('connection-lost'));
    way.mend();
    await published;
    assert.deepEqual(got, ['from afar']);
  });

  test('a second tab cannot have the same store at the same time, and can when the first one is closed', async (context) => {
    const { url } = await brokerFor(context);
    const pages = await stage.newContext(context);
    const [first, second] = [await stage.openPage(pages), await stage.openPage(pages)];
    const begin = async (to: string): Promise<string> => {
      try {
        await vouch.connect(to, { clientId: 'tab', store: 'tab' });
        return 'connected';
      } catch (error) {
        return error instanceof vouch.OperationError ? error.code : String(error);
      }
    };
    assert.equal(await first.evaluate(begin, url), 'connected');
    assert.equal(await second.evaluate(begin, url), 'store-in-use');
    await first.close();
    assert.equal(await second.evaluate(begin, url), 'connected');
  });

  test('a page goes to the server that it is sent to, if it is told that it may', async (context) => {
    const { url: home } = await brokerFor(context);
    const to = new URL(home).host;
    const { url } = await brokerFor(context, { redirects: [{ clients: '*', to, permanent: false }] });
    const page = await stage.openPage(await stage.newContext(context));
    const outcome = await page.evaluate(async (from) => {
      const refused = await vouch.connect(from).then(
        () => 'connected',
        (error: unknown) => (error instanceof vouch.OperationError ? error.reasonCode : String(error)),
      );
      const client = await vouch.connect(from, { redirects: 'follow', startOffline: true });
      const { to: server } = await new Promise<door.Redirect>((resolve) => {
        client.on('redirected', resolve);
      });
      await client.publish('a', 'b', { qos: 1 });
      await client.disconnect();
      return [refused, `${server.host}:${server.port}`];
    }, url);
    assert.deepEqual(outcome, [0x9c, to]);
  });

  test('the example page keeps a reading over a reload while there is no broker, and sends it once', async (context) => {
    const folder = path.resolve(import.meta.dirname, '..', '..', 'examples', 'browser');
    const program = await bundleForBrowser(readFileSync(path.join(folder, 'page.js'), 'utf8'));
    stage.serve('example', readFileSync(path.join(folder, 'index.html'), 'utf8'), program);
    const { port, tcpUrl } = await brokerFor(context);
    const got = await listenerOf(context, tcpUrl, 'meter/#');
    const way = await Way.open(port, context);
    way.cut();
    const pages = await stage.newContext(context);
    const query = `example/?broker=ws://127.0.0.1:${way.port}`;
    const page = await stage.openPage(pages, query);
    await page.getByLabel('Reading').fill('4711');
    await page.getByRole('button').click();
    await page.getByText('4711: stored').waitFor();
    const other = await stage.openPage(pages, query);
    await other.getByText('This page is open in another tab.').waitFor();
    await page.reload();
    await page.getByText('offline, 1 to send from last time').or(page.getByText('offline: ')).waitFor();
    way.mend();
    await page.getByText('connected', { exact: true }).waitFor();
    await page.getByLabel('Reading').fill('4712');
    await page.getByRole('button').click();
    await page.getByText('4712: with the broker').waitFor();
    assert.deepEqual(got, ['4711', '4712']);
  });

  test('a page proves its password to the broker, and again on request; a wrong one is refused', async (context) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'vouch-browser-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const passwordFile = path.join(folder, 'users.passwd');
    writeFileSync(passwordFile, `meter:${SCRAM}\n`, { mode: 0o600 });
    const { url } = await brokerFor(context, { passwordFile });
    const page = await stage.openPage(await stage.newContext(context));
    const outcomes = await page.evaluate(async (to) => {
      const client = await vouch.connect(to, { authentication: vouch.scramSha256('meter', 'pencil') });
      await client.reauthenticate();
      const { reasonCode } = await client.publish('a', 'b', { qos: 1 });
      await client.disconnect();
      const refused = await vouch.connect(to, { authentication: vouch.scramSha256('meter', 'pen') }).then(
        () => 'connected',
        (error: unknown) => (error instanceof vouch.OperationError ? error.reasonCode : String(error)),
      );
      return [reasonCode, refused];
    }, url);
    assert.deepEqual(outcomes, [0x10, 0x86]);
  });

  test('a page answers requests, makes them, and has more subscriptions than are looked at one after the other', async (context) => {
    const { url } = await brokerFor(context);
    const page = await stage.openPage(await stage.newContext(context));
    const outcomes = await page.evaluate(async (to) => {
      const client = await vouch.connect(to);
      const text = new TextDecoder();
      await client.respond('echo/+', ({ payload }) => payload);
      const answers = await Promise.all(['2', '4', '6'].map((question) => client.request('echo/1', question)));
      const got: string[] = [];
      for (let n = 0; n < 40; n++) {
        await client.subscribe(`many/${n}`, { qos: 1, onMessage: ({ topic }) => void got.push(topic) });
      }
      for (let n = 0; n < 80; n++) await client.publish(`many/${n % 40}`, '', { qos: 1 });
      await client.request('echo/2', 'after all of them');
      await client.disconnect();
      return [answers.map(({ payload }) => text.decode(payload)), got.length, new Set(got).size] as const;
    }, url);
    assert.deepEqual(outcomes, [['2', '4', '6'], 80, 40]);
  });

  test('a page without a bundler loads two files, and others when it uses what is in them', async (context) => {
    const html = `<!doctype html><script type="module">
      import * as vouch from './client.js';
      globalThis.vouch = vouch;
    </script>`;
    stage.serve('published', html, await publishedClient());
    const { url } = await brokerFor(context);
    const pages = await stage.newContext(context);
    const asked: string[] = [];
    pages.on('request', (request) => asked.push(path.basename(request.url())));
    const page = await stage.openPage(pages, 'published/');
    await untilLoaded(page);
    const loaded = (): readonly string[] =>
      asked.filter((name) => name.endsWith('.js')).map((name) => name.replace(/-.*/, ''));
    assert.deepEqual(loaded(), ['client.js', 'chunk']);
    const keepOne = async ([to, name]: readonly [string, string]): Promise<string> => {
      try {
        const client = await vouch.connect(to, { clientId: name, store: name });
        await client.disconnect();
        return 'connected';
      } catch (error) {
        return error instanceof vouch.OperationError ? error.code : String(error);
      }
    };
    assert.equal(await page.evaluate(keepOne, [url, 'one'] as const), 'connected');
    assert.deepEqual(loaded(), ['client.js', 'chunk', 'page']);
    await pages.route('**/page-store-*', (route) => route.abort());
    const other = await stage.openPage(pages, 'published/');
    await untilLoaded(other);
    assert.equal(await other.evaluate(keepOne, [url, 'two'] as const), 'file-unavailable');
  });

  test('what no browser can do is an error that says so', async (context) => {
    const page = await stage.openPage(await stage.newContext(context));
    const { port } = await brokerFor(context);
    const outcomes = await page.evaluate(async (nearby) => {
      const attempts = [
        vouch.connect('mqtt://localhost'),
        vouch.connect('unix:///run/vouch'),
        vouch.connect('wss://localhost', { tls: { rejectUnauthorized: false } }),
        vouch.connect('wss://localhost', { localAddress: '127.0.0.1' }),
        vouch.connect(`ws://127.0.0.1:${nearby}/elsewhere`),
      ];
      const told = (error: Error & { readonly code?: string }): string => `${error.code}: ${error.message}`;
      return await Promise.all(attempts.map((attempt) => attempt.then(() => 'connected', told)));
    }, port);
    const expected = [
      /^invalid-argument: A browser reaches a broker over WebSocket only/,
      /^invalid-argument: A browser reaches a broker over WebSocket only/,
      /^invalid-option: tls is not for browsers/,
      /^invalid-option: localAddress is not for browsers/,
      /^connection-refused: No WebSocket to ws:.*elsewhere came about/,
    ];
    for (const [index, pattern] of expected.entries()) assert.match(outcomes[index] ?? '', pattern);
  });
});
