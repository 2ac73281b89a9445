// `npm run bench:steady`: does anything grow? Persistent subscribers come, are served, leave for a while and catch up, under
// load, for as long as asked; memory and files are told every ten seconds. Flat is what is hoped for.

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { DURABLE_KINDS, startBroker } from './brokers.ts';
import { compileMqload, runMqload } from './mqload.ts';
import { residentMebibytes } from './thread-cpu.ts';

const HELP = `Usage: npm run bench:steady -- [--minutes N]

Runs a broker on disk under load for N minutes (default 10), and tells its memory and files as it goes.
`;
const SAMPLE_MILLIS = 10_000;
const MEBIBYTE = 2 ** 20;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, help: { type: 'boolean', default: false } },
});
if (values.help) console.log(HELP);
else await steady(Number(values.minutes));

async function steady(minutes: number): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-steady-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const compiled = compileMqload(folder);
  if ('missing' in compiled) return console.log(`Nothing is measured. ${compiled.missing}`);
  const kind = DURABLE_KINDS[0];
  if (kind === undefined) return;
  const broker = await startBroker(kind, folder, 'main-thread');
  const startedAt = performance.now();
  const endAt = startedAt + minutes * 60_000;
  let messages = 0;
  const sampling = setInterval(() => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    console.log(
      `${seconds} s: ${messages.toLocaleString('en')} messages, ${residentMebibytes(broker.pid).toFixed(0)} MiB memory, ${filesIn(folder)}`,
    );
  }, SAMPLE_MILLIS);
  // One absent session that comes back now and then, and pairs that stay.
  const loads = [
    ['pairs', '--persist', '-n', '50', '-w', '10', '-q', '1', '-s', '256', '-m', '4000'],
    ['pairs', '--persist', '-n', '50', '-w', '10', '-q', '2', '-s', '256', '-m', '2000'],
    ['offline', '-P', '50', '-S', '1', '-w', '100', '-q', '1', '-s', '256', '-m', '4000', '--hold', '0'],
  ];
  while (performance.now() < endAt) {
    for (const load of loads) {
      const result = await runMqload(compiled.program, [...load, '-p', `${broker.port}`]);
      if (!result.isOk) throw new Error(result.trouble);
      messages += Number(result.raw['acked'] ?? 0);
    }
  }
  clearInterval(sampling);
  await broker.stop();
}

function filesIn(folder: string): string {
  const data = readdirSync(folder).find((name) => name.startsWith('data-'));
  if (data === undefined) return 'no files';
  return readdirSync(path.join(folder, data))
    .filter((name) => name.startsWith('vouch.db'))
    .map((name) => `${name} ${(statSync(path.join(folder, data, name)).size / MEBIBYTE).toFixed(1)} MiB`)
    .join(', ');
}
