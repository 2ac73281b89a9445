import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Coverage } from './coverage.ts';
import { coverageLines } from './coverage-table.ts';
import { missingIn, SEEDS_ENOUGH, SEEDS_FOR_ALL, seedsFor } from './expectations.ts';
import { FAULT_GROUPS } from './faults.ts';
import { HANDSHAKE_STATES } from './handshakes.ts';
import { CONNECT, publish, SampleEvents } from './sample-events.ts';

const CUT = { kind: 'fault', step: { kind: 'cut', at: 0, client: 'ann' } } as const;

function coverageOf(sample: SampleEvents, features: readonly string[] = []): Coverage {
  const coverage = new Coverage();
  coverage.addRun(sample, features);
  return coverage;
}

test('a fault counts in each state that it meets, once, and with each feature of the plan', () => {
  const sample = new SampleEvents().connected().passed('client', publish(1, 1)).sent('client', publish(2, 2)).add(CUT);
  const coverage = coverageOf(sample, ['v5.0', 'shared']);
  assert.equal(coverage.hits('cut', 'in: PUBACK due'), 1);
  assert.equal(coverage.hits('cut', 'in: PUBLISH 2 on its way'), 1);
  assert.equal(coverage.hits('cut', 'in: PUBACK due', 'shared'), 1);
  assert.equal(coverage.hits('cut', 'nothing in flight'), 0);
  assert.equal(coverage.featureHits('cut', 'shared'), 1);
  assert.equal(coverage.plans('v5.0'), 1);
});

test('a crash counts when it happens, with its boundary, in the state that it ends', () => {
  const sample = new SampleEvents().connected().passed('client', publish(1, 1));
  sample
    .add({ kind: 'crashed', who: 'broker', life: 1, boundary: 'before commit', machine: false })
    .over('broker', 'crash');
  const coverage = coverageOf(sample);
  assert.equal(coverage.hits('broker killed at a boundary', 'in: PUBACK due'), 1);
  assert.deepEqual(Array.from(coverage.boundaries()), [['broker, before commit', 1]]);
});

test('a takeover counts when the CONNECT comes, in the state of what is taken over', () => {
  const sample = new SampleEvents().connected().passed('client', publish(2, 1));
  sample.connection = 2;
  sample.dialled(true).sent('client', CONNECT);
  assert.equal(coverageOf(sample).hits('taken over', 'in: PUBREC due'), 0);
  sample.came('broker', CONNECT);
  assert.equal(coverageOf(sample).hits('taken over', 'in: PUBREC due'), 1);
});

test('counts add up over runs, and over processes', () => {
  const coverage = coverageOf(new SampleEvents().connected().add(CUT), ['will']);
  const sum = new Coverage(coverage.entries());
  sum.addAll(coverage.entries());
  assert.equal(sum.hits('cut', 'nothing in flight'), 2);
  assert.equal(sum.plans('will'), 2);
});

test('what was never met is missing, what cannot be is not', () => {
  const coverage = coverageOf(new SampleEvents().connected().add(CUT), ['will']);
  const missing = missingIn(coverage, ['will', 'shared'], SEEDS_ENOUGH);
  assert.ok(missing.includes('no plan has the feature shared'));
  assert.ok(missing.includes('cut, never while in: PUBREC due'));
  assert.ok(missing.includes('cut, never while in: PUBREC due with qos 2'));
  assert.ok(missing.includes('cut, never with shared'));
  assert.ok(!missing.includes('cut, never with will'));
  assert.ok(!missing.includes('cut, never while nothing in flight'));
  assert.ok(!missing.includes('broker killed, never while down'));
});

test('the tables have a row for every state and feature, and tell what cannot be from what was not met', () => {
  const lines = coverageLines(coverageOf(new SampleEvents().connected().add(CUT), ['will']), ['will', 'shared']);
  for (const state of HANDSHAKE_STATES) {
    assert.equal(lines.filter((line) => line.startsWith(`${state} `)).length, FAULT_GROUPS.length, state);
  }
  assert.ok(lines.some((line) => /^will +1 /.test(line)));
  assert.ok(lines.some((line) => /^shared +0 /.test(line)));
  assert.ok(lines.some((line) => /^down +- +-/.test(line)));
  assert.ok(lines.every((line) => line.length <= 120));
});

test('what is rare is missing with more seeds only, and nothing is with few', () => {
  const nothing = new Coverage();
  assert.deepEqual(missingIn(nothing, ['will'], SEEDS_ENOUGH - 1), []);
  assert.ok(!missingIn(nothing, ['will'], SEEDS_ENOUGH).includes('stalled, never while dialling'));
  assert.ok(missingIn(nothing, ['will'], SEEDS_FOR_ALL).includes('stalled, never while dialling'));
});

test('nearly every combination is expected, most of them in 5,000 seeds', () => {
  const all = FAULT_GROUPS.flat().flatMap((fault) => HANDSHAKE_STATES.map((state) => seedsFor(fault, state)));
  assert.ok(all.filter((seeds) => seeds !== undefined).length > all.length * 0.9);
  assert.ok(all.filter((seeds) => seeds === SEEDS_ENOUGH).length > all.length * 0.5);
});
