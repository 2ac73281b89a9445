// A certificate for localhost, made anew for each comparison and trusted by nobody else: a P-256 key, signed by itself, good for a day. Node.js
// makes keys and signatures, but no certificates; this is the little DER (ITU-T X.690, RFC 5280) that one takes.

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A certificate and its key, in PEM. */
export interface SelfSigned {
  readonly cert: string;
  readonly key: string;
}

/** The tags of DER that occur here. */
const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
  /** The version of a certificate, its extensions, and a DNS name and an address in them. */
  version: 0xa0,
  extensions: 0xa3,
  dnsName: 0x82,
  address: 0x87,
} as const;

/** Object identifiers, as DER has them. */
const ECDSA_WITH_SHA256 = Buffer.from('2a8648ce3d040302', 'hex');
const COMMON_NAME = Buffer.from('550403', 'hex');
const SUBJECT_ALTERNATIVE_NAME = Buffer.from('551d11', 'hex');
const BASIC_CONSTRAINTS = Buffer.from('551d13', 'hex');

const DAY_MILLIS = 86_400_000;

/**
 * Makes one.
 * @param now  In milliseconds since 1970: the certificate is good from an hour before until a day after.
 */
export function makeSelfSigned(now: number): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(Tag.sequence, der(Tag.objectIdentifier, ECDSA_WITH_SHA256));
  const name = der(
    Tag.sequence,
    der(
      Tag.set,
      der(Tag.sequence, der(Tag.objectIdentifier, COMMON_NAME), der(Tag.utf8String, Buffer.from('localhost'))),
    ),
  );
  const names = der(
    Tag.sequence,
    der(Tag.dnsName, Buffer.from('localhost')),
    der(Tag.address, Buffer.from([127, 0, 0, 1])),
  );
  const extensions = der(
    Tag.sequence,
    extension(SUBJECT_ALTERNATIVE_NAME, names),
    // It signs itself, so it is the CA that clients are told to trust.
    extension(BASIC_CONSTRAINTS, der(Tag.sequence, der(Tag.boolean, Buffer.from([0xff])))),
  );
  // A first bit of 0 makes it positive, the next of 1 keeps DER from having it shorter.
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const toBeSigned = der(
    Tag.sequence,
    der(Tag.version, der(Tag.integer, Buffer.from([2]))),
    der(Tag.integer, serial),
    algorithm,
    name,
    der(Tag.sequence, time(now - DAY_MILLIS / 24), time(now + DAY_MILLIS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(Tag.extensions, extensions),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  const certificate = der(
    Tag.sequence,
    toBeSigned,
    algorithm,
    der(Tag.bitString, Buffer.concat([Buffer.from([0]), signature])),
  );
  return { cert: pem(certificate), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

function extension(id: Buffer, value: Buffer): Buffer {
  return der(Tag.sequence, der(Tag.objectIdentifier, id), der(Tag.octetString, value));
}

/** A moment as YYMMDDhhmmssZ. */
function time(millis: number): Buffer {
  const digits = new Date(millis).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14);
  return der(Tag.utcTime, Buffer.from(`${digits}Z`));
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const header =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >>> 8, length & 255];
  return Buffer.concat([Buffer.from(header), content]);
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
