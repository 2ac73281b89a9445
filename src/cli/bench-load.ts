// `vouch bench pairs` and its kin: from the command line to a plan, and from the result to a table, JSON or a page.

import { closeSync, openSync, writeFileSync } from 'node:fs';
import { styleText } from 'node:util';

import { OperationError } from '../base/errors.ts';
import type { ConnectOptions } from '../client/options.ts';
import { visible } from '../base/visible.ts';
import type { LoadKind } from '../load/plan.ts';
import { circumstances, circumstancesSentence } from '../load/report/circumstances.ts';
import { planLoad } from '../load/plan-options.ts';
import { type LoadResult, praiseOf, type Stretch } from '../load/load-result.ts';
import { EXIT } from '../server/exit-codes.ts';
import { NODE_RANDOM } from '../server/node-parts.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { type LoadValues, nothingSaid, rowsOf, SENTENCES } from './bench-options.ts';
import { clientOptions } from './connection-options.ts';
import type { OptionTable } from './option-table.ts';
import { Progress } from './progress.ts';
import { stopSignal } from './stop-signal.ts';

/** Makes the command of one kind of load. */
export function loadCommand(kind: LoadKind): Command {
  const rows = rowsOf(kind);
  const name = `vouch bench ${kind}`;
  return defineCommand<OptionTable>(
    {
      command: name,
      sentence: SENTENCES[kind],
      usage: ['URL [options]'],
      options: rows,
      operands: ['URL'],
      examples: examplesOf(kind, name),
      notes: NOTES,
    },
    async (given, [url = '']) => {
      // The rows that the kind has have been read by the types of this very table; of the others nothing was said.
      const values = { ...nothingSaid(), ...given } as LoadValues;
      return await load(kind, url, values);
    },
  );
}

async function load(kind: LoadKind, url: string, values: LoadValues): Promise<number> {
  const plan = planLoad(
    {
      kind,
      connect: connectOptions(url, values),
      clients: values.clients,
      others: kind === 'fanout' ? values.publishers : values.subscribers,
      qos: values.qos,
      payloadBytes: values.size,
      count: values.count,
      seconds: values.seconds,
      rate: values.rate,
      window: values.window,
      ahead: values.ahead,
      opening: values.opening,
      threads: values.threads,
      topic: values.topic,
      isShared: values.shared,
      holdSeconds: values.hold,
      patienceSeconds: values.patience,
    },
    NODE_RANDOM,
  );
  if (values.html !== undefined) checkReport(values.html);
  const [{ runLoad }, report] = await Promise.all([
    import('../load/run-load.ts'),
    import('../load/report/load-report.ts'),
  ]);
  let latest: Stretch | undefined;
  const told = (stretch: Stretch): void => {
    latest = stretch;
  };
  const line = (): string => (latest === undefined ? 'connecting' : report.progressLine(latest));
  const progress = new Progress(process.stderr, !values.quiet, line);
  const measured = circumstances();
  const result = await runLoad(plan, { stop: stopSignal(), progress: told }).finally(() => progress.end());
  const text = values.json
    ? `${JSON.stringify({ ...result, measured })}\n`
    : resultText(result, report.loadRows(result));
  process.stdout.write(text);
  if (values.html !== undefined) {
    const { htmlOf } = await import('../load/report/html-page.ts');
    writeReport(values.html, htmlOf(report.loadPage(result, circumstancesSentence(measured))));
  }
  return result.faults.length === 0 ? EXIT.ok : EXIT.failure;
}

/**
 * Sees to it before a run that its report can be written after it.
 * @throws {OperationError} `file-unavailable`.
 */
export function checkReport(file: string): void {
  inFile(() => closeSync(openSync(file, 'a')));
}

/**
 * Writes a report where somebody wants it.
 * @throws {OperationError} `file-unavailable`.
 */
export function writeReport(file: string, content: string): void {
  inFile(() => writeFileSync(file, content));
}

function inFile(work: () => void): void {
  try {
    work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperationError('file-unavailable', `The report cannot be written: ${reason}.`, undefined, {
      cause: error,
    });
  }
}

function connectOptions(url: string, values: LoadValues): ConnectOptions {
  const options = clientOptions(values);
  return { ...options, url, reconnect: false, keepAliveSeconds: values.keepalive ?? 60 };
}

function resultText(result: LoadResult, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const lines = rows.map(([name, value]) => `${styleText('bold', name.padEnd(width))}${value}`);
  lines.push('');
  if (result.faults.length === 0) lines.push(styleText('green', praiseOf(result)));
  for (const fault of result.faults) lines.push(styleText('red', `${fault}.`));
  for (const [sentence, count] of result.complaints) {
    lines.push(`  ${visible(sentence)}${count > 1 ? ` (${count} times)` : ''}`);
  }
  for (const limit of result.limits) lines.push(styleText('yellow', limit));
  return `${lines.join('\n')}\n`;
}

const NOTES: readonly string[] = [
  'Every message carries the number of its publisher, its own number and the moment when it was due. So it is known of each ' +
    'publisher and each subscriber whether all came, once and in order.',
  'Ctrl-C ends the run, with what is known by then.',
  'Exit codes: 0 all is well; 1 something was lost, refused never acknowledged or out of order, came twice with QoS 0 or 2, or a connection broke; 2 called wrongly.',
];

function examplesOf(kind: LoadKind, name: string): readonly { readonly line: string; readonly sentence: string }[] {
  const first = {
    line: `${name} mqtt://localhost`,
    sentence: `${SENTENCES[kind].replace(/\.$/, '')}, on this machine.`,
  };
  const more: { readonly [Kind in LoadKind]: { readonly line: string; readonly sentence: string } } = {
    pub: {
      line: `${name} mqtt://broker.example -n 100 -q 2 -r 10000 -t 60`,
      sentence: '10,000 a second for a minute.',
    },
    sub: { line: `${name} mqtt://broker.example -n 1 -t 60`, sentence: 'Check for a minute what others publish.' },
    pairs: {
      line: `${name} mqtts://broker.example --cafile ca.pem -n 500 --html report.html`,
      sentence: 'Over TLS, with plots.',
    },
    fanout: { line: `${name} mqtt://localhost -n 1000 -q 0 -s 256`, sentence: 'A thousand subscribers.' },
    fanin: { line: `${name} mqtt://localhost --subscribers 4 --shared`, sentence: 'Four share the work.' },
    conn: {
      line: `${name} wss://broker.example/mqtt -n 10000 -r 500 --hold 60`,
      sentence: '500 a second, over WebSocket.',
    },
    latency: {
      line: `${name} mqtt://localhost -r 5000 -q 2 --html latency.html`,
      sentence: '5,000 a second, with plots.',
    },
  };
  return [first, more[kind]];
}
