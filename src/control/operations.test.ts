import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { UsageError } from '../base/errors.ts';
import { isOperationName, OPERATIONS, readQuestion, writeQuestion } from './operations.ts';

test('a question that is written is read as it was, whatever is in its texts', () => {
  const text = fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units).toWellFormed());
  const question = fc.record(
    {
      action: fc.constantFrom('publish', 'subscribe', 'receive', 'will'),
      topic: text,
      client: fc.option(text, { nil: undefined }),
      user: fc.option(text, { nil: undefined }),
      group: fc.array(text),
      certificate: fc.option(text, { nil: undefined }),
      address: fc.option(text, { nil: undefined }),
      qos: fc.option(fc.nat(2), { nil: undefined }),
      retain: fc.boolean(),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(question, (asked) => {
      const query = new URLSearchParams(writeQuestion(asked).toString());
      assert.deepEqual(readQuestion('explain', query).question, asked);
    }),
    { numRuns: 30 },
  );
});

test('what no operation takes is refused with what it does take', () => {
  const cases: readonly (readonly [name: string, query: string, said: RegExp])[] = [
    ['kick', '', /id takes a client identifier; nothing was said/],
    ['kick', 'id=a&id=b', /id takes a client identifier; got "a b"/],
    ['kick', 'id=a&ID=b', /"ID" is not known: kick takes id, reason/],
    ['stop', 'now=1', /"now" is not known: stop takes no parameters/],
    ['clients', 'sort=size', /sort takes client, queue, bytes/],
    ['clients', 'limit=0', /limit takes a whole number from 1 to/],
    ['clients', 'limit=1e3', /limit takes a whole number/],
    ['retained', 'payload=yes', /payload takes true or false; got "yes"/],
    [
      'kick',
      `id=a&reason=${'x'.repeat(1_001)}`,
      /reason takes a text of at most 1,000 characters.*; got "x{60}\.\.\."\.$/,
    ],
    ['end-session', 'id=a&reason=a%00b', /reason takes a text .* without U\+0000; got "a\\u0000b"/],
    ['ban', 'kind=client&value=a&reason=%00', /reason takes a text/],
    ['explain', 'action=publish&topic=t&qos=3', /qos takes a whole number from 0 to 2/],
    ['clients', '__proto__=1', /"__proto__" is not known/],
  ];
  for (const [name, query, said] of cases) {
    assert.ok(isOperationName(name));
    assert.throws(
      () => readQuestion(name, new URLSearchParams(query)),
      (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, said);
        return true;
      },
    );
  }
  assert.equal(isOperationName('toString'), false);
});

test('a reason is taken as long as it may be, in any script', () => {
  const reason = '💡'.repeat(500);
  const { question } = readQuestion('kick', writeQuestion({ id: 'a', reason }));
  assert.deepEqual(question, { id: 'a', reason });
});

test('what only looks is GET, what changes something is POST', () => {
  const looking = Object.entries(OPERATIONS).flatMap(([name, { method }]) => (method === 'GET' ? [name] : []));
  assert.deepEqual(looking, [
    'broker',
    'clients',
    'sessions',
    'client',
    'queue',
    'groups',
    'group-queue',
    'retained',
    'explain',
    'drain',
    'bans',
  ]);
});
