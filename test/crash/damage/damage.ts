// Damage to a file: one place, and what happened there. Every kind of it is something that disks, file systems and careless hands do.

import type { SeededRandom } from '../seeded-random.ts';
import type { Files } from './subject.ts';

/** One place. `to` is exclusive; of a `cut` it is where the file ended. */
export interface Damage {
  readonly file: string;
  /** A bit was flipped, bytes became zeros or noise, or the file was cut off at `from`. */
  readonly kind: 'flip' | 'zeros' | 'noise' | 'cut';
  readonly from: number;
  readonly to: number;
  /** Chance of its own, for what is written there. */
  readonly seed: number;
}

/** What a disk and SQLite write as a whole. */
const SECTOR_BYTES = 512;
const PAGE_BYTES = 4096;
/** The beginning of a page or frame says what is behind it: there little does much. */
const HEAD_BYTES = 120;

/** Draws a place. Half of them are in the log. */
export function drawDamage(files: Files, random: SeededRandom): Damage {
  const file = random.pick([
    'vouch.db',
    'vouch.db',
    'vouch.db',
    'vouch.db-wal',
    'vouch.db-wal',
    'vouch.db-wal',
    'vouch.db-shm',
  ]);
  const size = files.get(file)?.length ?? 0;
  const seed = random.between(0, 1_000_000);
  const anywhere = random.between(0, size - 1);
  const inHead = Math.min(size - 1, anywhere - (anywhere % PAGE_BYTES) + random.between(0, HEAD_BYTES));
  switch (random.pick(['flip', 'flip', 'flip', 'zeros', 'noise', 'cut'])) {
    case 'flip': {
      const from = random.chance(0.5) ? inHead : anywhere;
      return { file, kind: 'flip', from, to: from + 1, seed };
    }
    case 'zeros': {
      const unit = random.pick([SECTOR_BYTES, PAGE_BYTES]);
      const from = anywhere - (anywhere % unit);
      return { file, kind: 'zeros', from, to: Math.min(size, from + unit * random.between(1, 4)), seed };
    }
    case 'noise':
      return { file, kind: 'noise', from: anywhere, to: Math.min(size, anywhere + random.between(1, 2000)), seed };
    default: {
      // Also to nothing, and to the page.
      const from = random.pick([anywhere, anywhere, anywhere - (anywhere % PAGE_BYTES), 0]);
      return { file, kind: 'cut', from, to: size, seed };
    }
  }
}

/** The file after it. */
export function damaged(bytes: Buffer, { kind, from, to, seed }: Damage): Buffer {
  if (kind === 'cut') return bytes.subarray(0, from);
  const copy = Buffer.from(bytes);
  switch (kind) {
    case 'flip':
      copy[from] = (copy[from] ?? 0) ^ (1 << (seed % 8));
      return copy;
    case 'zeros':
      return copy.fill(0, from, to);
    default:
      for (let at = from; at < to; at++) copy[at] = (Math.imul(seed + at, 0x9e3779b1) >>> 24) & 0xff;
      return copy;
  }
}

/** For people. */
export function showDamage({ file, kind, from, to, seed }: Damage): string {
  switch (kind) {
    case 'flip':
      return `${file}: bit ${seed % 8} of byte ${from} flipped`;
    case 'cut':
      return `${file}: cut from ${to} to ${from} bytes`;
    default:
      return `${file}: ${kind} from ${from} to ${to}`;
  }
}
