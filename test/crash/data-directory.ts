// A data directory for one test, and how a broker is started on it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

import type { BrokerStart } from './broker-process.ts';

/**
 * `vouch start`. A small reserve, since writing it takes most of the time of a start on a new directory; and the Wills of those who
 * died with the last broker are published without waiting for their return.
 */
export const VOUCH: BrokerStart = { options: ['--store-reserve-bytes', '1MiB', '--will-restart-grace', '0s'] };

/** A broker that the tests put together; see composed-broker.fixture.ts. */
export function composedBroker(manner: 'lies' | 'lax' | 'hushes' | 'restless'): BrokerStart {
  return { script: path.join(import.meta.dirname, 'composed-broker.fixture.ts'), options: ['--manner', manner] };
}

/** An empty directory, which goes with the test. */
export function temporaryDirectory(context: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'vouch-crash-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
