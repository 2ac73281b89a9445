// The table of statements is complete and well formed. What the statements demand is shown elsewhere.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { REQUIREMENT_IDS, REQUIREMENTS } from './requirements.ts';

const COUNTS = { '5.0': 251, '3.1.1': 141 } as const;

for (const version of ['5.0', '3.1.1'] as const) {
  const rows = REQUIREMENTS.filter((requirement) => requirement.version === version);

  test(`all ${COUNTS[version]} statements of MQTT ${version} are in the table, each once`, () => {
    assert.equal(rows.length, COUNTS[version]);
    assert.equal(new Set(rows.map((row) => row.id)).size, COUNTS[version]);
  });
}

test('every identifier has the form of the specifications', () => {
  for (const { id } of REQUIREMENTS) assert.match(id, /^MQTT-\d+\.\d+\.\d+-\d+$/);
});

test('every statement is told in a line of our own', () => {
  for (const { id, says } of REQUIREMENTS) {
    assert.ok(says.length > 10 && says.length <= 110, `${id}: ${says}`);
    assert.match(says, /^\S.*[^.\s]$/, id);
  }
});

test('a look-up finds the statements of both versions, and nothing else', () => {
  assert.ok(REQUIREMENT_IDS.has('MQTT-3.3.4-9'), 'only in 5.0');
  assert.ok(REQUIREMENT_IDS.has('MQTT-3.1.0-1'), 'in both');
  assert.ok(REQUIREMENT_IDS.has('MQTT-1.5.3-3'), 'only in 3.1.1');
  assert.ok(!REQUIREMENT_IDS.has(['MQTT', '9.9.9', '9'].join('-')), 'in neither');
});
