// The options of a connection with TLS, and the certificates that they name. A directory of CAs and those of the operating system are
// read here, since the client takes one file or one text.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { getCACertificates } from 'node:tls';

import { OperationError, UsageError } from '../base/errors.ts';
import type { ClientTlsOptions } from '../client/options.ts';
import { quote } from '../config/spelling.ts';
import { listOption, oneOf, type Option, switchOption, text, type ValuesOf, valueOption } from './option-table.ts';

const TLS = 'TLS, which -L mqtts:// or wss:// asks for, and so does each of these';

const MIN_VERSIONS = { 'tlsv1.2': 'TLSv1.2', 'tlsv1.3': 'TLSv1.3' } as const;

/** The rows. */
export type TlsOptions = {
  readonly cafile: Option<string | undefined>;
  readonly capath: Option<string | undefined>;
  readonly tlsUseOsCerts: Option<boolean>;
  readonly cert: Option<string | undefined>;
  readonly key: Option<string | undefined>;
  readonly servername: Option<string | undefined>;
  readonly tlsVersion: Option<'tlsv1.2' | 'tlsv1.3' | undefined>;
  readonly ciphers: Option<string | undefined>;
  readonly tlsAlpn: Option<readonly string[]>;
  readonly insecure: Option<boolean>;
};

/** The rows, to be spread into those of a connection. */
export const TLS_OPTIONS: TlsOptions = {
  cafile: valueOption(
    { metavar: 'FILE', group: TLS, sentence: 'The CAs to trust, in PEM, in place of those that Node.js knows.' },
    text,
  ),
  capath: valueOption(
    { metavar: 'DIR', group: TLS, sentence: 'The same, from all files in a directory that end in .crt or .pem.' },
    text,
  ),
  tlsUseOsCerts: switchOption({ group: TLS, sentence: 'Trust the CAs that the operating system trusts.' }),
  cert: valueOption({ metavar: 'FILE', group: TLS, sentence: "The client's certificate, in PEM." }, text),
  key: valueOption({ metavar: 'FILE', group: TLS, sentence: 'Its key, in PEM.' }, text),
  servername: valueOption(
    {
      metavar: 'NAME',
      group: TLS,
      sentence: "The name to find in the broker's certificate, where it is not the host's.",
    },
    text,
  ),
  tlsVersion: valueOption(
    {
      metavar: 'VERSION',
      group: TLS,
      sentence: 'The oldest version to speak: tlsv1.2 or tlsv1.3.',
      defaultText: 'tlsv1.2',
    },
    oneOf(['tlsv1.2', 'tlsv1.3']),
  ),
  ciphers: valueOption(
    {
      metavar: 'LIST',
      group: TLS,
      sentence: 'The ciphers to offer, as "openssl ciphers" names them, with colons between.',
    },
    text,
  ),
  tlsAlpn: listOption(
    {
      metavar: 'PROTOCOL',
      group: TLS,
      sentence: 'What to speak, where several things are behind one port, as in "mqtt".',
    },
    text,
  ),
  insecure: switchOption({ group: TLS, sentence: 'Take any certificate: anybody on the way can be the broker then.' }),
};

/**
 * What the client is told; `undefined`: nothing was said about TLS.
 * @throws {UsageError} `invalid-option`: two places for the CAs.
 * @throws {OperationError} `tls-failed`: the directory of CAs cannot be read, or has none.
 */
export function tlsOptions(values: ValuesOf<TlsOptions>): ClientTlsOptions | undefined {
  const { cafile, capath, tlsUseOsCerts, cert, key, servername, tlsVersion, ciphers, tlsAlpn, insecure } = values;
  const places = [cafile, capath, tlsUseOsCerts ? '' : undefined].filter((place) => place !== undefined);
  if (places.length > 1) {
    throw new UsageError('invalid-option', '--cafile, --capath and --tls-use-os-certs do not go together: choose one.');
  }
  const others = [cert, key, servername, tlsVersion, ciphers].filter((value) => value !== undefined);
  if (places.length + others.length + tlsAlpn.length === 0 && !insecure) return undefined;
  const system = tlsUseOsCerts ? getCACertificates('system').join('\n') : undefined;
  return {
    ca: cafile ?? system ?? (capath === undefined ? undefined : certificatesIn(capath)),
    cert,
    key,
    servername,
    rejectUnauthorized: insecure ? false : undefined,
    minVersion: tlsVersion === undefined ? undefined : MIN_VERSIONS[tlsVersion],
    ciphers,
    alpnProtocols: tlsAlpn.length === 0 ? undefined : tlsAlpn,
  };
}

function certificatesIn(directory: string): string {
  try {
    const files = readdirSync(directory).filter((name) => /\.(crt|pem)$/.test(name));
    if (files.length > 0) return files.map((name) => readFileSync(path.join(directory, name), 'utf8')).join('\n');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperationError('tls-failed', `--capath ${quote(directory)} cannot be read: ${reason}.`, undefined, {
      cause: error,
    });
  }
  throw new OperationError('tls-failed', `--capath ${quote(directory)} has no file that ends in .crt or .pem.`);
}
