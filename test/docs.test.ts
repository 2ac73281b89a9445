// The pages that are made from the code say what the code says, and the programs that they show are those that
// test/examples.test.ts runs.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { countUnmarkedBlocks, examplesOn, fillExamples } from '../scripts/example-blocks.ts';
import { PAGES, ROOT, stalePages } from '../scripts/pages.ts';
import { ERROR_CODES } from '../src/base/errors.ts';
import { type RetryVerdict, retryVerdict } from '../src/client/retry.ts';
import { REASON_CODES } from '../src/packet/reason-code-table.ts';
import { reasonName } from '../src/packet/reason-codes.ts';

test('every page that is made from the code is current', () => {
  assert.deepEqual(stalePages(), [], 'npm run docs rewrites these pages');
});

test('no cell of a table breaks it', () => {
  for (const [file, text] of PAGES) {
    for (const lines of text()
      .split('\n\n')
      .map((block) => block.split('\n').filter((line) => line.startsWith('| ')))) {
      const columns = new Set(lines.map((line) => line.split('|').length));
      assert(columns.size <= 1, `${file}: ${lines[0]}`);
    }
  }
});

/** The guide of the client. */
const GUIDE = textOf('docs/client.md');

test('the guide of the client shows every example, and no other program', () => {
  assert.deepEqual([...examplesOn(GUIDE)].sort(), globSync('examples/*.ts', { cwd: ROOT }).sort());
  assert.equal(countUnmarkedBlocks(GUIDE), 0, 'a block of ts without a marker is run by nobody');
});

test('a marked block becomes the file without its opening comment, and nothing else changes', () => {
  const file = '// What it is.\n// More.\n\nimport one;\n\n// Two.\ntwo;\n';
  const body = 'import one;\n\n// Two.\ntwo;';
  const page = (one: string, two: string): string =>
    `A.\n\n<!-- example: a.ts -->\n\`\`\`ts\n${one}\`\`\`\n\nB.\n\n<!-- example: b.ts -->\n\`\`\`ts\n${two}\`\`\`\n\nC.\n`;
  assert.equal(
    fillExamples(page('', 'old;\n'), () => file),
    page(`${body}\n`, `${body}\n`),
  );
});

test('a marker without a block is an error', () => {
  assert.throws(() => fillExamples('<!-- example: a.ts -->\n\nText.\n', () => ''), /no block/);
});

test('the guide has a row for every option of a client, and for no other', () => {
  const declared = fieldsOf('src/client/options.ts', 'ConnectOptions').filter((name) => name !== 'url');
  const door = fieldsOf('src/config/connect-options.ts', 'ClientOptions');
  assert.deepEqual(namesInTable('| option | default |').sort(), [...declared, ...door].sort());
});

test('the guide has a row for every event of a client, and for no other', () => {
  const declared = fieldsOf('src/client/events.ts', 'ClientEvents');
  assert.deepEqual(namesInTable('| event | when |').sort(), declared.sort());
});

test('every error code in the guide exists', () => {
  const codes = namesInTable('| code | of |');
  assert.deepEqual(
    codes.filter((code) => !Object.hasOwn(ERROR_CODES, code)),
    [],
  );
});

test('the guide says of every Reason Code whether another attempt follows, as it is', () => {
  const verdicts = new Map<number, RetryVerdict>();
  const rows: readonly (readonly [start: string, RetryVerdict])[] = [
    ['another attempt if', 'with-other-credentials'],
    ['another attempt, with', 'slowly'],
    ['another attempt', 'again'],
    ['the end', 'never'],
  ];
  for (const [ends = '', follows = ''] of rowsOf('| how it ended |')) {
    const verdict = rows.find(([start]) => follows.startsWith(start))?.[1];
    assert.ok(verdict !== undefined, follows);
    for (const [code] of ends.matchAll(/0x[0-9a-f]{2}/g)) verdicts.set(Number(code), verdict);
  }
  for (const reasonCode of new Set([...REASON_CODES.connack, ...REASON_CODES.disconnectFromServer])) {
    const end = {
      kind: 'disconnected-by-broker',
      reasonCode,
      reasonString: undefined,
      serverReference: undefined,
    } as const;
    assert.equal(verdicts.get(reasonCode), retryVerdict(end), reasonName(reasonCode));
  }
});

/** The first and second cells of the table that begins so. */
function rowsOf(head: string): readonly (readonly string[])[] {
  const lines = GUIDE.slice(GUIDE.indexOf(`\n${head}`) + 1).split('\n');
  return lines.slice(2, lines.indexOf('')).map((line) => line.split(' | ').map((cell) => cell.replace(/^\| /, '')));
}

/** What stands in backquotes in the first column of a table. */
function namesInTable(head: string): string[] {
  return rowsOf(head).flatMap(([first = '']) => Array.from(first.matchAll(/`([^`]+)`/g), ([, name = '']) => name));
}

/** The names that an interface declares. */
function fieldsOf(file: string, name: string): string[] {
  const [, body = ''] = textOf(file).split(new RegExp(`^export interface ${name}\\b.*\\{$`, 'm'));
  const [fields = ''] = body.split('\n}\n');
  return Array.from(fields.matchAll(/^  (?:readonly )?(\w+)[?(]/gm), ([, field = '']) => field);
}

function textOf(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}
