import assert from 'node:assert/strict';
import { test } from 'node:test';

import { commandNamed, completions, CONSOLE_COMMANDS } from './console-commands.ts';
import { Desk } from './console-desk.ts';
import { payloadFormat } from './message-format.ts';

function desk(...topics: readonly string[]): Desk {
  const made = new Desk({
    options: {},
    connect: () => Promise.reject(new Error('nobody connects')),
    say: () => undefined,
    print: () => undefined,
    format: payloadFormat(true),
    changed: () => undefined,
  });
  topics.forEach((topic) => made.remember(topic));
  return made;
}

test('commands, options, values and topics that were seen are completed', () => {
  const known = desk('home/lamp', 'home/door', 'garden');
  assert.deepEqual(completions(known, [], 'pu'), ['publish']);
  assert.deepEqual(completions(known, [], 'q'), ['quit']);
  assert.deepEqual(completions(known, ['publish'], 'home/'), ['home/lamp', 'home/door']);
  assert.deepEqual(completions(known, ['pub', 'garden'], '--re'), ['--retain']);
  assert.deepEqual(completions(known, ['pub', 'garden', '--encoding'], ''), ['text', 'hex', 'base64', 'json']);
  assert.deepEqual(completions(known, ['pub', 'garden', '-q'], ''), []);
  assert.deepEqual(completions(known, ['help'], 'sub'), ['subscribe']);
  assert.deepEqual(completions(known, ['nonsense'], ''), []);
});

test('so many topics are remembered, and no more', () => {
  const many = desk(...Array.from({ length: 2_000 }, (_, index) => `topic/${index}`));
  assert.equal(many.topics.length, 1_000);
});

test('every command explains itself, and no name means two of them', () => {
  const names = CONSOLE_COMMANDS.flatMap(({ name, aliases }) => [name, ...aliases]);
  assert.equal(new Set(names).size, names.length);
  for (const { name, help } of CONSOLE_COMMANDS) {
    assert(help(80).startsWith(`Usage: ${name}`));
    assert.equal(commandNamed(name).name, name);
  }
});

test('without a connection a command says how to get one', async () => {
  await assert.rejects(commandNamed('ping').run(desk(), []), {
    code: 'not-connected',
    message: /"reconnect" makes one/,
  });
});
