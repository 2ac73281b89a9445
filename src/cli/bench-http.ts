// `vouch bench http`: MQTT measured against HTTP, with everything that takes part on this machine: a broker, web servers, clients, networks.

import { styleText } from 'node:util';

import { EXIT } from '../server/exit-codes.ts';
import { checkReport, writeReport } from './bench-load.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { integer, type Option, switchOption, text, type ValuesOf, valueOption, withDefault } from './option-table.ts';
import { Progress } from './progress.ts';
import { stopSignal } from './stop-signal.ts';

const NAME = 'vouch bench http';

type HttpOptions = {
  readonly quick: Option<boolean>;
  readonly seed: Option<number>;
  readonly json: Option<boolean>;
  readonly html: Option<string | undefined>;
  readonly quiet: Option<boolean>;
};

const OPTIONS: HttpOptions = {
  quick: switchOption({ group: 'Comparison', sentence: 'A small one of half a minute, for a look.' }),
  seed: withDefault(
    valueOption(
      {
        metavar: 'NUMBER',
        group: 'Comparison',
        sentence: 'When messages come and connections break, for all rivals alike.',
      },
      integer(0, 4_294_967_295),
    ),
    1,
  ),
  json: switchOption({ group: 'Output', sentence: 'Print the result as JSON.' }),
  html: valueOption(
    { metavar: 'FILE', group: 'Output', sentence: 'Write a report with plots: one file that needs nothing else.' },
    text,
  ),
  quiet: switchOption({ group: 'Output', sentence: 'Tell nothing of the progress.' }),
};

/** `vouch bench http`. */
export const command: Command = defineCommand(
  {
    command: NAME,
    sentence: 'Measures MQTT against HTTP: bytes, time, what arrives over a bad network, and what it costs.',
    usage: ['[options]'],
    options: OPTIONS,
    examples: [
      { line: `${NAME} --quick`, sentence: 'A look at it.' },
      { line: `${NAME} --html report.html`, sentence: 'All of it, in about six minutes, with plots.' },
    ],
    notes: [
      'MQTT with QoS 0, 1 and 2 against HTTPS with a new connection for each message, HTTPS that is kept alive, and HTTP/2; all with ' +
        'TLS 1.3, through a pass-through on this machine that counts bytes and can be as slow and unreliable as a mobile network. ' +
        'docs/mqtt-vs-http.md tells what is measured and what is not.',
      'Rivals take turns until the verdicts are clear, so that a second run comes to the same ones; on a busy machine that takes longer.',
      'Ctrl-C ends it after the trial under way, with what is known by then. Exit codes: 0 done, 1 it could not be measured, 2 called wrongly.',
    ],
  },
  run,
);

async function run({ quick, seed, json, html, quiet }: ValuesOf<HttpOptions>): Promise<number> {
  if (html !== undefined) checkReport(html);
  const [{ compare }, report] = await Promise.all([
    import('../load/http/compare.ts'),
    import('../load/http/comparison-report.ts'),
  ]);
  let line = 'starting a broker and web servers';
  const told = (turn: string, done: number, all: number): void => {
    line = `trial ${done + 1} of ${all}: ${turn}`;
  };
  const progress = new Progress(process.stderr, !quiet, () => line);
  const comparison = await compare({ isQuick: quick, seed, stop: stopSignal(), progress: told }).finally(() =>
    progress.end(),
  );
  if (html !== undefined) {
    const { htmlOf } = await import('../load/report/html-page.ts');
    writeReport(html, htmlOf(report.comparisonPage(comparison)));
  }
  if (json) {
    process.stdout.write(`${JSON.stringify(comparison)}\n`);
    return EXIT.ok;
  }
  const lines = [report.conditions(comparison)];
  for (const table of report.comparisonTables(comparison)) {
    lines.push('', styleText('bold', table.heading), ...report.textTable(table));
  }
  process.stdout.write(`${lines.join('\n')}\n`);
  return EXIT.ok;
}
