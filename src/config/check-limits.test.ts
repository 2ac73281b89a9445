import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DEFAULT_LIMITS } from '../broker/limits.ts';
import { DEFAULT_RULES } from '../broker/rules.ts';
import { completeLimits, completeRules } from './check-limits.ts';

test('limits that are given stand in place of the defaults', () => {
  assert.deepEqual(completeLimits({}), DEFAULT_LIMITS);
  assert.deepEqual(completeLimits({ queuesBytesMax: 0, queuesBytesPolicy: 'reject' }), DEFAULT_LIMITS);
  assert.deepEqual(completeLimits({ receiveMaximum: 7 }), { ...DEFAULT_LIMITS, receiveMaximum: 7 });
});

test('a limit out of bounds, of another type or of another name is a UsageError with what is allowed', () => {
  const cases: readonly (readonly [object, string])[] = [
    [{ receiveMaximum: 0 }, 'the limit receiveMaximum takes a whole number from 1 to 65535; got 0'],
    [{ receiveMaximum: 1.5 }, 'the limit receiveMaximum takes a whole number from 1 to 65535; got 1.5'],
    [{ receiveMaximum: '7' }, 'the limit receiveMaximum takes a whole number from 1 to 65535; got "7"'],
    [{ receiveMaximum: Number.NaN }, 'the limit receiveMaximum takes a whole number from 1 to 65535; got NaN'],
    [
      { queuesBytesPolicy: 'drop' },
      'the limit queuesBytesPolicy takes reject, drop-oldest, drop-newest or end-session; got "drop"',
    ],
    [{ queuesBytesMax: 1 }, 'the limit queuesBytesMax takes a size from 1 KiB to 1024 GiB, or 0; got 1'],
    [{ recieveMaximum: 7 }, '"recieveMaximum" is not a limit; did you mean receiveMaximum?'],
    [{ constructor: 7 }, '"constructor" is not a limit'],
  ];
  for (const [limits, message] of cases) {
    assert.throws(() => completeLimits(limits), { name: 'UsageError', code: 'invalid-option', message });
  }
});

test('rules are completed and checked in the same way', () => {
  assert.deepEqual(completeRules({}), DEFAULT_RULES);
  assert.deepEqual(completeRules({ payloadFormatCheck: true }), { ...DEFAULT_RULES, payloadFormatCheck: true });
  const cases: readonly (readonly [object, string])[] = [
    [{ payloadFormatCheck: 'yes' }, 'the rule payloadFormatCheck takes true or false; got "yes"'],
    [{ emptyClientIds: 'accept' }, 'the rule emptyClientIds takes assign or refuse; got "accept"'],
    [{ dollarTopic: 'allow' }, '"dollarTopic" is not a rule; did you mean dollarTopics?'],
  ];
  for (const [rules, message] of cases) {
    assert.throws(() => completeRules(rules), { name: 'UsageError', code: 'invalid-option', message });
  }
});
