// The rows of where it is found out who a client is, besides passwords: one per field of AuthSources, under the same name; and what
// does not fit together in them. A field without a row, or a row without a field, does not compile.

import { type Millis, millis } from '../base/millis.ts';
import {
  type AuthSources,
  DEFAULT_AUTH_SOURCES,
  PUBLIC_KEY_ALGORITHMS,
  SECRET_ALGORITHMS,
  TOKEN_ALGORITHMS,
  type TokenAlgorithm,
} from '../auth/sources.ts';
import { isLoopback } from './listener-address.ts';
import { type BoundedDescription, durationRow, numberRow, type Row, textRow, wordRow } from './row.ts';

/** What stands for no value where one can be written. */
const NONE = 'none';
/** What stands for the algorithms that fit the keys; "none" would be one of no signature. */
const FITTING = 'fitting';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const TEXT_LENGTH_MAX = 1_000;

/** The name of such an option. */
export type SourceOption = keyof AuthSources;

/** Where it is found out who a client is. */
export const SOURCE_ROWS: { readonly [Name in SourceOption]: Row<AuthSources[Name]> } = {
  certificateUser: wordRow(
    {
      ...described(
        'certificateUser',
        'Which name of the certificate that a client has opened its connection with is its user name: its Common Name, or its only ' +
          'DNS name, e-mail address or URI. It is asked for no password, and refused if it says another user name. Listeners say ' +
          'who has to show a certificate (clientCertificate).',
      ),
      metavar: 'NAME',
    },
    ['none', 'cn', 'san-dns', 'san-email', 'san-uri'],
  ),
  jwtKeys: textRow(
    {
      ...described(
        'jwtKeys',
        'The public keys of whoever signs tokens (JWT) for clients, as a file or at a URL (JWKS). With them a token is taken in ' +
          'place of a password, and the connection ends when the token does. A file is read again when it changes; a URL is ' +
          'asked when a key is needed that is not known, and every 10 minutes.',
      ),
      metavar: 'FILE|URL',
      takes: 'the path of a file, the https:// URL of a set of keys, or none',
    },
    (raw) => readOr(raw, (text) => (/^[a-z][a-z0-9+.-]*:\/\//iu.test(text) ? readUrl(text) : readPath(text))),
    showOr,
  ),
  jwtKeysCa: fileRow(
    'jwtKeysCa',
    'The certificates in PEM of the CAs that are trusted for the URL of jwtKeys, in place of the usual ones. The file is read again ' +
      'when it changes.',
  ),
  jwtSecretFile: fileRow(
    'jwtSecretFile',
    'In place of jwtKeys: a file with the secret that the broker shares with whoever signs tokens. Nobody else may read it.',
  ),
  jwtAlgorithms: textRow<readonly TokenAlgorithm[]>(
    {
      ...described(
        'jwtAlgorithms',
        'How tokens may be signed. fitting: with jwtKeys in any of the ways with public keys; with jwtSecretFile in that of HS256.',
      ),
      metavar: 'NAMES',
      takes: `${FITTING}, or some of ${TOKEN_ALGORITHMS.join(', ')} with commas between`,
    },
    readAlgorithms,
    (algorithms) => (algorithms.length === 0 ? FITTING : algorithms.join(',')),
  ),
  jwtIssuer: namedRow(
    'jwtIssuer',
    'Who must have made a token (its claim "iss"); none: whoever has the key.',
    'ISSUER',
  ),
  jwtAudience: namedRow(
    'jwtAudience',
    'For whom a token must have been made (its claim "aud", or one of its list). Without it, a token that a client has for another ' +
      'service of the same issuer is good here, too.',
    'AUDIENCE',
  ),
  jwtField: wordRow({ ...described('jwtField', 'Where clients put their tokens.'), metavar: 'FIELD' }, [
    'password',
    'user-name',
  ]),
  jwtUserClaim: claimRow(
    'jwtUserClaim',
    'The claim of a token that is the user name; dots lead into objects, as in "user.name".',
  ),
  jwtGroupsClaim: namedRow(
    'jwtGroupsClaim',
    'The claim that says to which groups the user belongs, for the rules: a list, or one text with spaces between.',
    'CLAIM',
  ),
  jwtClientIdClaim: namedRow(
    'jwtClientIdClaim',
    'The claim that must be the client identifier; none: a token is good for any.',
    'CLAIM',
  ),
  jwtClockTolerance: duration(
    'jwtClockTolerance',
    'By how much the clocks of the broker and of who makes tokens may differ.',
    0,
    10 * MINUTE,
  ),
  httpAuth: textRow(
    {
      ...described(
        'httpAuth',
        'The URL of a server that is asked about each client that nobody else knows, and that may answer with what the client may ' +
          'do (docs/security.md). While it does not answer, these clients are refused.',
      ),
      metavar: 'URL',
      takes: 'an https:// URL, an http:// URL on this machine, or none',
    },
    (raw) => readOr(raw, readUrl),
    showOr,
  ),
  httpAuthCa: fileRow(
    'httpAuthCa',
    'The certificates in PEM of the CAs that are trusted for httpAuth, in place of the usual ones. The file is read again when it changes.',
  ),
  httpAuthTokenFile: fileRow(
    'httpAuthTokenFile',
    'A file with what the broker says of itself to httpAuth ("Authorization: Bearer ..."), so that the server answers nobody else. ' +
      'It is read again when it changes.',
  ),
  httpAuthTimeout: duration(
    'httpAuthTimeout',
    'How long it may take to answer; connectTimeout bounds what a client waits for in all.',
    100,
    MINUTE,
  ),
  httpAuthRequestsMax: numberRow(
    bounded('httpAuthRequestsMax', 'Questions to httpAuth at a time, each on a connection of its own.'),
    1,
    1_000,
  ),
  httpAuthWaitingMax: numberRow(
    bounded(
      'httpAuthWaitingMax',
      'Clients that wait to be asked about; one that comes then is refused as by a busy server.',
    ),
    0,
    1_000_000,
  ),
  httpAuthCacheExpiry: durationRow<Millis>(
    {
      ...bounded(
        'httpAuthCacheExpiry',
        'How long an answer of httpAuth holds for the same client with the same password.',
      ),
      zero: 'it is asked each time',
    },
    1_000,
    DAY,
    1,
    millis,
  ),
};

/** What does not fit together: which option, and what about it. */
export interface SourceFault {
  readonly option: SourceOption;
  /** Without a full stop. */
  readonly sentence: string;
}

/** What does not fit together. What is as by default says nothing. */
export function faultsOfSources(sources: AuthSources): readonly SourceFault[] {
  const { jwtKeys, jwtSecretFile, jwtAlgorithms, httpAuth } = sources;
  const faults: SourceFault[] = [];
  const complain = (option: SourceOption, sentence: string): void => void faults.push({ option, sentence });
  const hasKeys = jwtKeys !== '';
  const hasTokens = hasKeys || jwtSecretFile !== '';
  for (const option of Object.keys(SOURCE_ROWS).filter(isSourceOption)) {
    if (String(sources[option]) === String(DEFAULT_AUTH_SOURCES[option])) continue;
    if (option.startsWith('jwt') && !hasTokens)
      complain(option, `${option} is of no use without jwtKeys or a jwtSecretFile`);
    if (option.startsWith('httpAuth') && httpAuth === '') complain(option, `${option} is of no use without httpAuth`);
  }
  if (hasKeys && jwtSecretFile !== '')
    complain('jwtSecretFile', 'jwtSecretFile stands beside jwtKeys: tokens are checked with one of them');
  if (hasTokens && sources.jwtKeysCa !== '' && !isUrl(jwtKeys))
    complain('jwtKeysCa', 'jwtKeysCa is of use only where jwtKeys is a URL');
  const wanted: readonly string[] = hasKeys ? PUBLIC_KEY_ALGORITHMS : SECRET_ALGORITHMS;
  const unfitting = hasTokens ? jwtAlgorithms.find((algorithm) => !wanted.includes(algorithm)) : undefined;
  if (unfitting !== undefined) {
    const has = hasKeys ? 'jwtKeys has public keys' : 'jwtSecretFile has a secret';
    complain('jwtAlgorithms', `${has}, and ${unfitting} is not for those: take some of ${wanted.join(', ')}`);
  }
  return faults;
}

/** Whether `jwtKeys` is to be fetched. */
export function isUrl(text: string): boolean {
  return /^https?:\/\//u.test(text);
}

function isSourceOption(name: string): name is SourceOption {
  return Object.hasOwn(SOURCE_ROWS, name);
}

function described<Name extends SourceOption>(name: Name, sentence: string) {
  return { group: 'Security', sentence, default: DEFAULT_AUTH_SOURCES[name], since: '0.1' } as const;
}

function bounded<Name extends 'httpAuthRequestsMax' | 'httpAuthWaitingMax' | 'httpAuthCacheExpiry'>(
  name: Name,
  sentence: string,
): BoundedDescription<AuthSources[Name]> {
  return described(name, sentence);
}

function duration(
  name: 'jwtClockTolerance' | 'httpAuthTimeout',
  sentence: string,
  least: number,
  most: number,
): Row<Millis> {
  return durationRow(described(name, sentence), least, most, 1, millis);
}

function fileRow(
  name: 'jwtKeysCa' | 'jwtSecretFile' | 'httpAuthCa' | 'httpAuthTokenFile',
  sentence: string,
): Row<string> {
  const row = { ...described(name, sentence), metavar: 'FILE', takes: 'the path of a file, or none' };
  return textRow(row, (raw) => readOr(raw, readPath), showOr);
}

function namedRow(
  name: 'jwtIssuer' | 'jwtAudience' | 'jwtGroupsClaim' | 'jwtClientIdClaim',
  sentence: string,
  metavar: string,
): Row<string> {
  const takes = `one line of at most ${TEXT_LENGTH_MAX} characters, or none`;
  return textRow({ ...described(name, sentence), metavar, takes }, (raw) => readOr(raw, readLine), showOr);
}

function claimRow(name: 'jwtUserClaim', sentence: string): Row<string> {
  const takes = `one line of at most ${TEXT_LENGTH_MAX} characters`;
  return textRow({ ...described(name, sentence), metavar: 'CLAIM', takes }, readLine, String);
}

function readOr(raw: unknown, read: (text: string) => string | undefined): string | undefined {
  if (raw === NONE) return '';
  return typeof raw === 'string' ? read(raw) : undefined;
}

function showOr(value: string): string {
  return value === '' ? NONE : value;
}

function readPath(text: string): string | undefined {
  return text !== '' && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text) ? text : undefined;
}

function readLine(raw: unknown): string | undefined {
  if (typeof raw !== 'string' || raw === '' || raw.length > TEXT_LENGTH_MAX) return undefined;
  return raw.isWellFormed() && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(raw) ? raw : undefined;
}

/** Whoever is on the way could read what is asked, and answer it: so it is https, or on this machine. */
function readUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, username, password, hash, href } = new URL(text);
  if (username !== '' || password !== '' || hash !== '') return undefined;
  const host = hostname.replaceAll(/^\[|\]$/gu, '');
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(host)) ? href : undefined;
}

function readAlgorithms(raw: unknown): readonly TokenAlgorithm[] | undefined {
  if (typeof raw !== 'string') return undefined;
  if (raw === FITTING) return [];
  const names = raw.split(',').map((name) => name.trim());
  const algorithms = names
    .map((name) => TOKEN_ALGORITHMS.find((known) => known === name))
    .filter((known) => known !== undefined);
  return algorithms.length === names.length ? algorithms : undefined;
}
