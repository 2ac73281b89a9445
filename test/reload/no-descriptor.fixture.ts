// Reads users, rules and certificates again while the process has no descriptor left, and once more when it has some: prints the results.

import { closeSync, openSync, writeFileSync } from 'node:fs';

import { createBroker } from '../../src/exports/broker.ts';

const [passwordFile = '', rulesFile = '', users = '', rules = '', cert = '', key = ''] = process.argv.slice(2);
const broker = createBroker({ passwordFile, rulesFile });
await broker.listen({ port: 0, tls: { cert, key } });
writeFileSync(passwordFile, users);
writeFileSync(rulesFile, rules);
const held: number[] = [];
try {
  for (;;) held.push(openSync('/dev/null', 'r'));
} catch {
  // There is none left.
}
const without = broker.reload();
for (const descriptor of held) closeSync(descriptor);
const withSome = broker.reload();
for (const { what, result, remarks } of [...without, ...withSome]) {
  process.stdout.write(`${[what, result, ...remarks].join(' | ')}\n`);
}
await broker.close();
