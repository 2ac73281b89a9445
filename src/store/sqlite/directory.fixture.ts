// Directories of their own for tests, removed with the test.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

import { type DataDirectory, dataDirectory } from './data-directory.ts';

/** An empty directory. */
export function temporaryDirectory(context: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'vouch-store-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A data directory with nothing in it. */
export function temporaryDataDirectory(context: TestContext): DataDirectory {
  return dataDirectory(temporaryDirectory(context));
}
