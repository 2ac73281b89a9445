import assert from 'node:assert/strict';
import { test } from 'node:test';

import { quote, quoteOf, withoutSecrets } from './spelling.ts';

test('a value is shown on one line, not endless, and without the secrets of a URL', () => {
  assert.equal(quote('a\nb'), '"a\\nb"');
  assert.equal(quote('x'.repeat(100)).length, 80);
  assert.equal(quote('https://anna:canary@host/a'), '"https://anna:***@host/a"');
  assert.equal(quote('https://anna:can"ary @x@host'), '"https://anna:***@host"');
  assert.equal(quote(`https://anna:${'x'.repeat(100)}@host`), '"https://anna:***@host"');
  assert.equal(quote('mqtts://:canary@host:8883'), '"mqtts://:***@host:8883"');
  assert.equal(quote('https://host/auth?key=canary&user=canary'), '"https://host/auth?***"');
});

test('what is no URL, or has no secret, is shown as it is', () => {
  for (const text of ['a:b@c', 'https://host:8080/a', 'mqtt://anna@host', 'what?', '#a/+', 'host:1883 other']) {
    assert.equal(withoutSecrets(text), text);
  }
});

test('of an option that is a secret the type alone is shown', () => {
  assert.equal(quoteOf('password', 12_345), 'something of the type number');
  assert.equal(quoteOf('key', Buffer.from('canary')), 'something of the type object');
  assert.equal(quoteOf('key', null), 'null');
  assert.equal(quoteOf('port', 'x'), '"x"');
});
