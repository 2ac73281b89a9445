// What may come of damage (docs/durability.md): it is found, and told by name with a sentence; or it changes nothing; or it is
// in the end of the log, where it cannot be told from what a power cut leaves, and the state is that before it. Everything
// else is a fault: a state that never was, one that is older than that, a sentence that does not fit.

import type { Damage } from './damage.ts';
import type { Sight } from './look.ts';
import type { Subject } from './subject.ts';

/** What came of it. */
export type Verdict =
  | { readonly kind: 'found' | 'harmless' | 'like a power cut' }
  | { readonly kind: 'fault'; readonly sentence: string };

/** SQLite's header, and in it the numbers that say whose database it is and of which version: nothing can vouch for these. */
const DATABASE_HEADER_BYTES = 100;
const COMMAND = 'vouch store check';
/** So many whole commits behind a damaged place tell it from a torn write. */
const COMMITS_BEHIND_MIN = 2;

/** Judges what a start made of a damaged store. */
export function judge({ moments, frameBytes }: Subject, damage: Damage, { kind, code, state }: Sight): Verdict {
  if (kind !== 'opened') return judgeSentence(damage, kind, code, state);
  const latest = moments.length - 1;
  if (state === moments[latest]?.state) return { kind: 'harmless' };
  if (damage.file !== 'vouch.db-wal') return fault('it was opened, and what it holds is not what was written');
  // What is before the place, and all that SQLite reads of the log then.
  const whole = moments.findLastIndex(({ logEnd }) => logEnd <= damage.from);
  const expected = moments[Math.max(0, whole)];
  if (state !== expected?.state) {
    const found = moments.findIndex((each) => each.state === state);
    return fault(found < 0 ? 'what it holds never was' : `what it holds is as old as step ${found} of ${latest}`);
  }
  // A frame cannot be judged where nothing is left of the one before.
  const begin = damage.kind === 'flip' ? damage.to : damage.to + frameBytes;
  const behind = moments.slice(1).filter(({ logEnd }) => logEnd - frameBytes >= begin);
  if (damage.kind !== 'cut' && behind.length >= COMMITS_BEHIND_MIN) {
    return fault(`${latest - whole} commits were lost without a word, ${behind.length} of them behind the place`);
  }
  return { kind: 'like a power cut' };
}

function judgeSentence({ file, from }: Damage, kind: 'refused' | 'failed', code: string, sentence: string): Verdict {
  const said = `${kind} with ${code}: ${sentence}`;
  // The index of the log is made anew at every start.
  if (file === 'vouch.db-shm') return fault(said);
  if (kind === 'failed') {
    // What was not read at the start is found when it is.
    const isTold = code === 'store-failed' && /Table \w+, .+: .+|SQLite reports an error/.test(sentence);
    return isTold && file === 'vouch.db' ? { kind: 'found' } : fault(said);
  }
  if (code === 'store-damaged') {
    const isTold = sentence.includes(`${file} is damaged`) && sentence.includes(COMMAND);
    // An empty database is noticed by its log.
    return isTold ? { kind: 'found' } : fault(said);
  }
  const isHeader = file === 'vouch.db' && from < DATABASE_HEADER_BYTES;
  return isHeader && (code === 'store-newer' || code === 'store-unavailable') ? { kind: 'found' } : fault(said);
}

function fault(sentence: string): Verdict {
  return { kind: 'fault', sentence };
}
