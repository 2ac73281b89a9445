// Rules that an HTTP server answers with, read as those of a file are: JSON is YAML, so the same reader finds the same mistakes, and
// a rule that is named in the log is named by its place in the answer. They are about one client, so none says whom it is about.
// Many clients have the same rules, with their own names in `%u` and `%c`: what was read lately is not read again.

import type { ReadRules } from '../auth/http/http-answer.ts';
import type { Rule } from '../auth/rules/rule.ts';
import { asSentence } from '../config/problem.ts';
import { parseRules } from '../config/rules-file.ts';

type ReadOutcome = ReturnType<ReadRules>;

const FIELDS = ['name', 'allow', 'deny', 'topics', 'qosMax', 'retain', 'tell'];
/** Sets of rules that are remembered, and how long their texts may be. */
const REMEMBERED_MAX = 1_000;
const REMEMBERED_LENGTH_MAX = 16 * 1024;

/** @param url  Whose answers are read. */
export function answeredRulesReader(url: string): ReadRules {
  const { origin, pathname } = new URL(url);
  const source = `the answer of ${origin}${pathname}`;
  const remembered = new Map<string, ReadOutcome>();
  return (rules) => {
    const lines = rules.map((rule) => JSON.stringify(rule));
    // Each rule has a line of its own, which is its number.
    const text = `{"rules": [${lines.join(',\n')}]}`;
    const known = remembered.get(text);
    if (known !== undefined) return known;
    const outcome = rules.length === 0 ? ({ kind: 'rules', rules: [] } as const) : readText(source, rules, text);
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    if (text.length <= REMEMBERED_LENGTH_MAX) remembered.set(text, outcome);
    return outcome;
  };
}

function readText(source: string, rules: readonly unknown[], text: string): ReadOutcome {
  for (const [index, rule] of rules.entries()) {
    const strange =
      typeof rule === 'object' && rule !== null ? Object.keys(rule).find((key) => !FIELDS.includes(key)) : '';
    if (strange === '') return { kind: 'wrong', why: `rule ${index + 1} is no object` };
    if (strange !== undefined) {
      const field = JSON.stringify(strange.slice(0, 64));
      return { kind: 'wrong', why: `rule ${index + 1} has the field ${field}; a rule has ${FIELDS.join(', ')}` };
    }
  }
  const outcome = parseRules(source, text);
  if (outcome.kind === 'valid') return { kind: 'rules', rules: outcome.file.rules.map((rule) => placed(rule, source)) };
  const [problem] = outcome.problems;
  const line = problem?.origin.kind === 'file' ? problem.origin.place.line : 1;
  return { kind: 'wrong', why: `rule ${line}: ${asSentence(problem?.sentence ?? '').slice(0, -1)}` };
}

function placed(rule: Rule, source: string): Rule {
  return { ...rule, place: { path: `rule ${rule.place.line} of ${source}`, line: 0, column: 0 } };
}
