// What the import rules refuse, in the words that somebody will read, and what they let pass.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkImports } from './import-rules.ts';
import { readSource } from './source.ts';

/** What tidy says of a file with this path and text. */
function tidy(path: string, text: string): readonly string[] {
  return checkImports(readSource(path, text));
}

const SESSION =
  'session is: the QoS 0/1/2 machine of one peer, the same for broker and client; it knows no routing, store or socket. ' +
  'It is pure: no socket, timer, clock, disk or chance.';

test('an import upwards is refused, with the sentence of the room that was broken', () => {
  assert.deepEqual(
    tidy('src/session/x.ts', `import { y } from '../base/y.ts';\nimport { z } from '../broker/z.ts';\n`),
    [`src/session/x.ts:2 imports src/broker/z.ts, but session may import only base and packet. ${SESSION}`],
  );
});

test('a type, a re-export, a dynamic import and the type of a module count as imports', () => {
  const upwards = [
    `import type { Z } from '../broker/z.ts';`,
    `export { z } from '../broker/z.ts';`,
    `export * from '../broker/z.ts';`,
    `const z = await import('../broker/z.ts');`,
    `let z: import('../broker/z.ts').Z;`,
    `import '../broker/z.ts';`,
  ];
  for (const text of upwards) assert.equal(tidy('src/session/x.ts', text).length, 1, text);
});

test('an import named in a comment or a string is no import', () => {
  assert.deepEqual(
    tidy('src/session/x.ts', `// import '../broker/z.ts'\nconst text = "import '../broker/z.ts'";\n`),
    [],
  );
});

test('a pure room may import nothing of Node.js and no package', () => {
  assert.deepEqual(tidy('src/session/x.ts', `import { connect } from 'node:net';`), [
    `src/session/x.ts:1 imports node:net, but session may import no module of Node.js. ${SESSION}`,
  ]);
  assert.deepEqual(tidy('src/session/x.ts', `import pino from 'pino';`), [
    `src/session/x.ts:1 imports the package pino, but session may import no package. ${SESSION}`,
  ]);
});

test('a module of Node.js that one file loads for all others is imported from there', () => {
  const elsewhere = [
    `import { DatabaseSync } from 'node:sqlite';`,
    `const { DatabaseSync } = await import('node:sqlite');`,
    `const { DatabaseSync } = process.getBuiltinModule('node:sqlite');`,
  ];
  for (const text of elsewhere) {
    assert.deepEqual(tidy('src/store/sqlite/x.ts', text), [
      'src/store/sqlite/x.ts:1 imports node:sqlite, which src/store/sqlite/node-sqlite.ts loads for everybody: import what it exports.',
    ]);
    assert.deepEqual(tidy('src/store/sqlite/node-sqlite.ts', text), []);
  }
  assert.deepEqual(tidy('src/store/sqlite/x.ts', `import type { StatementSync } from 'node:sqlite';`), []);
  assert.match(
    tidy('src/session/x.ts', `process.getBuiltinModule('node:net');`).join(),
    /session may import no module/,
  );
  assert.match(tidy('src/server/x.ts', `process.getBuiltinModule(name);`).join(), /whose name is computed/);
});

test('where types are allowed, values are not', () => {
  assert.deepEqual(tidy('src/store/x.ts', `import type { Message } from '../packet/message.ts';`), []);
  assert.match(
    tidy('src/store/x.ts', `import { remainingExpiry } from '../packet/message.ts';`).join(''),
    /store may import only base, the types of packet and topic\./,
  );
});

test('where a contract is allowed, the rest of the room is not', () => {
  assert.deepEqual(tidy('src/broker/x.ts', `import type { Store } from '../store/contract.ts';`), []);
  assert.equal(tidy('src/broker/x.ts', `import { a } from '../store/a.ts';`).length, 1);
  assert.equal(tidy('src/broker/x.ts', `import { MemoryStore } from '../store/memory/memory-store.ts';`).length, 1);
});

test('a room inside the folder of another is a room of its own', () => {
  assert.deepEqual(tidy('src/store/memory/x.ts', `import type { Store } from '../contract.ts';`), []);
  assert.equal(tidy('src/store/x.ts', `import { MemoryStore } from './memory/memory-store.ts';`).length, 1);
});

test('nothing imports cli, not even a test of another room', () => {
  for (const path of ['src/exports/x.ts', 'test/x.test.ts', 'bench/x.ts', 'src/server/x.test.ts']) {
    const up = '../'.repeat(path.split('/').length - 1);
    assert.deepEqual(tidy(path, `import { a } from '${up}src/cli/a.ts';`), [
      `${path}:1 imports src/cli/a.ts, but nothing imports cli: it is the top.`,
    ]);
  }
});

test('src/ imports nothing from outside of it', () => {
  assert.match(tidy('src/broker/x.ts', `import { a } from '../../test/a.ts';`).join(''), /broker may import only/);
  assert.deepEqual(tidy('src/broker/x.ts', `import { ROOMS } from '../../rooms.ts';`), [
    'src/broker/x.ts:1 imports rooms.ts, which is outside of src/; nothing in src/ does that.',
  ]);
});

test('a test beside a file may also use Node.js, fast-check and every room below', () => {
  const text = `import 'node:test';\nimport 'fast-check';\nimport '../store/memory/memory-store.ts';\n`;
  assert.deepEqual(tidy('src/broker/x.test.ts', text), []);
  assert.equal(tidy('src/broker/x.test.ts', `import '../server/a.ts';`).length, 1, 'but no room above');
  assert.equal(tidy('src/broker/x.ts', text).length, 3, 'and only tests may');
});

test('what is there for tests is imported by tests alone', () => {
  assert.deepEqual(tidy('src/packet/x.ts', `import { packets } from './packet.arbitrary.ts';`), [
    'src/packet/x.ts:1 imports src/packet/packet.arbitrary.ts, which is there for tests only.',
  ]);
  assert.deepEqual(tidy('src/packet/x.test.ts', `import { packets } from './packet.arbitrary.ts';`), []);
});

test('in src/ a module is named, not computed', () => {
  assert.deepEqual(tidy('src/server/x.ts', 'await import(name);'), [
    'src/server/x.ts:1 imports a module whose name is computed, so nobody can see what server imports.',
  ]);
  assert.deepEqual(tidy('scripts/x.ts', 'await import(name);'), []);
});

test('a file of src/ in no room is refused', () => {
  assert.deepEqual(tidy('src/attic/x.ts', ''), [
    'src/attic/x.ts is in no room of rooms.ts: move it into one, or add the row.',
  ]);
});
