// The files of a listener with TLS: read, and checked one by one, so that what is wrong with them is told by the name of the file
// and before anybody connects. OpenSSL's own words come last, for what only it knows.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';

import type { TlsFiles } from '../config/listener-address.ts';
import { nextUpdatesIn, splitLists } from '../transport/tls/revocation-list.ts';
import type { TlsMaterial } from '../transport/tls/tls-material.ts';

/** What came of reading. */
export type TlsReading =
  | { readonly kind: 'read'; readonly material: TlsMaterial; readonly warnings: readonly string[] }
  /** Never empty; sentences without a full stop. */
  | { readonly kind: 'faulty'; readonly faults: readonly string[] };

const DAY_MILLIS = 24 * 60 * 60_000;
/** So long before a certificate expires a warning begins, */
const WARNING_DAYS = 14;
/** and before a list of revoked ones does, which are often made anew each week. */
const LIST_WARNING_DAYS = 2;
/** No file with keys or certificates is longer. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Reads and checks everything.
 * @param now  By the clock on the wall, for the warnings of what is about to expire.
 */
export function readTlsFiles(files: TlsFiles, now: number = Date.now()): TlsReading {
  const { clientCertificate, minVersion } = files;
  const faults: string[] = [];
  const warnings: string[] = [];
  const take = (what: string, pem: string, check: (text: string) => string | undefined): string => {
    const read = readPem(pem);
    const fault = read.kind === 'read' ? check(read.text) : read.fault;
    if (fault !== undefined) faults.push(`the ${what} ${nameOf(pem)} ${fault}`);
    return read.kind === 'read' ? read.text : '';
  };
  const takePair = (pair: { readonly cert: string; readonly key: string }) => ({
    cert: take('certificate', pair.cert, faultOfCertificates),
    key: take('key', pair.key, faultOfKey),
  });
  const { cert, key } = takePair(files);
  const others = files.others.map(takePair);
  const ca = files.ca === '' ? undefined : take('file of CAs', files.ca, faultOfCertificates);
  const crl = files.crl === '' ? undefined : take('list of revoked certificates', files.crl, faultOfCrl);
  if (faults.length > 0) return { kind: 'faulty', faults };
  const besides = { ca, crl: crl === undefined ? undefined : splitLists(crl), minVersion };
  for (const [index, pair] of [{ cert, key }, ...others].entries()) {
    const named = index === 0 ? files : files.others[index - 1];
    if (named === undefined) continue;
    const certificate = new X509Certificate(pair.cert);
    warnings.push(...warningsAbout(certificate, nameOf(named.cert), now));
    const fault = faultOfPair(certificate, pair, named, besides);
    if (fault !== undefined) faults.push(fault);
  }
  if (faults.length > 0) return { kind: 'faulty', faults };
  if (ca !== undefined) warnings.push(...warningsAboutAuthorities(ca, nameOf(files.ca), now));
  if (crl !== undefined) warnings.push(...warningsAboutLists(crl, nameOf(files.crl), now));
  return { kind: 'read', material: { cert, key, others, ca, crl, clientCertificate, minVersion }, warnings };
}

/** What is wrong with a certificate and its key together; `undefined`: nothing. */
function faultOfPair(
  certificate: X509Certificate,
  { cert, key }: { readonly cert: string; readonly key: string },
  named: { readonly cert: string; readonly key: string },
  besides: SecureContextOptions,
): string | undefined {
  if (!certificate.checkPrivateKey(createPrivateKey(key))) {
    return `the key ${nameOf(named.key)} does not belong to the certificate ${nameOf(named.cert)}`;
  }
  try {
    createSecureContext({ cert, key, ...besides });
    return undefined;
  } catch (error) {
    return `the certificate ${nameOf(named.cert)} cannot be used: ${wordsOf(error)}`;
  }
}

/** The paths among what a listener names. */
export function pathsOf({ cert, key, others, ca, crl }: TlsFiles): readonly string[] {
  return [cert, key, ...others.flatMap((other) => [other.cert, other.key]), ca, crl].filter(
    (pathOrPem) => pathOrPem !== '' && !isPem(pathOrPem),
  );
}

