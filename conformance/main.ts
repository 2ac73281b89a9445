// `npm run conformance`: holds a broker against the statements of MQTT 5.0 and 3.1.1 (conformance/check.ts says how), Vouch
// and its client unless it is given an address. It ends with code 1 when a statement does not hold.

import { writeFileSync } from 'node:fs';

import { hasFailed, judge } from './command/judge.ts';
import { type ConformanceOptions, helpText, readOptions } from './command/options.ts';
import { Progress } from './command/progress.ts';
import { reportOf, reportText } from './command/report.ts';
import { showRows, showSummary } from './command/show.ts';
import { brokerAt, startVouch, type Target, unspokenVersions } from './command/targets.ts';
import type { Version } from './check.ts';
import { EXIT, runCommand, say, UsageError } from '../test/support/command.ts';

const progress = new Progress(process.stderr);
await runCommand('conformance', main, () => progress.clear());

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(helpText());
    return EXIT.ok;
  }
  const unspoken = await unspokenBy(options);
  const target = options.url === undefined ? await startVouch() : brokerAt(options.url, nameOf(options.url));
  try {
    const rows = await judge(target, { ...options, unspoken }, progress);
    say(...showRows(rows), `${target.name} ${target.version}`.trim(), ...showSummary(rows));
    if (options.report !== undefined) write(options.report, target, rows);
    return hasFailed(rows) ? EXIT.wrong : EXIT.ok;
  } finally {
    await target.close();
  }
}

/** @throws {UsageError} when the broker speaks none of them, or is not there. */
async function unspokenBy({ url, versions }: ConformanceOptions): Promise<ReadonlyMap<Version, string>> {
  if (url === undefined) return new Map();
  const unspoken = await unspokenVersions(url, versions);
  if (unspoken.size < versions.length) return unspoken;
  throw new UsageError(`${nameOf(url)} cannot be played with. ${Array.from(new Set(unspoken.values())).join(' ')}`);
}

function nameOf({ host, port }: NonNullable<ConformanceOptions['url']>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function write(file: string, target: Target, rows: Parameters<typeof reportOf>[1]): void {
  try {
    writeFileSync(file, reportText(reportOf(target, rows, true)));
  } catch (error) {
    throw new UsageError(`The report cannot be written. ${error instanceof Error ? error.message : ''}`, {
      cause: error,
    });
  }
  say('', `The report is in ${file}`);
}
