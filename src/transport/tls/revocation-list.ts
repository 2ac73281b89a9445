// Which certificates a list of revoked ones (CRL, RFC 5280 section 5) names. New handshakes are OpenSSL's to judge, signatures and
// dates included; this is for connections that are open already, of which OpenSSL has no second opinion.
// A certificate is known by its issuer and its serial number, byte by byte.

import type { X509Certificate } from 'node:crypto';
import { DER, type DerElement, elementsIn, elementsOfFirst } from './der.ts';

const LIST = /-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g;

/** The lists in a text, each for itself, since Node reads no more than the first of a text. Where there is none, the text as it is. */
export function splitLists(pem: string): string[] {
  const lists = Array.from(pem.matchAll(LIST), ([list]) => list);
  return lists.length === 0 ? [pem] : lists;
}

/** Certificates that were revoked. */
export class RevokedCertificates {
  private readonly names: ReadonlySet<string>;

  /** @param pem  Lists in PEM, one after the other. */
  constructor(pem: string) {
    const names = new Set<string>();
    for (const [, base64 = ''] of pem.matchAll(LIST)) readList(Buffer.from(base64, 'base64'), names);
    this.names = names;
  }

  /** Whether it is one of them. */
  has({ raw }: X509Certificate): boolean {
    const [body] = elementsOfFirst(raw, 0, raw.length);
    if (body === undefined) return false;
    // tbsCertificate: version (may be missing), serialNumber, signature, issuer, ...
    const fields = elementsIn(raw, body.contents, body.end).filter(({ tag }) => tag !== DER.version);
    const [serial, , issuer] = fields;
    return serial !== undefined && issuer !== undefined && this.names.has(nameOf(raw, issuer, serial));
  }
}

/** When each list of a text was to be replaced by the next: after that OpenSSL refuses every client of its CA. Lists that do not say so are left out. */
export function nextUpdatesIn(pem: string): readonly Date[] {
  const dates: Date[] = [];
  for (const [, base64 = ''] of pem.matchAll(LIST)) {
    const bytes = Buffer.from(base64, 'base64');
    const [body] = elementsOfFirst(bytes, 0, bytes.length);
    if (body === undefined) continue;
    const times = elementsIn(bytes, body.contents, body.end).filter(
      ({ tag }) => tag === DER.utcTime || tag === DER.time,
    );
    const [, next] = times;
    const date = next === undefined ? undefined : dateOf(bytes.toString('latin1', next.contents, next.end));
    if (date !== undefined) dates.push(date);
  }
  return dates;
}

const TIME = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;

/** A time of RFC 5280: with two digits of the year until 2049, with four from 2050. */
function dateOf(text: string): Date | undefined {
  const [, year = '', month, day, hours, minutes, secs] = TIME.exec(text) ?? [];
  const whole = year.length === 2 ? `${Number(year) < 50 ? '20' : '19'}${year}` : year;
  const date = new Date(`${whole}-${month}-${day}T${hours}:${minutes}:${secs}Z`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function readList(bytes: Buffer, names: Set<string>): void {
  const [body] = elementsOfFirst(bytes, 0, bytes.length);
  if (body === undefined) return;
  // tbsCertList: version (may be missing), signature, issuer, thisUpdate, nextUpdate (may be missing), revokedCertificates (may be missing), ...
  const sequences = elementsIn(bytes, body.contents, body.end).filter(({ tag }) => tag === DER.sequence);
  const [, issuer, revoked] = sequences;
  if (issuer === undefined || revoked === undefined) return;
  for (const entry of elementsIn(bytes, revoked.contents, revoked.end)) {
    const [serial] = elementsIn(bytes, entry.contents, entry.end);
    if (serial?.tag === DER.integer) names.add(nameOf(bytes, issuer, serial));
  }
}

/** The issuer as it is, and the number, as one text. */
function nameOf(bytes: Buffer, issuer: DerElement, serial: DerElement): string {
  return `${bytes.toString('base64', issuer.start, issuer.end)} ${bytes.toString('hex', serial.contents, serial.end)}`;
}
