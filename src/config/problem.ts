// What is wrong with a configuration, as sentences that begin with the place to look at. Problems are
// values and are collected, so that one start tells all of them.

import { unreachable } from '../base/assert.ts';

/** A place in the configuration file. */
export interface Place {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** Where the value of an option came from. */
export type Origin =
  | { readonly kind: 'flag'; readonly flag: string }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'file'; readonly place: Place }
  | { readonly kind: 'default' };

/** One thing that is wrong. */
export interface Problem {
  readonly origin: Origin;
  /** What is wrong and what to do, naming a flag or variable that is meant; without a full stop at the end. */
  readonly sentence: string;
}

/** The origin as the effective configuration shows it: `--port`, `VOUCH_PORT`, `vouch.yaml:3:7`, `default`. */
export function showOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'flag':
      return origin.flag;
    case 'environment':
      return origin.name;
    case 'file':
      return showPlace(origin.place);
    case 'default':
      return 'default';
    default:
      return unreachable(origin);
  }
}

/** A place as editors understand it: `vouch.yaml:3:7`. */
export function showPlace(place: Place): string {
  return `${place.path}:${place.line}:${place.column}`;
}

/** A problem as one line: `vouch.yaml:3:7: port takes a whole number from 0 to 65535; got "x".` */
export function showProblem(problem: Problem): string {
  const place = problem.origin.kind === 'file' ? `${showPlace(problem.origin.place)}: ` : '';
  return place + asSentence(problem.sentence);
}

/** Clauses with the full stop that they lack, unless they end in a question. */
export function asSentence(clauses: string): string {
  return clauses.endsWith('?') ? clauses : `${clauses}.`;
}

/** Problems as somebody reads the file: from its top down, then what is not in it. */
export function inReadingOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => {
    const [first, second] = [placeOf(a), placeOf(b)];
    return first.line - second.line || first.column - second.column;
  });
}

function placeOf({ origin }: Problem): { readonly line: number; readonly column: number } {
  return origin.kind === 'file' ? origin.place : { line: Number.MAX_SAFE_INTEGER, column: 1 };
}
