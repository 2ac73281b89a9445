// package-lock.json installs the same everywhere: on every platform, from every registry.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import type { Lock } from '../scripts/complete-lock.ts';
import { completeLock } from '../scripts/complete-lock.ts';

const LOCK = readJson('package-lock.json') as Lock;

test('the lock file names no registry', () => {
  const naming = Object.entries(LOCK.packages).filter(([, entry]) => entry.resolved !== undefined);
  assert.deepEqual(naming, [], 'npm config set omit-lockfile-registry-resolved is in .npmrc');
});

test('the lock file has the packages of every platform', () => {
  assert.deepEqual(completeLock(LOCK).added, [], 'npm run complete-lock adds them');
});

test('a lock file that lacks a platform is completed with it', () => {
  const optionalDependencies = { '@tool/cli-linux-arm64-musl': '1.2.3', '@tool/cli-linux-x64': '1.2.3' };
  const { lock, added } = completeLock({
    packages: {
      'node_modules/@tool/cli': { version: '1.2.3', dev: true, optionalDependencies },
      'node_modules/@tool/cli-linux-x64': { version: '1.2.3', dev: true },
    },
  });
  assert.deepEqual(added, ['@tool/cli-linux-arm64-musl@1.2.3']);
  assert.deepEqual(lock.packages['node_modules/@tool/cli-linux-arm64-musl'], {
    version: '1.2.3',
    cpu: ['arm64'],
    dev: true,
    libc: ['musl'],
    optional: true,
    os: ['linux'],
  });
});

test('a missing package of no platform is a matter for people', () => {
  const packages = { 'node_modules/a': { optionalDependencies: { fsevents: '2.3.3' } } };
  assert.throws(() => completeLock({ packages }), /fsevents@2\.3\.3 is not in package-lock\.json/);
});

test('every direct dependency is an exact version', () => {
  const manifest = readJson('package.json') as Readonly<Record<string, Readonly<Record<string, string>>>>;
  const versions = Object.entries({ ...manifest['dependencies'], ...manifest['devDependencies'] });
  assert.deepEqual(
    versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)),
    [],
  );
});

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(path.resolve(import.meta.dirname, '..', file), 'utf8'));
}
