// The pages that are made from the code: what options there are, and what errors; and those that show programs of examples/.
// `npm run docs` rewrites them; test/docs.test.ts fails when a committed page is not current.

import { readFileSync } from 'node:fs';
import path from 'node:path';

import { conformancePage } from '../conformance/page.ts';
import { ERROR_CODES } from '../src/base/errors.ts';
import { LOADS, SYSTEM_ROOT, SYSTEM_VALUES } from '../src/broker/system-values.ts';
import { CONFIG_VARIABLE } from '../src/config/read-config.ts';
import { REDIRECT_ROWS } from '../src/config/redirect-rows.ts';
import type { OptionName } from '../src/config/schema.ts';
import { LISTENER_ROWS } from '../src/config/listener-rows.ts';
import { OPTION_NAMES, ROWS, showValue } from '../src/config/schema.ts';
import { environmentNameOf, flagOf } from '../src/config/spelling.ts';
import { EXIT, EXIT_SENTENCES } from '../src/server/exit-codes.ts';
import { FAULTS, THREATS } from '../test/threats/verdicts.ts';
import { fillExamples } from './example-blocks.ts';

/** The checkout. */
export const ROOT: string = path.resolve(import.meta.dirname, '..');

/** Every page that is made from the code, and its text. */
export const PAGES: ReadonlyMap<string, () => string> = new Map([
  ['docs/configuration.md', configurationPage],
  ['docs/errors.md', errorsPage],
  ['docs/system-topics.md', systemTopicsPage],
  ['docs/conformance.md', conformancePage],
  ['docs/threats.md', threatsPage],
  ['docs/client.md', () => pageWithExamples('docs/client.md')],
  ['README.md', () => pageWithExamples('README.md')],
]);

/** The pages whose file does not hold the text that it should. */
export function stalePages(): readonly string[] {
  return [...PAGES].filter(([file, text]) => textOf(file) !== text()).map(([file]) => file);
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(path.join(ROOT, file), 'utf8');
  } catch {
    return undefined;
  }
}

function pageWithExamples(file: string): string {
  const read = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');
  return fillExamples(read(file), read);
}

function configurationPage(): string {
  const groups = Map.groupBy(OPTION_NAMES, (name) => ROWS[name].group);
  const sections = [...groups].map(([group, names]) => `## ${group}\n\n${optionTable(names)}`);
  return `# Configuration

<!-- Made from src/config/schema.ts by \`npm run docs\`; edits here are overwritten. -->

Vouch needs no configuration: \`vouch start\` listens on 127.0.0.1:1883, for this machine only, and keeps everything in \`./data\`.
Every option may stand in three places; a flag overrules the environment, and the environment the file.

| place | how \`logLevel\` is spelled there |
|---|---|
| flag | \`${flagOf('logLevel')} debug\` |
| environment | \`${environmentNameOf('logLevel')}=debug\` |
| YAML file, named with \`--config FILE\` or \`${CONFIG_VARIABLE}=FILE\` | \`logLevel: debug\` |

\`vouch start --check\` checks all of them, prints every option with its value and where that came from, and exits:
with 0 when all is well, with 2 when something is wrong. Whatever is wrong is said at once, as
\`path:line:column: what is wrong; what to do\`. An unknown option is an error, never ignored.

- A **duration** is written \`250 ms\`, \`10 s\`, \`5 min\`, \`2 h\` or \`30 days\`; a plain number is seconds.
- A **size** is written \`512 B\`, \`64 KiB\`, \`16 MiB\` or \`1 GiB\` (\`kB\`, \`MB\` and \`GB\` are powers of 1000); a plain number is bytes.
- A **switch** is \`true\` or \`false\`; as a flag it is \`${flagOf('quiet')}\` or \`${flagOf('quiet').replace('--', '--no-')}\`.
- An empty environment variable counts as not set.

A file:

\`\`\`yaml
# Two doors: one for this machine, one for everybody. Nobody is asked who they are, and so this must be said.
listeners:
  - port: 1883
  - host: 0.0.0.0
    port: 1884
allowAnonymous: true
data: /var/lib/vouch
logLevel: info
packetBytesMax: 1 MiB
sessionExpiryMax: 7 days
\`\`\`

${sections.join('\n\n')}

## A listener

Each item of \`listeners\` in the file has these keys. As a flag or in the environment a listener is a URL:
\`${flagOf('listeners')} mqtt://127.0.0.1:1883,mqtt://[::1]:1883\`.
\`port\` and \`host\` stand for a list of one: from a stronger place than the list they replace it, in the same place they contradict it.

${table(
  ['key', 'what it is for', 'takes', 'default'],
  Object.entries(LISTENER_ROWS).map(([name, row]) => [
    `\`${name}\``,
    row.sentence,
    row.takes,
    String(row.default) === '' ? '' : `\`${String(row.default)}\``,
  ]),
)}

## A redirect

