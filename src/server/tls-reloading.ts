// The files of a listener with TLS while it listens: watched, read again and checked as a whole, and put in force for the handshakes that
// begin then (transport/tls/renewing.ts).

import { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

import { UsageError } from '../base/errors.ts';
import type { LogFields } from '../base/log.ts';
import type { TlsFiles } from '../config/listener-address.ts';
import { asSentence } from '../config/problem.ts';
import type { CertificateObjection, Renewal } from '../transport/tls/renewing.ts';
import type { TlsMaterial } from '../transport/tls/tls-material.ts';
import { FileWatch } from './file-watch.ts';
import type { Reloadable, ReloadOutcome } from './reloads.ts';
import { pathsOf, readTlsFiles } from './tls-files.ts';

/** What comes from files. */
const PARTS = ['cert', 'key', 'others', 'ca', 'crl'] as const;

/** The files of one listener, read for the first time. */
export class TlsReloading {
  /** What was read. */
  material: TlsMaterial;
  /** What somebody should look after; sentences. */
  readonly warnings: readonly string[];
  private readonly files: TlsFiles;
  private readonly watch: FileWatch;

  /**
   * Reads and checks them.
   * @throws {UsageError} `invalid-option`: what is wrong with them.
   */
  constructor(files: TlsFiles) {
    this.files = files;
    this.watch = new FileWatch(pathsOf(files));
    const reading = readTlsFiles(files);
    if (reading.kind === 'faulty') throw new UsageError('invalid-option', asSentence(reading.faults.join('; ')));
    this.material = reading.material;
    this.warnings = reading.warnings.map(asSentence);
  }

  /** Ties them to the listener that was opened with them. `undefined`: they were handed over, and are no files. */
  reloadableFor(url: string, keys: Renewal): Reloadable | undefined {
    if (this.watch.paths.length === 0) return undefined;
    return { what: `TLS setup of ${url}`, watch: this.watch, reload: () => this.reload(url, keys) };
  }

  private reload(url: string, keys: Renewal): ReloadOutcome {
    const reading = readTlsFiles(this.files);
    if (reading.kind === 'faulty') {
      return { kind: 'refused', problems: reading.faults.map((fault) => asSentence(`${url}: ${fault}`)) };
    }
    const { material, warnings } = reading;
    const before = this.material;
    const isSame = PARTS.every((part) => isDeepStrictEqual(material[part], before[part]));
    if (isSame) return { kind: 'unchanged' };
    let objection: CertificateObjection | undefined;
    try {
      objection = keys.renew(material);
    } catch (error) {
      // What the check has let pass.
      const words = error instanceof Error ? error.message : String(error);
      return { kind: 'refused', problems: [asSentence(`${url}: ${words}`)] };
    }
    this.material = material;
    return {
      kind: 'changed',
      facts: factsOf(material),
      warnings: warnings.map((warning) => asSentence(`${url}: ${warning}`)),
      objection: objection === undefined ? undefined : ({ network }) => objection(network),
    };
  }
}

function factsOf({ cert }: TlsMaterial): LogFields {
  return { certificateExpires: new X509Certificate(cert).validToDate.toISOString() };
}
