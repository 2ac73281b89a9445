// Certificates to develop and test with: a CA of one's own, certificates of servers and clients that it signs, and its list of those
// that were revoked. All of it in memory, in PEM; who writes files is cli/certs.ts. Keys are EC P-256.
// It is no PKI: the CA's key lies beside the rest, and nobody is asked anything.

import { createHash, createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { Integer, OctetString, Sequence, Utf8String } from 'asn1js';
import {
  AttributeTypeAndValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  CertificateRevocationList,
  Extension,
  Extensions,
  ExtKeyUsage,
  GeneralName,
  GeneralNames,
  RelativeDistinguishedNames,
  RevokedCertificate,
  Time,
  TimeType,
} from 'pkijs';

import { assert } from '../base/assert.ts';

/** A certificate and its key, in PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** From when to when something is good. */
export interface Validity {
  readonly from: Date;
  readonly until: Date;
}

/** A certificate to be made. */
export type CertificateRequest =
  /** Of a server with these host names and addresses; the first one is its Common Name. */
  { readonly kind: 'server'; readonly hosts: readonly string[] } | { readonly kind: 'client'; readonly name: string };

type Keys = webcrypto.CryptoKeyPair;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const HASH = 'SHA-256';
const SERIAL_BYTES = 16;

/** Object identifiers (RFC 5280). */
const OID = {
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** BIT STRING of a Key Usage (RFC 5280 section 4.2.1.3): unused bits, then bits from the highest. */
const USAGE = { digitalSignature: '03020780', certificatesAndLists: '03020106' } as const;

/** Makes a CA. */
export async function makeAuthority(name: string, validity: Validity): Promise<KeyPair> {
  const keys = await makeKeys();
  const own = keyIdentifierOf(await spkiOf(keys));
  const certificate = await newCertificate(keys, name, validity);
  certificate.issuer = nameOf(name);
  certificate.extensions = [
    extension(OID.basicConstraints, true, new BasicConstraints({ cA: true, pathLenConstraint: 0 }).toSchema().toBER()),
    extension(OID.keyUsage, true, bytesOf(USAGE.certificatesAndLists)),
    extension(OID.subjectKeyIdentifier, false, own.toBER()),
  ];
  await certificate.sign(keys.privateKey, HASH);
  return { certificate: pem('CERTIFICATE', certificate.toSchema(true).toBER()), key: await keyPem(keys) };
}

/** Makes a certificate that a CA signs. */
export async function issue(authority: KeyPair, request: CertificateRequest, validity: Validity): Promise<KeyPair> {
  const issuer = await Issuer.read(authority);
  const keys = await makeKeys();
  const name = request.kind === 'client' ? request.name : (request.hosts[0] ?? 'localhost');
  const certificate = await newCertificate(keys, name, validity);
  certificate.issuer = issuer.certificate.subject;
  const purpose = request.kind === 'client' ? OID.clientAuth : OID.serverAuth;
  certificate.extensions = [
    extension(OID.basicConstraints, true, new BasicConstraints({ cA: false }).toSchema().toBER()),
    extension(OID.keyUsage, true, bytesOf(USAGE.digitalSignature)),
    extension(OID.extendedKeyUsage, false, new ExtKeyUsage({ keyPurposes: [purpose] }).toSchema().toBER()),
    extension(OID.subjectKeyIdentifier, false, keyIdentifierOf(await spkiOf(keys)).toBER()),
    issuer.mark,
  ];
  if (request.kind === 'server') {
    const names = new GeneralNames({ names: request.hosts.map(hostName) });
    certificate.extensions.push(extension(OID.subjectAltName, false, names.toSchema().toBER()));
  }
  await certificate.sign(issuer.key, HASH);
  return { certificate: pem('CERTIFICATE', certificate.toSchema(true).toBER()), key: await keyPem(keys) };
}

/**
 * Makes the list of a CA's revoked certificates.
 * @param before  The list before, in PEM, whose certificates stay revoked; '': there is none.
 * @param revoked  Certificates in PEM that are added to it.
 */
export async function makeRevocationList(
  authority: KeyPair,
  before: string,
  revoked: readonly string[],
  validity: Validity,
): Promise<string> {
  const issuer = await Issuer.read(authority);
  const list = new CertificateRevocationList({ version: 1 });
  list.issuer = issuer.certificate.subject;
  list.thisUpdate = timeOf(validity.from);
  list.nextUpdate = timeOf(validity.until);
  const known = before === '' ? [] : (CertificateRevocationList.fromBER(berOf(before)).revokedCertificates ?? []);
  const serials = revoked.map((text) => Certificate.fromBER(berOf(text)).serialNumber);
  const added = serials
    .filter((serial) => !known.some(({ userCertificate }) => userCertificate.isEqual(serial)))
    .map((serial) => new RevokedCertificate({ userCertificate: serial, revocationDate: timeOf(validity.from) }));
  // The field is left out rather than empty (RFC 5280 section 5.1.2.6).
  if (known.length + added.length > 0) list.revokedCertificates = [...known, ...added];
  const number = new Integer({ value: Math.floor(validity.from.getTime() / 1000) });
  const extensions = [issuer.mark, extension(OID.crlNumber, false, number.toBER())];
  list.crlExtensions = new Extensions({ extensions });
  await list.sign(issuer.key, HASH);
  const encoded: unknown = list.toSchema(true);
  assert(encoded instanceof Sequence, 'a list is a sequence');
  return pem('X509 CRL', encoded.toBER());
}

/** A CA that signs. */
class Issuer {
  readonly certificate: Certificate;
  readonly key: webcrypto.CryptoKey;
  /** Says in what is signed whose key that was. */
  readonly mark: Extension;

  private constructor(certificate: Certificate, key: webcrypto.CryptoKey, mark: Extension) {
    this.certificate = certificate;
    this.key = key;
    this.mark = mark;
  }

  static async read({ certificate, key }: KeyPair): Promise<Issuer> {
    const bytes = createPrivateKey(key).export({ type: 'pkcs8', format: 'der' });
    const privateKey = await webcrypto.subtle.importKey('pkcs8', bytes, ALGORITHM, false, ['sign']);
    const spki = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
    const identifier = new AuthorityKeyIdentifier({ keyIdentifier: keyIdentifierOf(spki) });
    const mark = extension(OID.authorityKeyIdentifier, false, identifier.toSchema().toBER());
    return new Issuer(Certificate.fromBER(berOf(certificate)), privateKey, mark);
  }
}

async function makeKeys(): Promise<Keys> {
  return await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

/** With everything but the issuer and the extensions. */
async function newCertificate({ publicKey }: Keys, name: string, { from, until }: Validity): Promise<Certificate> {
  const certificate = new Certificate({ version: 2 });
  const serial = randomBytes(SERIAL_BYTES);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // Positive, and always of one length.
  certificate.serialNumber = new Integer({ valueHex: bufferOf(serial) });
  certificate.notBefore = timeOf(from);
  certificate.notAfter = timeOf(until);
  certificate.subject = nameOf(name);
  await certificate.subjectPublicKeyInfo.importKey(publicKey);
  return certificate;
}

function nameOf(commonName: string): RelativeDistinguishedNames {
  const value = new Utf8String({ value: commonName });
  return new RelativeDistinguishedNames({
    typesAndValues: [new AttributeTypeAndValue({ type: OID.commonName, value })],
  });
}

/** UTCTime up to 2049, GeneralizedTime from then on (RFC 5280 section 4.1.2.5); neither has milliseconds. */
function timeOf(date: Date): Time {
  const value = new Date(Math.floor(date.getTime() / 1000) * 1000);
  return new Time({ type: value.getUTCFullYear() < 2050 ? TimeType.UTCTime : TimeType.GeneralizedTime, value });
}

function hostName(host: string): GeneralName {
  const address = addressBytes(host);
  return address === undefined
    ? new GeneralName({ type: 2, value: host })
    : new GeneralName({ type: 7, value: new OctetString({ valueHex: bufferOf(address) }) });
}

/** An IP address as bytes; `undefined`: it is a name. */
function addressBytes(host: string): Uint8Array | undefined {
  if (isIP(host) === 4) return Uint8Array.from(host.split('.'), Number);
  if (isIP(host) !== 6) return undefined;
  // The URL parser writes out what is short, but for one run of zeros, and IPv4 in it as hex.
  const [left = '', right] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string): readonly string[] => (text === '' ? [] : text.split(':'));
  const [head, tail] = [groups(left), groups(right ?? '')];
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return Uint8Array.from(
    [...head, ...zeros, ...tail].flatMap((group) => {
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 255];
    }),
  );
}

function extension(extnID: string, critical: boolean, extnValue: ArrayBuffer): Extension {
  return new Extension({ extnID, critical, extnValue });
}

/** A name for a public key (RFC 7093): the first bits of its digest. */
function keyIdentifierOf(spki: Uint8Array): OctetString {
  return new OctetString({ valueHex: bufferOf(createHash('sha256').update(spki).digest().subarray(0, 20)) });
}

async function spkiOf({ publicKey }: Keys): Promise<Uint8Array> {
  return new Uint8Array(await webcrypto.subtle.exportKey('spki', publicKey));
}

async function keyPem({ privateKey }: Keys): Promise<string> {
  return pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', privateKey));
}

function pem(label: string, ber: ArrayBuffer): string {
  const lines =
    Buffer.from(ber)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** The first block of a PEM text as bytes. */
function berOf(text: string): ArrayBuffer {
  return bufferOf(Buffer.from(text.replace(/^-----BEGIN [^-]+-----|-----END [^]*$/g, ''), 'base64'));
}

function bytesOf(hex: string): ArrayBuffer {
  return bufferOf(Buffer.from(hex, 'hex'));
}

/** A copy with a memory of its own: that of a Buffer may be part of a larger one. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
