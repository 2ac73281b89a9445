// What the end-to-end bench prints: the machine, and one table of all brokers beside each other.

import { arch, cpus, release, totalmem } from 'node:os';
import type { LoadResult } from './mqload.ts';
import type { Scenario } from './scenarios.ts';

/** All runs of one scenario against one broker. */
export interface Measured {
  readonly scenario: Scenario;
  readonly broker: string;
  readonly runs: readonly LoadResult[];
}

/** A broker as the table's head names it. */
export interface NamedBroker {
  readonly name: string;
  readonly version: string;
}

/** The machine, as a figure needs it to be understood. */
export function machineFacts(): Readonly<Record<string, string | number>> {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${release()} ${arch()}`,
    node: process.version,
  };
}

/** The median of a scenario's good runs. `undefined`: there was none. */
function medianFigure(measured: Measured): { readonly figure: number; readonly perSecond: number } | undefined {
  const good = measured.runs.filter((run) => run.isOk);
  if (good.length < measured.runs.length || good.length === 0) return undefined;
  const byFigure = good.toSorted((a, b) => figureOf(measured.scenario, a) - figureOf(measured.scenario, b));
  const middle = byFigure[Math.floor((byFigure.length - 1) / 2)];
  if (middle === undefined) return undefined;
  return { figure: figureOf(measured.scenario, middle), perSecond: middle.deliveriesPerSecond };
}

/** The table: a row per scenario; per broker its figure, its rate, and how many times the first broker's figure it is. */
export function renderTable(
  scenarios: readonly Scenario[],
  brokers: readonly NamedBroker[],
  all: readonly Measured[],
): string {
  const head = [
    '',
    ...brokers.flatMap(({ name, version }, at) => [`${name} ${version}`, 'msg/s', ...(at > 0 ? ['x'] : [])]),
  ];
  const rows = scenarios.map((scenario) => {
    const cells = brokers.map(({ name }) => all.find((one) => one.scenario === scenario && one.broker === name));
    const first = cells[0] === undefined ? undefined : medianFigure(cells[0])?.figure;
    return [scenario.title, ...cells.flatMap((cell, at) => cellTexts(cell, at > 0, first))];
  });
  return aligned([head, ...rows]);
}

/** What went wrong where, a line each. */
export function renderTroubles(all: readonly Measured[]): string {
  return all
    .flatMap(({ scenario, broker, runs }) =>
      runs.filter((run) => !run.isOk).map((run) => `${broker}, ${scenario.name}: ${run.trouble}`),
    )
    .join('\n');
}

function cellTexts(measured: Measured | undefined, hasRatio: boolean, first: number | undefined): string[] {
  const ratio = (text: string): string[] => (hasRatio ? [text] : []);
  if (measured === undefined) return ['-', '-', ...ratio('-')];
  const median = medianFigure(measured);
  if (median === undefined) return ['not ok', '-', ...ratio('-')];
  const isBytes = measured.scenario.figure === 'bytes';
  return [
    isBytes ? `${Math.round(median.figure).toLocaleString('en')} B` : `${median.figure.toFixed(2)} us`,
    isBytes ? '-' : Math.round(median.perSecond).toLocaleString('en'),
    ...ratio(first === undefined || first === 0 ? '-' : (median.figure / first).toFixed(1)),
  ];
}

function figureOf(scenario: Scenario, run: LoadResult): number {
  return scenario.figure === 'bytes' ? run.bytesPerConnection : run.brokerMicrosPerDelivery;
}

/** Columns under each other; the first one to the left. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((text, column) => (column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
