// Plants a mutant in the modules of this thread: Node hands over each source as it is loaded, and gets the mutated one back. Threads and
// processes that are started from here load their own modules, as they are on disk.
// A module that was loaded before stays as it is; so what runs the simulator is imported after this, by `await import(...)`, and nobody who
// plants imports anything of src/ by himself. `untouched` tells whether it came too late.

import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { mutantNamed } from './catalogue.ts';
import { filesOf, mutate } from './mutant.ts';

/** The checkout. */
export const ROOT: string = path.resolve(import.meta.dirname, '..', '..');

/** A mutant in force. */
export interface PlantedMutant {
  /** The files that it changes and that have not been loaded since. */
  untouched(): readonly string[];
}

/**
 * Plants the mutant of this name, for the rest of the life of this thread.
 * @throws {RangeError} There is none.
 * @throws {UnfitMutantError} It does not fit the source any more.
 */
export function plantMutant(name: string): PlantedMutant {
  const mutant = mutantNamed(name);
  if (mutant === undefined) throw noMutant(name);
  const sources = new Map(
    filesOf(mutant).map((file) => [pathToFileURL(path.join(ROOT, file)).href, mutate(mutant, file, sourceOf(file))]),
  );
  const untouched = new Set(sources.keys());
  registerHooks({
    load(url, context, nextLoad) {
      const source = sources.get(url);
      if (source === undefined) return nextLoad(url, context);
      untouched.delete(url);
      return { format: 'module-typescript', source, shortCircuit: true };
    },
  });
  return { untouched: () => Array.from(untouched) };
}

/**
 * The flags of a process of Node in which the mutant is planted before anything is loaded.
 * @throws {RangeError} There is none.
 */
export function flagsToPlant(name: string): readonly string[] {
  if (mutantNamed(name) === undefined) throw noMutant(name);
  return ['--import', `${new URL('./plant.ts', import.meta.url).href}?${name}`];
}

/** The source of a file of the checkout. */
export function sourceOf(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

function noMutant(name: string): RangeError {
  return new RangeError(`There is no mutant ${JSON.stringify(name)}.`);
}
