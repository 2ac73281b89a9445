import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Chance } from '../engine/chance.ts';
import { parseProgram, sayProgram, writeProgram } from './program.ts';
import { ordinaryProgram, SESSIONS_SEEDS } from './sessions-seeds.ts';
import { sessionsTarget } from './sessions-target.ts';

test('a program is read as it was written', () => {
  for (const input of SESSIONS_SEEDS) assert.deepEqual(writeProgram(parseProgram(input)), input);
});

test('any bytes are a program, and what is cut short ends where it is cut', () => {
  const [seed = new Uint8Array(0)] = SESSIONS_SEEDS;
  for (let length = 0; length <= seed.length; length++) {
    const { steps } = parseProgram(seed.subarray(0, length));
    assert.ok(steps.reduce((sum, { bytes }) => sum + bytes.length, 0) <= length);
  }
  assert.deepEqual(parseProgram(new Uint8Array(0)).steps, []);
});

test('mutated programs are programs, and differ from what they were made of, mostly', () => {
  const target = sessionsTarget();
  const chance = new Chance(1);
  let same = 0;
  for (let i = 0; i < 2_000; i++) {
    const [one, other] = [chance.pick(SESSIONS_SEEDS), chance.pick(SESSIONS_SEEDS)];
    const mutant = target.mutate(one, other, chance);
    parseProgram(mutant);
    if (Buffer.from(mutant).equals(one)) same++;
  }
  assert.ok(same < 400, `${same} of 2000 are as they were`);
});

test('a program reads as what is done, a line a step', () => {
  const lines = sayProgram(parseProgram(ordinaryProgram(3, new Chance(1)))).split('\n');
  assert.equal(lines[0], 'switches: isModelOld, isStoreLate');
  assert.match(lines[1] ?? '', /^ {2}publisher {2}send 0 10/);
});