Each item of \`redirects\` in the file has these keys. As a flag or in the environment it is a text:
\`${flagOf('redirects')} 'eu-*=eu.example:1883, *=other.example permanently'\`.

${table(
  ['key', 'what it is for', 'takes', 'default'],
  Object.entries(REDIRECT_ROWS).map(([name, row]) => [
    `\`${name}\``,
    row.sentence,
    row.takes,
    row.default === '' ? '' : `\`${row.default}\``,
  ]),
)}
`;
}

function optionTable(names: readonly OptionName[]): string {
  const rows = names.map((name) => {
    const { sentence, takes, short, since, default: usual } = ROWS[name];
    const shown = showValue(name, usual);
    const letter = short === undefined ? '' : ` (\`-${short}\`)`;
    return [`\`${name}\`${letter}`, sentence, takes, shown === '' ? '' : `\`${shown}\``, since];
  });
  return table(['option', 'what it is for', 'takes', 'default', 'since'], rows);
}

function errorsPage(): string {
  const codes = Object.entries(ERROR_CODES).map(([code, sentence]) => [`\`${code}\``, sentence]);
  const names: readonly (keyof typeof EXIT)[] = [
    'ok',
    'failure',
    'usage',
    'timedOut',
    'bug',
    'storeFailed',
    'interrupted',
    'terminated',
  ];
  const exits = names.map((name) => [String(EXIT[name]), EXIT_SENTENCES[name]]);
  return `# Errors

<!-- Made from src/base/errors.ts and src/server/exit-codes.ts by \`npm run docs\`; edits here are overwritten. -->

Match on an error's \`code\`; its text may change. Its class says whose turn it is:

- \`UsageError\`: yours. The call cannot be; fix it.
- \`OperationError\`: the world's. The network, the disk or the other side did not do its part; \`reasonCode\` is the MQTT
  reason code that came with it, if one did.
- \`ProtocolError\`: the peer's. It broke a rule of MQTT; \`statement\` names the rule as the specification does.

## Codes

${table(['code', 'what it means'], codes)}

## Exit codes

Of every \`vouch\` command:

${table(['code', 'what it means'], exits)}
`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return lines.join('\n');
}

function threatsPage(): string {
  const tests = THREATS.filter(({ notHere }) => notHere === undefined).length;
  return `# Known attacks, and what becomes of them

<!-- Made from test/threats/verdicts.ts by \`npm run docs\`; edits here are overwritten. -->

What has broken MQTT brokers, by their advisories, change logs and issues, and what becomes of it here. ${tests} of the ${THREATS.length} rows have a test whose name
begins with the number of the row (\`threat 41: ...\`), most of them over TCP, TLS, WebSocket and both together, for MQTT 3.1, 3.1.1 and 5.0 (\`test/threats/\`); the others
say why there is nothing to attack. Floods are run for a second each by \`npm test\`, and for as long as you like by \`npm run soak\` ([testing.md](testing.md#floods)).
Who attacks, what is protected and what is not, and how to harden a broker: [security.md](security.md).

${table(
  ['#', 'attack', 'verdict', 'seen at'],
  THREATS.map(({ row, seen, attack, verdict, notHere }) => [
    String(row),
    attack,
    notHere === undefined ? verdict : `does not apply: ${notHere}`,
    seen,
  ]),
)}

## Faults

What goes wrong without anybody's will.

${table(
  ['fault', 'what the broker does', 'shown by'],
  FAULTS.map(({ fault, verdict, shownBy }) => [fault, verdict, shownBy === undefined ? '' : `\`${shownBy[0]}\``]),
)}
`;
}

function systemTopicsPage(): string {
  const topics = (rows: typeof SYSTEM_VALUES.known): string =>
    table(
      [`topic below \`${SYSTEM_ROOT}\``, 'value'],
      Object.entries(rows).map(([name, [sentence]]) => [`\`${name}\``, sentence]),
    );
  const loads = Object.keys(LOADS)
    .map((name) => `\`${name}\``)
    .join(', ');
  return `# What the broker says of itself: \`$SYS\`

<!-- Made from src/broker/system-values.ts by \`npm run docs\`; edits here are overwritten. -->

The broker publishes what it counts below \`${SYSTEM_ROOT}\`, as retained messages of QoS 0: all of it to whoever subscribes, and from then on
what has changed, every \`systemTopicsInterval\` (10 s; 0 switches it off).

    vouch sub '$SYS/broker/#'

Filters that begin with a wildcard do not match these topics [MQTT-4.7.2-1], clients cannot publish to them, and they are neither in the store nor counted as retained
messages. Whoever may subscribe to them is a matter of authorization like any other: \`subscribe\` for the filter and \`receive\` for each topic. Counters begin at 0 with
the process.

Where there are rules ([rules.md](rules.md)), \`rules/NAME/allowed\` and \`rules/NAME/refused\` say how often each has decided since the start, from its first decision on.

## Names that other brokers have, too

These topics have the names and units that users of Mosquitto know.

${topics(SYSTEM_VALUES.known)}

\`load/NAME/1min\`, \`load/NAME/5min\` and \`load/NAME/15min\` say how much of something there was per minute, averaged over the last one, five and fifteen minutes as
the load averages of Unix are. The names: ${loads}.

## Names of Vouch

${topics(SYSTEM_VALUES.ours)}
`;
}
