import assert from 'node:assert/strict';
import { test } from 'node:test';

import { visible } from './visible.ts';

test('threat 65: control characters, ends of lines and marks of direction are shown by their number', () => {
  assert.equal(visible('a\n\u001b[2J\u007f\u009bé'), 'a\\u{a}\\u{1b}[2J\\u{7f}\\u{9b}é');
  assert.equal(
    visible('\u061c\u200e\u200f\u2028\u202e\u2066'),
    '\\u{61c}\\u{200e}\\u{200f}\\u{2028}\\u{202e}\\u{2066}',
  );
});

test('what people write stays as it is', () => {
  const text = 'Straße 東京 שלום 👩‍🔧 "a b" \\n';
  assert.equal(visible(text), text);
});
