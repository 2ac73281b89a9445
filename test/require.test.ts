// When a test is skipped, and when it must not be.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

import { skipUnless } from './require.ts';

test('a test whose needs are met runs, required or not', () => {
  assert.equal(skipUnless('interop', true, 'mosquitto is not installed', ''), false);
  assert.equal(skipUnless('interop', true, 'mosquitto is not installed', 'interop'), false);
});

test('a test whose needs are not met is skipped, with its kind and the reason', () => {
  assert.equal(skipUnless('interop', false, 'mosquitto is not installed', ''), 'interop: mosquitto is not installed');
});

test('a required test whose needs are not met is not skipped: it fails, with the reason', () => {
  assert.throws(() => skipUnless('interop', false, 'mosquitto is not installed', ' interop ,'), {
    message: 'VOUCH_REQUIRE demands the interop tests, but mosquitto is not installed.',
  });
});

test('VOUCH_REQUIRE with a kind that does not exist fails, even where nothing is missing', () => {
  assert.throws(() => skipUnless('interop', true, '', 'intreop'), /VOUCH_REQUIRE names 'intreop'/);
});

test('the runner reports the one as skipped, the other as failed', () => {
  const program = `
    const { test } = await import('node:test');
    const { skipUnless } = await import(${JSON.stringify(new URL('./require.ts', import.meta.url).href)});
    test('needs something', { skip: skipUnless('interop', false, 'it is not installed') }, () => {});
  `;
  const run = (required: string): { readonly status: number | null; readonly stdout: string } => {
    // NODE_TEST_CONTEXT would make the inner runner report to the outer one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const args = ['--test-reporter=tap', '--input-type=module', '--eval', program];
    return spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...env, VOUCH_REQUIRE: required } });
  };

  const skipped = run('');
  assert.equal(skipped.status, 0);
  assert.match(skipped.stdout, /# SKIP interop: it is not installed/);
  assert.notEqual(run('interop').status, 0);
});
