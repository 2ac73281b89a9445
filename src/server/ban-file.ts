// The bans of a broker on disk: `bans.json` in the data directory, a list of objects, written as a whole whenever one is added or
// ended. One that cannot be understood is refused at the start: a broker that forgot its bans would let everybody in.

import { readFileSync } from 'node:fs';
import path from 'node:path';

import { OperationError } from '../base/errors.ts';
import { type Ban, type BanKeeper, Bans } from '../broker/bans.ts';
import { NODE_CLOCK } from './node-parts.ts';
import { writeWholeFile } from './whole-file.ts';

/** The name of the file in the data directory. */
const NAME = 'bans.json';

/**
 * Reads the bans in a data directory; where there is no such file there are none.
 * @throws {OperationError} `file-unavailable`: the file cannot be read, or does not hold a list of bans.
 */
export function openBanFile(data: string): BanKeeper {
  const file = path.resolve(data, NAME);
  const bans = readBans(file);
  return {
    bans,
    save: (all) => {
      try {
        writeWholeFile(file, `${JSON.stringify(all, undefined, 2)}\n`);
      } catch (error) {
        throw unavailable(`${file} cannot be written: ${reasonOf(error)}.`, error);
      }
    },
  };
}

function readBans(file: string): readonly Ban[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    // What is wrong with a data directory that is none is the store's to say.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw unavailable(`${file} cannot be read: ${reasonOf(error)}.`, error);
  }
  try {
    const bans = listOf(JSON.parse(text)).map(banOf);
    return new Bans(NODE_CLOCK, { bans, save: () => undefined }).list();
  } catch (error) {
    const remedy = 'Mend it, or remove it, and with it all bans.';
    throw unavailable(`${file} holds no list of bans: ${reasonOf(error)} ${remedy}`, error);
  }
}

function listOf(json: unknown): readonly unknown[] {
  if (!Array.isArray(json)) throw new TypeError('it is no list.');
  return json;
}

/** Takes an entry as a ban. */
function banOf(entry: unknown, index: number): Ban {
  const field = (name: string): unknown =>
    typeof entry === 'object' && entry !== null ? Reflect.get(entry, name) : undefined;
  const [kind, value, until, reason] = ['kind', 'value', 'until', 'reason'].map(field);
  const isKind = kind === 'client' || kind === 'user' || kind === 'address';
  const isMoment = until === undefined || (typeof until === 'number' && Number.isFinite(until));
  if (!isKind || typeof value !== 'string' || !isMoment || typeof reason !== 'string') {
    throw new Error(`entry ${index + 1} has not the kind, value, until and reason of a ban.`);
  }
  return { kind, value, until, reason, by: 'operator' };
}

function unavailable(sentence: string, cause: unknown): OperationError {
  return new OperationError('file-unavailable', sentence, undefined, { cause });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
