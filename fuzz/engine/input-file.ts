// Inputs as text: one a line, in hexadecimal, behind `#` what is to be said of it. corpus/ holds inputs from which
// fuzzing begins, escapes/ those that once refuted a claim; both are executed by every `npm test`.

import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { TargetName } from './target.ts';

const FOLDER = path.resolve(import.meta.dirname, '..');

/** The file of a target, from the root of the checkout. */
export function inputFile(folder: 'corpus' | 'escapes', name: TargetName): string {
  return path.join(FOLDER, folder, `${name}.txt`);
}

/** The inputs in a file; none if there is no such file. */
export function readInputs(file: string): readonly Uint8Array[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.map((line) => line.replace(/#.*/, '').trim()).flatMap((line) => (line === '' ? [] : [parseInput(line)]));
}

/** Writes a file anew. */
export function writeInputs(file: string, opening: string, inputs: readonly Uint8Array[]): void {
  writeFileSync(file, `${[`# ${opening}`, ...inputs.map(sayInput)].join('\n')}\n`);
}

/** Adds an input with what it refuted. */
export function appendInput(file: string, claim: string, input: Uint8Array): void {
  appendFileSync(file, `# ${claim}\n${sayInput(input)}\n`);
}

/** An input as hexadecimal. */
export function sayInput(input: Uint8Array): string {
  return Buffer.from(input).toString('hex');
}

/**
 * An input from hexadecimal.
 * @throws {SyntaxError} when it is none.
 */
export function parseInput(text: string): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text)) throw new SyntaxError(`This is not hexadecimal: ${text.slice(0, 80)}`);
  return new Uint8Array(Buffer.from(text, 'hex'));
}
