// What a start finds in a data directory: the real engine with what stands round it, in this thread, through the way that the broker's
// store goes: refused, with a sentence; or opened, with everything that a broker would ever read of it, as one text; or opened, and
// failed while it was read or tidied up. Anything else that is thrown is thrown on: it is a bug.

import { millis } from '../../../src/base/millis.ts';
import { EngineHost, type HostParts } from '../../../src/store/sqlite/engine-host.ts';
import { KEYS, SUBJECT_TUNING } from './life.ts';

/** What came of it. */
export interface Sight {
  readonly kind: 'opened' | 'refused' | 'failed';
  /** `opened`: '' */
  readonly code: string;
  /** What was found; or the sentence that was said. */
  readonly state: string;
}

/** More than any queue of a subject has. */
const EVERYTHING = { messagesMax: 10_000, bytesMax: 100_000_000 };

/**
 * Opens a data directory, reads all of it, does what is to be done between batches, and closes it.
 * @param openDirectory  Stands in for the store's own, for the tests of the tests.
 */
export function look(directory: string, openDirectory?: HostParts['openDirectory']): Sight {
  const found: string[] = [];
  const tasks: (() => void)[] = [];
  const end: { kind: Sight['kind']; code: string; sentence: string } = { kind: 'opened', code: '', sentence: '' };
  const over = (kind: 'refused' | 'failed', code: string, sentence: string): void => {
    if (end.kind === 'opened') Object.assign(end, { kind, code, sentence });
  };
  const host = new EngineHost(
    { path: directory, reserveBytes: 0, bytesMax: 0, synchronous: 'normal', tuning: SUBJECT_TUNING },
    {
      found: (chunk) => found.push(latin(chunk)),
      opening: () => {},
      opened: (numbers) => found.push(JSON.stringify(numbers)),
      refused: ({ code, message }) => over('refused', code, message),
      committed: () => {},
      page: (page) => found.push(page === undefined ? 'none' : `${page.isLast} ${latin(page.deliveries)}`),
      full: () => over('failed', 'full', 'it is said to be full'),
      failed: ({ code, message }) => over('failed', code, message),
      closed: () => {},
    },
    {
      clock: { monotonic: () => millis(0), wall: () => millis(0) },
      later: (task) => void tasks.push(task),
      ...(openDirectory === undefined ? {} : { openDirectory }),
    },
  );
  try {
    host.open();
    if (end.kind === 'opened') for (const key of KEYS) host.read(key, 0, EVERYTHING);
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) task();
    host.close();
  } finally {
    host.abandon();
  }
  return { kind: end.kind, code: end.code, state: end.kind === 'opened' ? found.join('\n') : end.sentence };
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