/** Whether a text is PEM itself; otherwise it is the path of a file. */
function isPem(text: string): boolean {
  return text.includes('-----BEGIN ');
}

/**
 * The contents of a file in PEM.
 * @param pathOrPem  The path of a file, or what would stand in it.
 */
export function readPem(
  pathOrPem: string,
): { readonly kind: 'read'; readonly text: string } | { readonly kind: 'unreadable'; readonly fault: string } {
  if (isPem(pathOrPem)) return { kind: 'read', text: pathOrPem };
  try {
    const bytes = readFileSync(pathOrPem);
    if (bytes.length > FILE_BYTES_MAX)
      return { kind: 'unreadable', fault: 'is larger than 4 MiB: this is no PEM file' };
    return { kind: 'read', text: bytes.toString('latin1') };
  } catch (error) {
    return { kind: 'unreadable', fault: `cannot be read: ${reasonOf(error)}` };
  }
}

/** A file by its path; a key that was handed over is nobody's to see. */
export function nameOf(pathOrPem: string): string {
  return isPem(pathOrPem) ? 'that was handed over' : pathOrPem;
}

/** What is wrong with a file of certificates; `undefined`: nothing. */
export function faultOfCertificates(text: string): string | undefined {
  const found = text.match(CERTIFICATE) ?? [];
  if (found.length === 0) return 'holds no certificate in PEM ("-----BEGIN CERTIFICATE-----")';
  const index = found.findIndex((pem) => !isCertificate(pem));
  return index === -1 ? undefined : `holds something that is no certificate: block ${index + 1} of ${found.length}`;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).serialNumber !== '';
  } catch {
    return false;
  }
}

function faultOfKey(text: string): string | undefined {
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(text)) {
    return 'is encrypted: decrypt it (openssl pkey -in FILE -out FILE), and let nobody else read it';
  }
  try {
    createPrivateKey(text);
    return undefined;
  } catch {
    return 'holds no private key in PEM ("-----BEGIN PRIVATE KEY-----")';
  }
}

function faultOfCrl(text: string): string | undefined {
  try {
    createSecureContext({ crl: splitLists(text) });
    return undefined;
  } catch {
    return 'holds no list of revoked certificates in PEM ("-----BEGIN X509 CRL-----")';
  }
}

function warningsAbout(certificate: X509Certificate, name: string, now: number): readonly string[] {
  const left = certificate.validToDate.getTime() - now;
  const day = dayOf(certificate.validToDate);
  if (left < 0) return [`the certificate ${name} has expired on ${day}: clients will refuse it`];
  if (certificate.validFromDate.getTime() > now) {
    return [`the certificate ${name} is not valid before ${dayOf(certificate.validFromDate)}`];
  }
  return left < WARNING_DAYS * DAY_MILLIS ? [`the certificate ${name} expires on ${day}`] : [];
}

function warningsAboutAuthorities(ca: string, file: string, now: number): readonly string[] {
  const warnings: string[] = [];
  for (const pem of ca.match(CERTIFICATE) ?? []) {
    const { validToDate, subject } = new X509Certificate(pem);
    const left = validToDate.getTime() - now;
    if (left >= WARNING_DAYS * DAY_MILLIS) continue;
    const which = `the CA ${JSON.stringify(subject.replaceAll('\n', ', '))} in ${file}`;
    const [verb, what] = left < 0 ? ['has expired', 'are refused'] : ['expires', 'will be refused then'];
    warnings.push(`${which} ${verb} on ${dayOf(validToDate)}: clients with certificates of it ${what}`);
  }
  return warnings;
}

function warningsAboutLists(crl: string, file: string, now: number): readonly string[] {
  const warnings: string[] = [];
  for (const date of nextUpdatesIn(crl)) {
    const left = date.getTime() - now;
    if (left >= LIST_WARNING_DAYS * DAY_MILLIS) continue;
    const [verb, what] = left < 0 ? ['was', 'are refused'] : ['is', 'will be refused then'];
    const until = `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    warnings.push(
      `a list of revoked certificates in ${file} ${verb} good until ${until}: without a newer one all clients of its CA ${what}`,
    );
  }
  return warnings;
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'this user may not read it';
  if (code === 'EISDIR') return 'it is a directory';
  return wordsOf(error);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
