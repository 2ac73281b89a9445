// How a broker may end by itself when its disk fails: with the exit code that the documentation names (docs/errors.md), and
// with sentences for people. Everything else (a bug's report, a signal, a word about damage where nothing is damaged, silence) is a fault.

import { EXIT } from '../../src/server/exit-codes.ts';
import type { Ending } from './killable.ts';

/** What the broker was doing. */
export type Phase = 'starting' | 'running' | 'stopping';

const VOICE = 'vouch start: ';
/** What the promise comes to in the end. */
const LAST_WORDS = 'The broker has ended without another acknowledgement.';
/** What is said where the disk holds something else than what was written. */
const DAMAGE = /\bis damaged\b|\bnot what was written\b/;
/** What is said of a bug in the store's thread. */
const BUG_IN_THREAD = 'has ended by itself';

/**
 * What is wrong with how it ended: a sentence; `undefined`: nothing is.
 * @param cannotRead  The disk fails when it is read: SQLite calls that a malformed database, and so damage is what is told.
 */
export function findWrongEnding(
  { code, signal, stderr }: Ending,
  phase: Phase,
  cannotRead = false,
): string | undefined {
  const lines = stderr.split('\n').filter((line) => line !== '');
  const told = lines.join(' | ');
  const how = `While ${phase}, the broker ended with ${signal ?? `code ${code}`}`;
  if (phase === 'stopping' && code === EXIT.ok && lines.length === 0) return undefined;
  if (lines.length === 0) return `${how}, without a word.`;
  if (lines.some((line) => !line.startsWith(VOICE))) return `${how}, and said: ${told}`;
  if (DAMAGE.test(told) && !cannotRead) return `${how}, and took a disk that fails for one that is damaged: ${told}`;
  if (told.includes(BUG_IN_THREAD)) return `${how}, and its store with a bug: ${told}`;
  if (code === EXIT.storeFailed && lines.length === 1 && told.includes(LAST_WORDS)) return undefined;
  if (code === EXIT.failure && phase === 'starting') return undefined;
  return `${how}, which nobody expects: ${told}`;
}

/** Whether it has said that the next start refuses. */
export function announcesRefusal({ stderr }: Ending): boolean {
  return stderr.includes('the next start refuses until');
}

/** Whether it did not start because nobody has looked since its disk failed. */
export function wantsAcceptance({ code, stderr }: Ending): boolean {
  return code === EXIT.failure && stderr.includes('vouch store check --accept');
}
