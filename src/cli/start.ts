// `vouch start`: runs the broker. The options are the rows of config/schema.ts; here they only become
// flags. What is wrong with them is told all at once, with exit code 2. What only a running broker needs
// is imported when it runs, so that `--help` and `--check` answer at once.

import { hasAnySource } from '../auth/sources.ts';
import type { Log, LogLevel } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import { showListener } from '../config/listener-address.ts';
import { asSentence, showProblem } from '../config/problem.ts';
import { CONFIG_VARIABLE, readConfig } from '../config/read-config.ts';
import type { OptionName } from '../config/schema.ts';
import { OPTION_NAMES, ROWS, showValue } from '../config/schema.ts';
import { endOnBug } from '../server/bug.ts';
import { EXIT } from '../server/exit-codes.ts';
import { obeyHangUp } from '../server/hang-up.ts';
import type { LogOutput } from '../server/log-output.ts';
import { warnOfOpenDoor } from '../server/open-doors.ts';
import type { ServerAudience } from '../server/start-server.ts';
import { endOnStoreFailure } from '../server/store-failure.ts';
import { firstSignal, unlessStopped, untilStopped } from '../server/until-stopped.ts';
import { readVersion } from '../server/version.ts';
import type { StartFacts } from './banner.ts';
import { bannerText, startFields } from './banner.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { effectiveConfigText } from './effective-config.ts';
import type { Option, ValuesOf } from './option-table.ts';
import { switchOption, text, valueOption } from './option-table.ts';

/** How long the last log lines may take to be read. */
const LOG_CLOSE_MILLIS_MAX = 1000;

type RowOptions = { readonly [Name in OptionName]: Option<string | undefined> };
type StartOptions = { readonly config: Option<string | undefined>; readonly check: Option<boolean> } & RowOptions;

const OPTIONS: StartOptions = {
  config: valueOption(
    {
      short: 'c',
      metavar: 'FILE',
      group: 'Configuration',
      sentence: `A YAML file with any of the options below, such as "port: 1884". Also ${CONFIG_VARIABLE}.`,
    },
    text,
  ),
  check: switchOption({
    group: 'Configuration',
    sentence: 'Check the configuration, print it with where each value comes from, and exit.',
  }),
  // One option per row, under its name.
  ...(Object.fromEntries(OPTION_NAMES.map((name) => [name, rowOption(name)])) as RowOptions),
};

/** `vouch start`. */
export const command: Command = defineCommand(
  {
    command: 'vouch start',
    sentence: 'Runs the broker until it is told to stop (Ctrl-C, SIGTERM).',
    usage: ['[options]'],
    options: OPTIONS,
    examples: [
      { line: 'vouch start', sentence: 'Listen on 127.0.0.1:1883, for this machine only, with the data in ./data.' },
      { line: 'vouch start --data /var/lib/vouch', sentence: 'Keep the data there; it outlives the broker.' },
      { line: 'vouch start --store memory -p 0', sentence: 'Keep nothing, listen on any free port, and say which.' },
      {
        line: 'vouch start --host 0.0.0.0 --allow-anonymous',
        sentence: 'Let everybody in who can reach this machine.',
      },
      {
        line: 'vouch start --host 0.0.0.0 --password-file users.passwd',
        sentence: 'Let those in who have a password there; "vouch passwd" makes the file.',
      },
      { line: 'vouch start -c vouch.yaml --check', sentence: 'See what a configuration file comes to.' },
    ],
    notes: [
      'An option may also stand in the file under its name in camelCase ("logLevel: debug") and in the environment ' +
        '(VOUCH_LOG_LEVEL=debug). A flag overrules the environment, and the environment the file.',
      'What is acknowledged is on disk first. Stop the broker in whatever way: the next start on the same data goes on ' +
        'where it ended. A data directory is for one broker at a time.',
      'The files of users, rules, keys and certificates are read again when they change, and on SIGHUP; what is wrong in one leaves ' +
        'in force what was.',
      'Exit codes: 0 stopped as asked, 1 could not run, 2 wrong option or configuration, 70 a bug in Vouch, ' +
        '74 the disk failed.',
    ],
  },
  start,
);

async function start(values: ValuesOf<StartOptions>): Promise<number> {
  const outcome = readConfig({
    path: values.config ?? configVariable(),
    flags: givenFlags(values),
    environment: process.env,
  });
  if (outcome.kind === 'invalid') {
    for (const problem of outcome.problems) process.stderr.write(`vouch start: ${showProblem(problem)}\n`);
    return EXIT.usage;
  }
  const faults = await faultsInFiles(outcome.config);
  if (faults.length > 0) {
    for (const fault of faults) process.stderr.write(`vouch start: ${asSentence(fault)}\n`);
    return EXIT.usage;
  }
  if (values.check) {
    if (outcome.config.passwordFile !== '') {
      const { readPasswordFile } = await import('../server/password-file.ts');
      readPasswordFile(outcome.config.passwordFile);
    }
    for (const warning of outcome.warnings) process.stderr.write(`vouch start: ${asSentence(warning)}\n`);
    process.stdout.write(effectiveConfigText(outcome.config, outcome.settings));
    return EXIT.ok;
  }
  const output = await openOutput(outcome.config);
  endOnBug(() => output.closeNow());
  for (const warning of outcome.warnings) output.log.warn(warning);
  try {
    return await serve(outcome.config, output);
  } finally {
    await output.close(LOG_CLOSE_MILLIS_MAX);
  }
}

