// Every option of `vouch start`, one row each. The YAML file's check, the flags, the environment names,
// `--help`, `--check` and docs/configuration.md are all made from these rows; to add an option, add a
// row here and use its value in server/.

import type { Millis } from '../base/millis.ts';
import { millis } from '../base/millis.ts';
import { AUTH_ROWS } from './auth-rows.ts';
import { LIMIT_ROWS } from './limit-rows.ts';
import type { ListenerAddress } from './listener-address.ts';
import { readHost } from './listener-address.ts';
import { LISTENER_ROWS, LISTENER_URLS, readListeners, showListeners } from './listener-rows.ts';
import type { Row } from './row.ts';
import { durationRow, numberRow, sizeRow, switchRow, textRow, wordRow } from './row.ts';
import { ADDRESS_ROWS } from './redirect-rows.ts';
import { RULE_ROWS } from './rule-rows.ts';
import { SOURCE_ROWS } from './source-rows.ts';

const HOST = 'an IP address or a host name, without a port';

const DAY = 24 * 60 * 60_000;
const MIB = 1024 * 1024;

/** Below this a database holds little but its own tables. */
const STORE_BYTES_MIN = MIB;

/** The rows that are neither rules nor limits. */
const GENERAL_ROWS: {
  readonly port: Row<number>;
  readonly host: Row<string>;
  readonly listeners: Row<readonly ListenerAddress[]>;
  readonly allowAnonymous: Row<boolean>;
  readonly rulesFile: Row<string>;
  readonly revokeOnReload: Row<boolean>;
  readonly store: Row<'sqlite' | 'memory'>;
  readonly data: Row<string>;
  readonly storeBytesMax: Row<number>;
  readonly storeReserveBytes: Row<number>;
  readonly downtimeMax: Row<Millis>;
  readonly controlSocket: Row<string>;
  readonly logLevel: Row<'debug' | 'info' | 'warn' | 'error'>;
  readonly logFormat: Row<'auto' | 'pretty' | 'json'>;
  readonly quiet: Row<boolean>;
} = {
  port: numberRow(
    {
      group: 'Listening',
      sentence: 'The port to listen on, where one listener is enough; 0 takes any free one.',
      default: LISTENER_ROWS.port.default,
      since: '0.1',
      short: 'p',
      metavar: 'PORT',
    },
    0,
    65_535,
  ),
  host: textRow(
    {
      group: 'Listening',
      sentence:
        'The address to listen on, where one listener is enough. 0.0.0.0 is every IPv4 address, :: every address.',
      default: LISTENER_ROWS.host.default,
      since: '0.1',
      metavar: 'HOST',
      takes: HOST,
    },
    readHost,
    String,
  ),
  listeners: textRow(
    {
      group: 'Listening',
      sentence: 'Every address to listen on, in place of port and host.',
      default: [],
      since: '0.1',
      metavar: 'URLS',
      takes: LISTENER_URLS,
    },
    readListeners,
    showListeners,
  ),
  allowAnonymous: switchRow({
    group: 'Security',
    sentence:
      'Let everybody in who does not say who they are, also where other machines can reach a listener. On loopback everybody is ' +
      'let in anyway, unless something asks who they are: a passwordFile, certificateUser, jwtKeys, jwtSecretFile or httpAuth.',
    default: false,
    since: '0.1',
  }),
  rulesFile: textRow(
    {
      group: 'Security',
      sentence:
        'A YAML file of rules that say which clients may publish, subscribe and receive what; what no rule allows is refused. ' +
        'It is read again when it changes. Without one, everybody who is let in may do everything.',
      default: '',
      since: '0.1',
      metavar: 'FILE',
      takes: 'the path of a file, or none',
    },
    (raw) => (raw === 'none' ? '' : readLinePath(raw)),
    (path) => (path === '' ? 'none' : path),
  ),
  revokeOnReload: switchRow({
    group: 'Security',
    sentence:
      'When users, rules, CAs or lists of revoked certificates have changed, disconnect the clients that would not be let in any ' +
      'more, or that have a subscription or a Will that they may not have any more. Otherwise these stay connected; what they may ' +
      'not do any more is refused, and what they may not receive is not delivered.',
    default: false,
    since: '0.1',
  }),
  store: wordRow(
    {
      group: 'Storage',
      sentence:
        'Where sessions, their messages, retained messages and Wills are kept. sqlite: on disk, in the data directory; ' +
        'what is acknowledged is there. memory: everything is lost when the process ends, and an acknowledgement ' +
        'promises nothing beyond it.',
      default: 'sqlite',
      since: '0.1',
      metavar: 'STORE',
    },
    ['sqlite', 'memory'],
  ),
  data: textRow(
    {
      group: 'Storage',
      sentence: 'The data directory; it is made if it is not there. One broker at a time can use it.',
      default: './data',
      since: '0.1',
      metavar: 'DIR',
      takes: 'the path of a directory',
    },
    readPath,
    String,
  ),
  storeBytesMax: sizeRow(
    {
      group: 'Storage',
      sentence:
        'The size of the database on disk, its log not counted, at which messages that must be stored are refused; what ' +
        'is stored is still delivered.',
      zero: 'as much as the disk holds',
      default: 0,
      since: '0.1',
    },
    STORE_BYTES_MIN,
    1024 * 1024 * MIB,
  ),
  storeReserveBytes: sizeRow(
    {
      group: 'Storage',
      sentence:
        'Space of the disk that is kept back in the data directory, so that when the disk is full, what was acknowledged ' +
        'can still be delivered, which makes room.',
      default: 64 * MIB,
      since: '0.1',
    },
    MIB,
    1024 * MIB,
  ),
  downtimeMax: durationRow(
    {
      group: 'Storage',
      sentence:
        'The longest time for which the broker believes to have been stopped. Sessions, messages and Will delays go on ' +
        'expiring while it is stopped, but after a restart of the machine only its clock can say for how long, and that ' +
        'may be wrong.',
      default: millis(30 * DAY),
      since: '0.1',
    },
    0,
    36_500 * DAY,
    1,
    millis,
  ),
  controlSocket: textRow(
    {
      group: 'Operation',
      sentence:
        'The Unix socket at which "vouch ctl" asks and steers the running broker; only the user who runs the broker can open it. ' +
        'auto: control.sock in the data directory, or none where the store is memory. none: there is none.',
      default: 'auto',
      since: '0.1',
      metavar: 'PATH',
      takes: 'the path of a socket, auto or none',
    },
    readLinePath,
    String,
  ),
  logLevel: wordRow(
    {
      group: 'Logging',
      sentence: 'The least that is worth a line: debug, info, warn or error.',
      default: 'info',
      since: '0.1',
      metavar: 'LEVEL',
    },
    ['debug', 'info', 'warn', 'error'],
  ),
  logFormat: wordRow(
    {
      group: 'Logging',
      sentence: 'pretty: lines for people. json: one JSON object a line. auto: pretty on a terminal, json otherwise.',
      default: 'auto',
      since: '0.1',
      metavar: 'FORMAT',
    },
    ['auto', 'pretty', 'json'],
  ),
  quiet: switchRow({
    group: 'Logging',
    sentence: 'Say nothing but warnings and errors, and show no banner.',
    default: false,
    since: '0.1',
  }),
};

