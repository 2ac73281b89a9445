// What `npm run conformance` can be told, and its help.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { VERSIONS, type Version } from '../check.ts';
import { REQUIREMENTS } from '../requirements.ts';
import { UsageError } from '../../test/support/command.ts';
import type { Address, TlsTrust } from '../../test/support/dial.ts';

/** The help text. */
export function helpText(): string {
  return `Usage: npm run conformance -- [options]
       npm run conformance:peers

Holds a broker against the statements of MQTT 5.0 and 3.1.1, one by one, over real connections, and
says of each whether it holds. Without --url the broker is Vouch itself, set up as each check needs
it, and the client of Vouch is held against its statements as well.

Which broker
  --url URL         This one, such as mqtt://127.0.0.1:1883, mqtts://HOST, ws://HOST:8083/mqtt or
                    wss://HOST/mqtt. It has to take clients without a user name, and messages to any
                    topic. The checks use topics and client identifiers of their own and leave
                    nothing behind but what a broker that fails keeps.
  --cafile FILE     With TLS: whoever these certificates vouch for is believed to be the broker.
  --insecure        With TLS: anybody is.

Which statements
  --version V       Those of MQTT 5.0 or of 3.1.1 alone. Default: both.
  --only ID         This one, such as MQTT-3.3.1-9, or those of a section, such as MQTT-3.3.

What becomes of it
  --report FILE     Writes all verdicts down as JSON, with the bytes exchanged where one failed.
  --help            This text.

Verdicts
  pass              Every check of the statement passed.
  FAIL              One did not: what it saw, and the bytes that it sent (>) and received (<).
  not offered       The broker lacks, as it may, what the statement is about, and says so.
  not observable    Nothing can be seen of it from outside, and why.
  other set-up      Only a broker that is set up for it shows it.

npm run conformance:peers plays Vouch, mosquitto and aedes, and writes conformance/verdicts/.

Ends with code 0 when nothing failed, 1 when something did, 2 when it cannot be run so.
`;
}

/** What was asked for. */
export interface ConformanceOptions {
  readonly help: boolean;
  /** `undefined`: Vouch itself. */
  readonly url: Address | undefined;
  readonly versions: readonly Version[];
  /** A statement or a section; `undefined`: all. */
  readonly only: string | undefined;
  readonly report: string | undefined;
}

/** What is spoken at a URL, and the port where it names none. */
const SCHEMES: ReadonlyMap<string, { readonly port: number; readonly isTls: boolean; readonly isWebSocket: boolean }> =
  new Map([
    ['mqtt:', { port: 1883, isTls: false, isWebSocket: false }],
    ['mqtts:', { port: 8883, isTls: true, isWebSocket: false }],
    ['ws:', { port: 80, isTls: false, isWebSocket: true }],
    ['wss:', { port: 443, isTls: true, isWebSocket: true }],
  ]);

/**
 * Reads the command line.
 * @throws {UsageError} with a sentence for people.
 */
export function readOptions(args: readonly string[]): ConformanceOptions {
  const values = parse(args);
  return {
    help: values.help,
    url: values.url === undefined ? undefined : readAddress(values.url, readTrust(values)),
    versions: values.version === undefined ? VERSIONS : [readVersion(values.version)],
    only: values.only === undefined ? undefined : readStatement(values.only),
    report: values.report,
  };
}

/** Whether a statement is the one that was asked for, or in that section. */
export function isWithin(id: string, only: string | undefined): boolean {
  return only === undefined || id === only || id.startsWith(`${only}.`) || id.startsWith(`${only}-`);
}

// What it returns is as node:util says it, from the table of options.
function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        url: { type: 'string' },
        cafile: { type: 'string' },
        insecure: { type: 'boolean', default: false },
        version: { type: 'string' },
        only: { type: 'string' },
        report: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function readTrust({ cafile, insecure }: ReturnType<typeof parse>): TlsTrust {
  try {
    return { ca: cafile === undefined ? undefined : readFileSync(cafile, 'utf8'), isVerified: !insecure };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`The file of --cafile cannot be read: ${why}.`, { cause: error });
  }
}

function readAddress(text: string, trust: TlsTrust): Address {
  const url = URL.parse(text);
  const scheme = SCHEMES.get(url?.protocol ?? '');
  if (url === null || scheme === undefined || url.hostname === '') {
    throw new UsageError(`--url takes an address such as mqtt://127.0.0.1:1883, not ${text}.`);
  }
  if (url.username !== '') throw new UsageError('The checks connect without a user name: --url takes none.');
  return {
    host: url.hostname.replace(/^\[|\]$/gu, ''),
    port: url.port === '' ? scheme.port : Number(url.port),
    tls: scheme.isTls ? trust : undefined,
    webSocketPath: scheme.isWebSocket ? `${url.pathname}${url.search}` : undefined,
  };
}

function readVersion(text: string): Version {
  const version = { '5': '5.0', '5.0': '5.0', '4': '3.1.1', '3.1.1': '3.1.1' } as const;
  if (Object.hasOwn(version, text)) return version[text as keyof typeof version];
  throw new UsageError(`--version takes 5 or 3.1.1, not ${text}.`);
}

function readStatement(text: string): string {
  const only = text.replace(/^\[|\]$/gu, '');
  if (REQUIREMENTS.some(({ id }) => isWithin(id, only))) return only;
  throw new UsageError(`No statement is called ${text}, and none is in a section of that name.`);
}
