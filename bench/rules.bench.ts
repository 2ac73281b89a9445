// What access rules cost: nanoseconds per question, as the broker asks it for each PUBLISH and each delivery.
//
//     node bench/rules.bench.ts [rules]
//
// Times are the best of five rounds: on a shared machine the rest is what the neighbours took. It takes a few seconds.

import assert from 'node:assert/strict';

import { ALLOW_ALL } from '../src/auth/allow-all.ts';
import type { Authorizer, Identity } from '../src/auth/contract.ts';
import { RuleSet } from '../src/auth/rules/rule-set.ts';
import { parseRules } from '../src/config/rules-file.ts';

const RULES = Number(process.argv[2] ?? 100);
const CLIENTS = 1000;
const TOPICS = 10;
const QUESTIONS = 1_000_000;

/** Rules that are about everybody, and one at the end that allows. */
function rules(): RuleSet {
  const lines = Array.from(
    { length: RULES - 1 },
    (_, index) => `- {deny: all, topics: [no/${index}/#, nor/${index}/%c]}`,
  );
  const outcome = parseRules('rules.yaml', `rules:\n${lines.join('\n')}\n- {allow: all, topics: 'data/%u/#'}\n`);
  assert(outcome.kind === 'valid');
  return new RuleSet(outcome.file);
}

const IDENTITIES: readonly Identity[] = Array.from({ length: CLIENTS }, (_, index) => {
  return { principal: `user-${index}`, clientId: `client-${index}`, remote: '192.0.2.7:50123' };
});
/** Strings of their own for each client, as a decoder makes them. */
const NAMES = IDENTITIES.map(({ principal }) =>
  Array.from({ length: TOPICS }, (_, topic) => Buffer.from(`data/${principal}/sensor/${topic}`).toString()),
);

/** Prints the best of five rounds of `count` questions. */
function time(label: string, count: number, ask: (index: number) => boolean): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    for (let index = 0; index < count; index++) assert(ask(index));
    best = Math.min(best, (performance.now() - start) / count);
  }
  console.log(`  ${label.padEnd(66)} ${(best * 1e6).toFixed(0).padStart(8)} ns`);
}

function asking(authorizer: Authorizer, clients: number): (index: number) => boolean {
  return (index) => {
    const client = index % clients;
    const identity = IDENTITIES[client];
    const topic = NAMES[client]?.[index % TOPICS];
    return identity !== undefined && topic !== undefined && authorizer.allows(identity, 'publish', topic, 1, false);
  };
}

console.log(`${RULES} rules, ${TOPICS} topics a client`);
time('nobody is asked (the loop alone)', QUESTIONS, asking(ALLOW_ALL, CLIENTS));
time('one client, known topics', QUESTIONS, asking(rules(), 1));
time(`${CLIENTS} clients in turn, known topics`, QUESTIONS, asking(rules(), CLIENTS));
let fresh = rules();
time('the first question of a client', CLIENTS, (index) => {
  if (index === 0) fresh = rules();
  return asking(fresh, CLIENTS)(index);
});
const [first] = IDENTITIES;
assert(first !== undefined);
const unknown = rules();
time('a topic that was not asked about lately', 100_000, (index) => {
  return unknown.allows(first, 'publish', `data/user-0/${index}`, 1, false);
});
