import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readConfig } from '../config/read-config.ts';
import type { OptionName } from '../config/schema.ts';
import { bannerText, type StartFacts, startFields } from './banner.ts';

function facts(flags: readonly (readonly [OptionName, string])[], ports: readonly number[]): StartFacts {
  const outcome = readConfig({ path: undefined, flags: new Map(flags), environment: {} });
  assert(outcome.kind === 'valid');
  const { config } = outcome;
  const listeners = config.listeners.map(({ address }, index) => {
    const port = ports[index] ?? address.port;
    return { url: `mqtt://${address.host}:${port}`, port, close: () => Promise.resolve() };
  });
  return { version: '1.2.3', pid: 42, config, listeners, command: 'vouch' };
}

test('the banner says what listens where, how safe it is, what is kept, and how to try it', () => {
  assert.equal(
    bannerText(facts([], []), false),
    `
  Vouch 1.2.3  pid 42

  Listening  mqtt://127.0.0.1:1883  anonymous, plain TCP, loopback only
  Store      memory: sessions and retained messages are lost when the broker stops
  Try it     vouch sub -v -t hello
             vouch pub -t hello -m world    (in another terminal)
  Stop       Ctrl-C

`,
  );
});

test('every listener has its line, and one that other machines can reach says so', () => {
  const text = bannerText(
    facts(
      [
        ['listeners', 'mqtt://127.0.0.1:0,mqtt://0.0.0.0:1884'],
        ['allowAnonymous', 'true'],
      ],
      [4000],
    ),
    false,
  );
  assert.match(text, /Listening {2}mqtt:\/\/127\.0\.0\.1:4000 {2}anonymous, plain TCP, loopback only\n/);
  assert.match(text, /\n {13}mqtt:\/\/0\.0\.0\.0:1884 {4}anonymous, plain TCP, open to other machines\n/);
  assert.match(text, /vouch sub -p 4000 -v -t hello/);
});

test('the line to try names the host where pub and sub would not find it by themselves', () => {
  assert.match(bannerText(facts([['host', '::1']], []), false), /vouch pub -h ::1 -t hello/);
  assert.match(
    bannerText(
      facts(
        [
          ['host', '0.0.0.0'],
          ['allowAnonymous', 'true'],
        ],
        [],
      ),
      false,
    ),
    /vouch pub -t hello/,
  );
});

test('colours are there only when asked for', () => {
  assert(!bannerText(facts([], []), false).includes('\u001b'));
  assert(bannerText(facts([], []), true).includes('\u001b[32manonymous'));
});

test('the log line has the same facts', () => {
  assert.deepEqual(startFields(facts([], [])), {
    version: '1.2.3',
    pid: 42,
    listeners: 'mqtt://127.0.0.1:1883 (anonymous, plain TCP, loopback only)',
    store: 'memory: sessions and retained messages are lost when the broker stops',
  });
});
