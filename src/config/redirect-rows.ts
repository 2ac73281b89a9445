// Redirects as configuration knows them: in the file a list of rules, each with keys of its own; as one text, where there is room for
// no more, `CLIENTS=REFERENCE`, several with commas between. Beside it the other option that gives clients an address: where
// responses may be sent to.

import type { ClientRedirect } from '../broker/parts.ts';
import type { Row } from './row.ts';
import { switchRow, textRow } from './row.ts';

/** What stands for no value at all where one can be written. */
const NONE = 'none';
/** Behind a reference: for good. */
const PERMANENTLY = ' permanently';
/** More than one CONNACK should carry. */
const REFERENCE_LENGTH_MAX = 1_000;
const PREFIX_LENGTH_MAX = 1_000;
/** A name or an IPv4 address, or anything in brackets, and a port if there is one. */
const SERVER = /^(?:[A-Za-z0-9._-]+|\[[A-Za-z0-9.:%_-]+\])(?::(\d{1,5}))?$/;

const CLIENTS = 'a client identifier, or how some begin with a * behind it, without commas';
const REFERENCE = 'HOST or HOST:PORT, an IPv6 address in brackets; several with spaces between';

/** The rows of one redirect in the file's list. */
export const REDIRECT_ROWS: {
  readonly clients: Row<string>;
  readonly to: Row<string>;
  readonly permanent: Row<boolean>;
} = {
  clients: textRow(
    { ...described('Whom it is for; * alone is everybody. It must be said.', ''), metavar: 'CLIENTS', takes: CLIENTS },
    readClients,
    String,
  ),
  to: textRow(
    {
      ...described('Where they are to go; of several, each chooses one. It must be said.', ''),
      metavar: 'REFERENCE',
      takes: REFERENCE,
    },
    readReference,
    String,
  ),
  permanent: switchRow(
    described('For good (reason code 0x9D); otherwise for now (0x9C), and they may ask here again.', false),
  ),
};

/** The rows of options whose value is no rule of broker/rules.ts. */
export const ADDRESS_ROWS: {
  readonly redirects: Row<readonly ClientRedirect[]>;
  /** '': none. */
  readonly busyRedirect: Row<string>;
  /** '': none. */
  readonly responseInformation: Row<string>;
} = {
  redirects: textRow<readonly ClientRedirect[]>(
    {
      ...described<readonly ClientRedirect[]>(
        'Clients that are told to use another server, before they are asked who they are. The first rule that fits holds. ' +
          'Clients of MQTT 3 are refused without being told where to go.',
        [],
      ),
      metavar: 'RULES',
      takes:
        'CLIENTS=HOST:PORT, with "permanently" behind it where it is for good, several with commas between; or none',
    },
    readRedirects,
    showRedirects,
  ),
  busyRedirect: textRow(
    {
      ...described(
        'Where MQTT 5 clients are told to go for now (0x9C) that are refused because there are too many connections (connectionsMax) or too ' +
          'little memory (memoryMax); of several, each chooses one.',
        '',
      ),
      metavar: 'REFERENCE',
      takes: `${REFERENCE}; or none`,
    },
    (raw) => (raw === NONE ? '' : readReference(raw)),
    (reference) => (reference === '' ? NONE : reference),
  ),
  responseInformation: textRow(
    {
      ...described(
        'Where the response topics of MQTT 5 clients begin that ask for Response Information: each is told this topic with ' +
          'its client identifier behind it. It grants no rights.',
        '',
      ),
      metavar: 'TOPIC',
      takes: 'a topic without wildcards that does not begin with $, or none',
    },
    readPrefix,
    (prefix) => (prefix === '' ? NONE : prefix),
  ),
};

/** Whether a text is a Server Reference of the form that clients are told; what it takes is said by `REDIRECT_ROWS.to.takes`. */
export function isReference(text: string): boolean {
  return readReference(text) !== undefined;
}

/** Whether a text that comes from code is a topic to begin response topics with. */
export function isResponseInformation(given: unknown): given is string {
  return given !== NONE && readPrefix(given) !== undefined;
}

/** Whether a redirect that comes from code, not from text, is one; for callers that are not held to the type. */
export function isRedirect(given: unknown): given is ClientRedirect {
  if (typeof given !== 'object' || given === null) return false;
  const [clients, to, permanent] = ['clients', 'to', 'permanent'].map((name): unknown => Reflect.get(given, name));
  return typeof clients === 'string' && readReference(to) !== undefined && typeof permanent === 'boolean';
}

function described<Value>(sentence: string, usual: Value) {
  return { group: 'Protocol', sentence, default: usual, since: '0.1' } as const;
}

function readClients(raw: unknown): string | undefined {
  return typeof raw === 'string' && raw !== '' && raw === raw.trim() && !/[,\0]/.test(raw) ? raw : undefined;
}

function readReference(raw: unknown): string | undefined {
  if (typeof raw !== 'string' || raw.length > REFERENCE_LENGTH_MAX) return undefined;
  return raw.split(' ').every(isServer) ? raw : undefined;
}

function isServer(text: string): boolean {
  const [whole, port = '1'] = SERVER.exec(text) ?? [];
  return whole !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

function readRedirects(raw: unknown): readonly ClientRedirect[] | undefined {
  if (raw === NONE) return [];
  if (typeof raw !== 'string') return undefined;
  const redirects = raw.split(',').map((text) => readRedirect(text.trim()));
  return redirects.every((redirect) => redirect !== undefined) ? redirects : undefined;
}

function readRedirect(text: string): ClientRedirect | undefined {
  const at = text.lastIndexOf('=');
  const permanent = text.endsWith(PERMANENTLY);
  const clients = at < 0 ? undefined : readClients(text.slice(0, at));
  const to = readReference(text.slice(at + 1, permanent ? -PERMANENTLY.length : text.length));
  return clients === undefined || to === undefined ? undefined : { clients, to, permanent };
}

function showRedirects(redirects: readonly ClientRedirect[]): string {
  const texts = redirects.map(({ clients, to, permanent }) => `${clients}=${to}${permanent ? PERMANENTLY : ''}`);
  return texts.length === 0 ? NONE : texts.join(', ');
}

function readPrefix(raw: unknown): string | undefined {
  if (raw === NONE) return '';
  if (typeof raw !== 'string' || raw.length > PREFIX_LENGTH_MAX || !raw.isWellFormed()) return undefined;
  return raw === '' || raw.startsWith('$') || /[+#\0]/.test(raw) ? undefined : raw;
}