/** Every option by name, in the order in which help and documentation show them. */
export const ROWS: typeof GENERAL_ROWS &
  typeof AUTH_ROWS &
  typeof SOURCE_ROWS &
  typeof RULE_ROWS &
  typeof ADDRESS_ROWS &
  typeof LIMIT_ROWS = {
  ...GENERAL_ROWS,
  ...AUTH_ROWS,
  ...SOURCE_ROWS,
  ...RULE_ROWS,
  ...ADDRESS_ROWS,
  ...LIMIT_ROWS,
};

/** The name of an option, as the file spells it. */
export type OptionName = keyof typeof ROWS;

/** The value of an option. */
export type OptionValue<Name extends OptionName> = (typeof ROWS)[Name]['default'];

/** Every name, in the same order. */
export const OPTION_NAMES: readonly OptionName[] = Object.keys(ROWS).filter(isOptionName);

/** Whether there is an option of that name. */
export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(ROWS, name);
}

/** An option's value in the form in which it can be read again; what its row has read, or its default. */
export function showValue(name: OptionName, value: unknown): string {
  // A row shows the values that it reads; the compiler cannot tie the two through the name.
  const show = ROWS[name].show as (value: unknown) => string;
  return show(value);
}

/** The same for a path that stands at the beginning of lines, before what is wrong with the file. */
function readLinePath(raw: unknown): string | undefined {
  const path = readPath(raw);
  return path === undefined || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(path) ? undefined : path;
}

/** Takes a raw value as a path; `undefined` when it is none. */
function readPath(raw: unknown): string | undefined {
  return typeof raw === 'string' && raw !== '' && !raw.includes('\0') ? raw : undefined;
}
