// `npm run soak`: floods against a real broker beside good clients (docs/threats.md). It ends with code 1 when one of them did harm.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { EXIT, runCommand, say, UsageError } from '../test/support/command.ts';
import { startBroker } from './broker-process.ts';
import { halfOpen, returning } from './crowds.ts';
import { Echo } from './echo.ts';
import { FLOODS } from './floods/catalogue.ts';
import { GoodClients } from './good-clients.ts';
import { helpText, readOptions, type SoakOptions } from './options.ts';
import { runFlood } from './run-flood.ts';
import { showFlood } from './show.ts';
import { type FloodMeasure, problemsOf } from './verdict.ts';
import { warmUp } from './warm-up.ts';

/** npm runs scripts in the root of the checkout, wherever they are typed. */
const TYPED_IN = process.env['INIT_CWD'] ?? process.cwd();
/** Until what was just started runs as it will. */
const WARM_UP_MILLIS = 2_000;

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(EXIT.interrupted));
await runCommand('soak', main);

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(helpText());
    return EXIT.ok;
  }
  if (process.platform !== 'linux') throw new UsageError('What a broker costs is read from /proc: this needs Linux.');
  return options.crowd === undefined ? floods(options) : crowd(options);
}

async function floods({ floods: names, seconds, clients, report }: SoakOptions): Promise<number> {
  const measures: FloodMeasure[] = [];
  for (const name of names) {
    // A broker of its own for each: what one leaves behind is not in the next one's way.
    const broker = await startBroker(FLOODS[name].broker);
    const echo = await Echo.start();
    const good = await GoodClients.start(broker.target, clients);
    try {
      await warmUp(broker);
      await wait(WARM_UP_MILLIS);
      const measure = await runFlood({ broker, good, echo }, { name, seconds, onProgress: tell });
      measures.push(measure);
      say(...showFlood(measure), '');
    } finally {
      echo.stop();
      await good.stop();
      await broker.stop();
    }
  }
  const bad = measures.filter((measure) => problemsOf(measure).length > 0);
  say(
    bad.length === 0
      ? `${measures.length} floods, and none did harm.`
      : `${bad.length} of ${measures.length} floods did harm: ${bad.map(({ name }) => name).join(', ')}.`,
  );
  write(
    report,
    measures.map((measure) => ({ ...measure, problems: problemsOf(measure) })),
  );
  return bad.length === 0 ? EXIT.ok : EXIT.wrong;
}

async function crowd({ crowd: which, crowdSize, report }: SoakOptions): Promise<number> {
  const result = await (which === 'half-open' ? halfOpen : returning)(crowdSize, tell);
  say(...result.lines, ...result.problems.map((problem) => `WRONG: ${problem}`));
  write(report, result);
  return result.problems.length === 0 ? EXIT.ok : EXIT.wrong;
}

function write(file: string | undefined, result: unknown): void {
  if (file !== undefined) writeFileSync(path.resolve(TYPED_IN, file), `${JSON.stringify(result, undefined, 2)}\n`);
}

/** What is going on: for who watches. */
function tell(sentence: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${sentence}\n`);
}
