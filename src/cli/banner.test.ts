import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readConfig } from '../config/read-config.ts';
import type { OptionName } from '../config/schema.ts';
import { bannerText, type StartFacts, startFields } from './banner.ts';

const EMPTY = { sessions: 0, messages: 0, retained: 0 };
/** The same wherever the test runs. */
const DATA = ['data', '/var/lib/vouch'] as const;

function facts(
  flags: readonly (readonly [OptionName, string])[],
  ports: readonly number[],
  found: StartFacts['found'] = EMPTY,
): StartFacts {
  const outcome = readConfig({ path: undefined, flags: new Map(flags), environment: {} });
  assert(outcome.kind === 'valid');
  const { config } = outcome;
  const listeners = config.listeners.map(({ address }, index) => {
    assert(address.type === 'tcp');
    const port = ports[index] ?? address.port;
    return { url: `mqtt://${address.host}:${port}`, port, close: () => Promise.resolve() };
  });
  return { version: '1.2.3', pid: 42, config, listeners, found, command: 'vouch' };
}

test('the banner says what listens where, how safe it is, what is kept, and how to try it', () => {
  assert.equal(
    bannerText(facts([DATA], [], { sessions: 12, messages: 1, retained: 6 }), false),
    `
  Vouch 1.2.3  pid 42

  Listening  mqtt://127.0.0.1:1883  anonymous, plain TCP, loopback only
  Store      /var/lib/vouch: found 12 sessions, 1 message to deliver, 6 retained messages
             what is acknowledged is on disk
  Sessions   of MQTT 3 clients end 30 days after their last connection (--session-expiry-max)
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

test('by what clients may say who they are is told in the order in which it is asked for', () => {
  const given = [
    ['httpAuth', 'https://auth.example/'],
    ['jwtKeys', 'keys.json'],
    ['allowAnonymous', 'true'],
    ['passwordFile', 'users.passwd'],
  ] as const;
  assert.match(bannerText(facts(given, []), false), / {2}passwords or tokens or httpAuth or anonymous, plain TCP/);
  assert.match(bannerText(facts(given.slice(1, 2), []), false), /tokens, plain[^]* sub -u USER -P PASSWORD -v/);
});

test('colours are there only when asked for', () => {
  assert(!bannerText(facts([], []), false).includes('\u001b'));
  assert(bannerText(facts([], []), true).includes('\u001b[32manonymous'));
});

test('a data directory with nothing in it says so', () => {
  assert.match(bannerText(facts([DATA], []), false), / {2}Store {6}\/var\/lib\/vouch: empty so far\n/);
});

test('a store in memory says what that costs', () => {
  const inMemory = facts([['store', 'memory']], []);
  const sentence =
    'memory: everything is lost when the process ends, and an acknowledgement promises nothing beyond it';
  assert(bannerText(inMemory, false).includes(`  Store      ${sentence}\n`));
  assert.equal(startFields(inMemory)['store'], sentence);
  assert.equal(startFields(inMemory)['data'], undefined);
});

test('where no session outlives its connection, that is said', () => {
  assert.match(
    bannerText(facts([['sessionExpiryMax', '0']], []), false),
    /Sessions {3}of MQTT 3 clients end with their last connection/,
  );
});

test('the log line has the same facts', () => {
  assert.deepEqual(startFields(facts([DATA], [], { sessions: 12, messages: 345, retained: 6 })), {
    version: '1.2.3',
    pid: 42,
    listeners: 'mqtt://127.0.0.1:1883 (anonymous, plain TCP, loopback only)',
    store: 'sqlite',
    data: '/var/lib/vouch',
    sessionsFound: 12,
    messagesFound: 345,
    retainedFound: 6,
    sessionExpiry: 'sessions of MQTT 3 clients end 30 days after their last connection (--session-expiry-max)',
  });
});