/** What is wrong with the keys, certificates and secrets that are named. */
async function faultsInFiles(config: Config): Promise<readonly string[]> {
  const faults: string[] = [];
  if (hasAnySource(config.authSources)) {
    const { faultsOfAuthFiles } = await import('../server/auth-files.ts');
    faults.push(...faultsOfAuthFiles(config.authSources).map((fault) => fault.replace(/\.$/u, '')));
  }
  for (const { address } of config.listeners) {
    if (address.type !== 'tls' && address.type !== 'wss') continue;
    const { readTlsFiles } = await import('../server/tls-files.ts');
    const reading = readTlsFiles(address.tls);
    if (reading.kind === 'faulty') faults.push(...reading.faults.map((fault) => `${showListener(address)}: ${fault}`));
  }
  return faults;
}

/** The file that the environment names; an empty variable counts as not set. */
function configVariable(): string | undefined {
  const path = process.env[CONFIG_VARIABLE];
  return path === '' ? undefined : path;
}

async function serve(config: Config, output: LogOutput): Promise<number> {
  const signalled = firstSignal();
  let reload = (): void => undefined; // While it starts, everything is read for the first time.
  obeyHangUp(output.log, () => reload());
  const { startServer } = await import('../server/start-server.ts');
  const hasBanner = process.stdout.isTTY && isPretty(config) && !config.quiet;
  const audience: ServerAudience = {
    log: output.log,
    terminal: hasBanner ? (line) => output.write(line) : undefined,
    stopAsked: () => process.kill(process.pid, 'SIGTERM'),
    storeFailed: (error) => endOnStoreFailure('vouch start', error, config.data, () => output.closeNow()),
  };
  const server = await unlessStopped(signalled, startServer(config, audience), output.log);
  // The store is as it was, or as it is after a crash; main.ts ends the process.
  if (server === undefined) return EXIT.ok;
  reload = () => void server.reload();
  const facts: StartFacts = {
    version: readVersion(),
    pid: process.pid,
    config,
    listeners: server.listeners,
    found: server.found,
    command: process.env['npm_lifecycle_event'] === undefined ? 'vouch' : 'npm run -s vouch --',
  };
  if (hasBanner) output.write(bannerText(facts, isColored()));
  else output.log.info('Vouch is listening', startFields(facts));
  warnOfOpenDoors(facts, output.log);
  return await untilStopped(signalled, () => server.stop(), output.log);
}

function warnOfOpenDoors(facts: StartFacts, log: Log): void {
  const { passwordFile, authSources, allowAnonymous, accessRules, listeners } = facts.config;
  const isAsked = passwordFile !== '' || hasAnySource(authSources);
  const guard = { isAsked, allowAnonymous, hasRules: accessRules !== undefined };
  facts.listeners.forEach((listener, index) => {
    const address = listeners[index]?.address;
    if (address !== undefined) warnOfOpenDoor(address, listener.url, guard, log);
  });
}

async function openOutput(config: Config): Promise<LogOutput> {
  const { openLogOutput } = await import('../server/log-output.ts');
  const level: LogLevel = config.quiet && config.logLevel !== 'error' ? 'warn' : config.logLevel;
  return await openLogOutput({ level, isPretty: isPretty(config), isColored: isColored(), descriptor: 1 });
}

function isPretty(config: Config): boolean {
  return config.logFormat === 'pretty' || (config.logFormat === 'auto' && process.stdout.isTTY);
}

/** Colours on a terminal that has them, unless NO_COLOR says otherwise. */
function isColored(): boolean {
  return process.stdout.isTTY && process.stdout.hasColors();
}

function givenFlags(values: ValuesOf<StartOptions>): ReadonlyMap<OptionName, string> {
  const flags = new Map<OptionName, string>();
  for (const name of OPTION_NAMES) {
    const given = values[name];
    if (given !== undefined) flags.set(name, given);
  }
  return flags;
}

/** A row as a flag. Its text is read by config/, like that of the environment and the file. */
function rowOption(name: OptionName): Option<string | undefined> {
  const { short, metavar, sentence, group, words, default: usual } = ROWS[name];
  const isWorthSaying = metavar !== undefined && name !== 'listeners';
  return {
    short,
    metavar,
    wordCount: undefined,
    choices: words,
    negatable: metavar === undefined,
    sentence,
    group,
    defaultText: isWorthSaying ? showValue(name, usual) : undefined,
    replaces: undefined,
    read: (texts) => texts.at(-1),
  };
}
