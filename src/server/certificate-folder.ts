// A folder with a development CA and what it has signed: made once, added to later, under the same names each time. What is there is
// never overwritten unless somebody says so; only the list of revoked certificates grows. Each file is replaced as a whole, since a broker may be
// reading it. Keys are readable for their owner alone.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { OperationError, UsageError } from '../base/errors.ts';
import { issue, type KeyPair, makeAuthority, makeRevocationList, type Validity } from './development-certificates.ts';

/** What is to be there. */
export interface CertificateWishes {
  readonly folder: string;
  /** Names and addresses of the server besides this machine's own. */
  readonly hosts: readonly string[];
  /** Clients that get a certificate; their names are names of files, too. */
  readonly clients: readonly string[];
  /** Clients whose certificate is put on the list of revoked ones. */
  readonly revoke: readonly string[];
  readonly days: number;
  /** Make everything anew, the CA first. */
  readonly force: boolean;
}

/** What was made. */
export interface MadeCertificates {
  readonly isAuthorityNew: boolean;
  /** Empty: the server's certificate is as it was. */
  readonly hosts: readonly string[];
  readonly clients: readonly string[];
  readonly revoked: readonly string[];
  /** How long what was made is good. */
  readonly until: Date;
}

/** This machine, as programs on it call it. */
const OWN_HOSTS = ['localhost', '127.0.0.1', '::1'];
/** The client that is made where none is named. */
const USUAL_CLIENT = 'client';
/** Clocks may differ by so much. */
const CLOCK_MILLIS = 5 * 60_000;
const DAY_MILLIS = 24 * 60 * 60_000;
const KEY_MODE = 0o600;
const PUBLIC_MODE = 0o644;

/**
 * Makes what is wished for.
 * @throws {UsageError} `invalid-option`: something is there already, or is not there that should be; nothing was done.
 * @throws {OperationError} `file-unavailable`.
 */
export async function makeCertificates(wishes: CertificateWishes): Promise<MadeCertificates> {
  const { folder, days, force } = wishes;
  const files = new Folder(folder);
  const isAuthorityNew = force || !(files.has('ca.pem') || files.has('ca.key'));
  const plan = planOf(wishes, files, isAuthorityNew);
  const now = new Date();
  const wished: Validity = {
    from: new Date(now.getTime() - CLOCK_MILLIS),
    until: new Date(now.getTime() + days * DAY_MILLIS),
  };
  const authority = isAuthorityNew ? await makeAuthority('Vouch development CA', wished) : files.readPair('ca');
  // What a CA has signed is good no longer than the CA.
  const end = certificateOf(authority, folder).validToDate;
  const validity = { from: wished.from, until: end < wished.until ? end : wished.until };
  if (isAuthorityNew) files.writePair('ca', authority);
  if (plan.hosts.length > 0) {
    files.writePair('server', await issue(authority, { kind: 'server', hosts: plan.hosts }, validity));
  }
  for (const name of plan.clients) {
    files.writePair(name, await issue(authority, { kind: 'client', name }, validity));
  }
  const before = isAuthorityNew || !files.has('crl.pem') ? '' : files.read('crl.pem');
  if (before === '' || plan.revoked.length > 0) {
    const revoked = plan.revoked.map((name) => files.read(`${name}.pem`));
    // A list that has just been made is in force at once, but not before the CA.
    files.write('crl.pem', await makeRevocationList(authority, before, revoked, validity), PUBLIC_MODE);
  }
  return { isAuthorityNew, ...plan, until: validity.until };
}

/** What is to be done; checked as a whole before anything is. */
function planOf(
  { folder, hosts, clients, revoke }: CertificateWishes,
  files: Folder,
  isAuthorityNew: boolean,
): Pick<MadeCertificates, 'hosts' | 'clients' | 'revoked'> {
  const allHosts = [...new Set([...OWN_HOSTS, ...hosts])];
  const revoked = [...new Set(revoke)];
  const named = [...new Set(clients)];
  if (isAuthorityNew) {
    if (revoked.length > 0) throw wrong(`There is no CA in ${folder} yet, and so nothing of it to revoke.`);
    return { hosts: allHosts, clients: named.length > 0 ? named : [USUAL_CLIENT], revoked };
  }
  const anew = '--force makes everything anew, the CA, too: what it has signed is worthless then.';
  if (hosts.length + named.length + revoked.length === 0) {
    throw wrong(
      `There is a CA in ${folder} already. --client NAME adds a client to it, --revoke NAME takes one back; ${anew}`,
    );
  }
  const hasServer = files.has('server.pem') || files.has('server.key');
  if (hosts.length > 0 && hasServer) throw wrong(`${files.at('server.pem')} is there already. ${anew}`);
  for (const name of named) {
    const there = [`${name}.pem`, `${name}.key`].find((file) => files.has(file));
    if (there !== undefined) throw wrong(`${files.at(there)} is there already: choose another name. ${anew}`);
  }
  for (const name of revoked) {
    if (!files.has(`${name}.pem`)) throw wrong(`There is no ${files.at(`${name}.pem`)} to revoke.`);
  }
  return { hosts: hasServer ? [] : allHosts, clients: named, revoked };
}

/** The files of one folder. */
class Folder {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  at(name: string): string {
    return path.join(this.folder, name);
  }

  has(name: string): boolean {
    return existsSync(this.at(name));
  }

  read(name: string): string {
    try {
      return readFileSync(this.at(name), 'utf8');
    } catch (error) {
      throw unavailable(this.at(name), 'read', error);
    }
  }

  readPair(name: string): KeyPair {
    return { certificate: this.read(`${name}.pem`), key: this.read(`${name}.key`) };
  }

  write(name: string, text: string, mode: number): void {
    const file = this.at(name);
    const temporary = `${file}.new`;
    try {
      mkdirSync(this.folder, { recursive: true });
      rmSync(temporary, { force: true });
      writeFileSync(temporary, text, { mode, flag: 'wx' });
      renameSync(temporary, file);
    } catch (error) {
      throw unavailable(file, 'written', error);
    }
  }

  writePair(name: string, { certificate, key }: KeyPair): void {
    this.write(`${name}.key`, key, KEY_MODE);
    this.write(`${name}.pem`, certificate, PUBLIC_MODE);
  }
}

function certificateOf({ certificate, key }: KeyPair, folder: string): X509Certificate {
  let authority: X509Certificate;
  try {
    authority = new X509Certificate(certificate);
    if (authority.checkPrivateKey(createPrivateKey(key)) && authority.ca) return authority;
  } catch (error) {
    throw unusable(folder, error);
  }
  throw unusable(folder, undefined);
}

function unusable(folder: string, cause: unknown): OperationError {
  const sentence = `${path.join(folder, 'ca.pem')} and ca.key are no CA and its key.`;
  return new OperationError('file-unavailable', sentence, undefined, { cause });
}

function unavailable(file: string, how: 'read' | 'written', error: unknown): OperationError {
  const reason = error instanceof Error ? error.message : String(error);
  return new OperationError('file-unavailable', `${file} cannot be ${how}: ${reason}.`, undefined, { cause: error });
}

function wrong(sentence: string): UsageError {
  return new UsageError('invalid-option', sentence);
}
