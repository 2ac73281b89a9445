// A report as one HTML file that needs nothing else: no network, no other file. The charts are drawn by uPlot, whose code and style are
// put into the page; the data is put beside them as JSON.
//
// Invariant: nothing that came from outside, such as a broker's URL, is taken for HTML or for code.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One page. */
export interface HtmlPage {
  readonly title: string;
  readonly sentence: string;
  readonly sections: readonly HtmlSection[];
}

/** A part of a page, with whichever of these it has. */
export interface HtmlSection {
  readonly heading: string;
  readonly sentences: readonly string[];
  readonly table: HtmlTable | undefined;
  readonly charts: readonly Chart[];
}

/** A table; the first cell of each row is its name. */
export interface HtmlTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A chart over one x axis. */
export interface Chart {
  readonly title: string;
  readonly kind: 'lines' | 'steps' | 'bars';
  readonly xLabel: string;
  readonly yLabel: string;
  /** Numbers, rising; with `bars` 0, 1, 2 and so on. */
  readonly x: readonly number[];
  /** What stands under each bar; with `lines` and `steps` empty. */
  readonly names: readonly string[];
  readonly isLogarithmic: boolean;
  readonly series: readonly ChartSeries[];
}

/** A line of a chart. `null`: nothing is known there. */
export interface ChartSeries {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

/** The page as text. */
export function htmlOf(page: HtmlPage): string {
  let chartCount = 0;
  const charts: Chart[] = [];
  const place = (chart: Chart): string => {
    charts.push(chart);
    return `<figure><figcaption>${escapeText(chart.title)}</figcaption><div id="chart${chartCount++}"></div></figure>`;
  };
  const sections = page.sections.map((section) =>
    [
      `<section><h2>${escapeText(section.heading)}</h2>`,
      ...section.sentences.map((sentence) => `<p>${escapeText(sentence)}</p>`),
      section.table === undefined ? '' : tableOf(section.table),
      ...section.charts.map(place),
      '</section>',
    ].join('\n'),
  );
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeText(page.title)}</title>`,
    `<style>${readDistribution('uplot/dist/uPlot.min.css')}\n${STYLE}</style>`,
    '</head><body><main>',
    `<h1>${escapeText(page.title)}</h1><p>${escapeText(page.sentence)}</p>`,
    ...sections,
    '</main>',
    `<script type="application/json" id="charts">${escapeJson(charts)}</script>`,
    `<script>${readDistribution('uplot/dist/uPlot.iife.min.js')}</script>`,
    `<script>${DRAW}</script>`,
    '</body></html>\n',
  ].join('\n');
}

function tableOf({ columns, rows }: HtmlTable): string {
  const head = columns.map((column) => `<th>${escapeText(column)}</th>`).join('');
  const body = rows.map(
    ([name = '', ...cells]) =>
      `<tr><th>${escapeText(name)}</th>${cells.map((cell) => `<td>${escapeText(cell)}</td>`).join('')}</tr>`,
  );
  return `<div class="table"><table><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** JSON that cannot end the element it stands in. */
function escapeJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function readDistribution(file: string): string {
  return readFileSync(fileURLToPath(import.meta.resolve(file)), 'utf8');
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; } main { max-width: 72rem; margin: 0 auto; padding: 1rem 1.5rem 4rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
.table { overflow-x: auto; } .table table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
.table th, .table td { padding: .25rem .8rem; border-bottom: 1px solid #8884; text-align: right; white-space: nowrap; }
.table th:first-child { text-align: left; font-weight: 600; }
figure { margin: 1.5rem 0; } figcaption { font-weight: 600; }
.uplot, .u-legend { font-family: inherit; } .u-legend { font-size: .85rem; }
`;

/** Runs in the page: hands every chart to uPlot. */
const DRAW = `
const dark = matchMedia('(prefers-color-scheme: dark)').matches;
const ink = dark ? '#ddd' : '#222', lines = dark ? '#ffffff22' : '#00000018';
const colours = ['#3b82f6', '#f97316', '#10b981', '#a855f7', '#ef4444', '#eab308', '#06b6d4', '#84cc16'];
const charts = JSON.parse(document.getElementById('charts').textContent);
charts.forEach((chart, index) => {
  const place = document.getElementById('chart' + index);
  const isBars = chart.kind === 'bars';
  const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
  const paths = isBars ? uPlot.paths.bars({ size: [0.7, 80] }) : chart.kind === 'steps' ? uPlot.paths.stepped({ align: 1 }) : undefined;
  const axis = { stroke: ink, grid: { stroke: lines }, ticks: { stroke: lines } };
  new uPlot({
    width: Math.max(320, Math.min(1040, place.clientWidth || 1040)), height: 280,
    scales: {
      x: { time: false, range: isBars ? (u, low, high) => [low - 0.6, high + 0.6] : undefined },
      y: chart.isLogarithmic ? { distr: 3 } : { range: (u, low, high) => [0, high > 0 ? high * 1.05 : 1] },
    },
    axes: [
      { ...axis, label: chart.xLabel, ...(isBars ? { splits: () => chart.x, values: () => chart.names, size: 60, grid: { show: false } } : {}) },
      { ...axis, label: chart.yLabel, size: 70, values: (u, ticks) => ticks.map((tick) => tick === null ? '' : compact.format(tick)) },
    ],
    series: [
      { label: chart.xLabel, value: (u, v) => v === null ? '' : isBars ? chart.names[v].replace('\\n', ' ') : v.toFixed(2) },
      ...chart.series.map((series, at) => ({
        label: series.name, stroke: colours[at % colours.length], width: 2, paths,
        fill: isBars ? colours[at % colours.length] + '99' : undefined, points: { show: false }, spanGaps: false,
        value: (u, v) => v === null ? '' : compact.format(v),
      })),
    ],
  }, [chart.x, ...chart.series.map((series) => series.values)], place);
});
`;
