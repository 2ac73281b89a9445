// docs/conformance.md: every statement, what it demands, and what the suite saw of Vouch and of its peers. Made from the table of
// statements and from conformance/verdicts/*.json, which `npm run conformance:peers` writes.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { VERSIONS, type Version } from './check.ts';
import type { Report, StatementReport } from './command/report.ts';
import { REQUIREMENTS, type Requirement } from './requirements.ts';

type Side = StatementReport['side'];
type Verdict = StatementReport['verdict'];

/** Who is on the page, in the order of the columns. */
const BROKERS = ['vouch', 'mosquitto', 'aedes'] as const;

/** How a verdict is written. */
const WORDS: { readonly [Kind in Verdict]: string } = {
  pass: '✓',
  fail: '**✗**',
  'not-offered': 'not offered',
  'not-observable': '–',
  'other-set-up': 'other set-up',
  'no-check': '',
};

/** One column. */
interface Column {
  readonly name: string;
  readonly title: string;
  readonly verdicts: ReadonlyMap<string, StatementReport>;
}

/** The text of the page. */
export function conformancePage(): string {
  const columns = BROKERS.map(readColumn);
  return `# Conformance

<!-- Made from conformance/requirements.ts and conformance/verdicts/ by \`npm run docs\`; edits here are overwritten. -->

Every normative statement of MQTT 5.0 and 3.1.1, in our own words, and what a suite of checks saw of it: raw bytes over real connections, sent to Vouch and, by the same suite, to
two other brokers as they come. The client's half of a statement is checked with the client of Vouch and a scripted broker.

    npm run conformance                                        # Vouch, every set-up, broker and client
    npm run conformance -- --url mqtt://127.0.0.1:1883         # any broker
    npm run conformance -- --only MQTT-3.3.1-9                 # one statement, with the bytes where it fails
    npm run conformance:peers                                  # all three, and the files that this page is made from

Each check has been red: \`npm test\` plays it with Vouch and once more through a liar, a relay that breaks just the statement in question, which it must find out
(\`conformance/liar/\`). Where the specification leaves a choice, either is right.

${summary(columns)}

✓ every check of it passed. **✗** one did not: why is said below the tables. – nothing can be seen of it from outside: why is said there, too. *not offered*: the broker lacks, as it may, what
the statement is about, and says so. *other set-up*: only a broker that is set up for it shows it, and these brokers were played as they come.

${VERSIONS.map((version) => chapter(version, columns)).join('\n\n')}

## Where a green mark needs a word

- MQTT-3.2.2-4: a client that asked for a new session closes when it is told of an old one. One that asks for its session (\`clean: false\`) without a \`store\` goes on with what an earlier process left at the
  broker: of that process it has no state but the wish to go on, and those who start \`vouch sub -c\` again rely on it.
- MQTT-4.5.0-2 (3.1.1): with \`clean: false\`, messages that neither a subscription of this process nor \`onMessage\` takes are not acknowledged until somebody subscribes: an acknowledgement would end the broker's
  promise for a message that nobody has. With a clean session, where they can be of no earlier process, they are acknowledged at once.

## Of which nothing can be seen

${reasons(columns.slice(0, 1), 'not-observable')}

## What failed

${reasons(columns, 'fail')}
`;
}

function readColumn(name: string): Column {
  const file = path.join(import.meta.dirname, 'verdicts', `${name}.json`);
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report; // Written by report.ts.
  const verdicts = new Map(report.statements.map((row) => [keyOf(row.version, row.id, row.side), row]));
  const title = name === 'vouch' ? 'Vouch' : `${report.peer.name} ${report.peer.version}`;
  return { name, title, verdicts };
}

function keyOf(version: string, id: string, side: Side): string {
  return `${version} ${id} ${side}`;
}

/** How many of what. */
function summary(columns: readonly Column[]): string {
  const kinds = (Object.keys(WORDS) as Verdict[]).filter((kind) => kind !== 'no-check'); // The keys of a literal.
  const lines = VERSIONS.flatMap((version) =>
    columns.flatMap((column) =>
      sidesOf(column).map((side) => {
        const rows = [...column.verdicts.values()].filter((row) => row.version === version && row.side === side);
        const counts = kinds.map((kind) => rows.filter(({ verdict }) => verdict === kind).length);
        return `| ${version} | ${column.title}, ${side} | ${rows.length} | ${counts.join(' | ')} |`;
      }),
    ),
  );
  return [
    `| version | | statements | ${kinds.map((kind) => WORDS[kind]).join(' | ')} |`,
    `| --- | --- | --: |${' --: |'.repeat(kinds.length)}`,
    ...lines,
  ].join('\n');
}

function sidesOf({ name }: Column): readonly Side[] {
  return name === 'vouch' ? ['server', 'client'] : ['server'];
}

function chapter(version: Version, columns: readonly Column[]): string {
  const rows = REQUIREMENTS.filter((row) => row.version === version);
  const parts = [...Map.groupBy(rows, ({ section }) => section.split('.').slice(0, 2).join('.'))];
  return [`## MQTT ${version}`, ...parts.map(([section, list]) => sectionTable(section, list, columns))].join('\n\n');
}

function sectionTable(section: string, rows: readonly Requirement[], columns: readonly Column[]): string {
  const titles = [
    'statement',
    'binds',
    'what must be',
    'Vouch server',
    'Vouch client',
    ...columns.slice(1).map(({ title }) => title),
  ];
  const lines = rows.map((row) => {
    const cells = columns.flatMap((column) => sidesOf(column).map((side) => cell(column, row, side)));
    return `| ${[row.id, row.binds, row.says, ...cells].join(' | ')} |`;
  });
  return [
    `### Section ${section}`,
    '',
    `| ${titles.join(' | ')} |`,
    `|${' --- |'.repeat(titles.length)}`,
    ...lines,
  ].join('\n');
}

function cell(column: Column, { version, id }: Requirement, side: Side): string {
  const row = column.verdicts.get(keyOf(version, id, side));
  return row === undefined ? '' : WORDS[row.verdict];
}

/** Every verdict of a kind with its reason; the same reason is said once. */
function reasons(columns: readonly Column[], kind: Verdict): string {
  const lines = columns.flatMap((column) => {
    const rows = [...column.verdicts.values()].filter(({ verdict }) => verdict === kind);
    const byReason = Map.groupBy(rows, (row) => `${nameOf(column, row)}: ${reasonOf(row)}`);
    return [...byReason].map(
      ([reason, list]) => `- ${list.map(({ version, id }) => `${id} (${version})`).join(', ')}: ${reason}`,
    );
  });
  return lines.length === 0 ? 'Nothing.' : lines.join('\n');
}

function nameOf(column: Column, { side }: StatementReport): string {
  return column.name === 'vouch' ? side : column.title;
}

function reasonOf({ why, checks }: StatementReport): string {
  if (why !== undefined) return why;
  const failed = checks.filter(({ outcome }) => outcome === 'failed');
  return failed.map((check) => `${check.claim}: ${check.why ?? ''}`).join('; ');
}
