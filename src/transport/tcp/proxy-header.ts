// The PROXY header: what a proxy says, at the start of a connection, about the client that it speaks for. Version 1 is a line
// of text, version 2 is binary (the PROXY protocol of HAProxy). This is the parser alone: bytes in, and what they say.
//
// Strict, since whoever can write a header can claim to be anybody: what is not exactly of one of the two forms is invalid,
// and whether it is invalid shows at the first byte that does not fit. Never longer than `PROXY_HEADER_BYTES_MAX`.
// What version 2 may carry besides (TLVs) is skipped.

import { isIPv4, isIPv6 } from 'node:net';

import { plainAddress } from '../../base/network-of.ts';

/** The longest header that is taken. Version 2 could be 64 KiB long; what proxies send fits into 536 bytes, or some more with a certificate. */
export const PROXY_HEADER_BYTES_MAX = 4096;

/** Who a header says the client is. */
export interface ProxiedPeer {
  readonly address: string;
  readonly port: number;
}

/** What the first bytes of a connection are. */
export type ProxyHeader =
  /** The beginning of a header, perhaps. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid' }
  /** `peer` is `undefined` where the proxy speaks for itself, or will not say for whom. */
  | { readonly kind: 'complete'; readonly length: number; readonly peer: ProxiedPeer | undefined };

const INCOMPLETE: ProxyHeader = { kind: 'incomplete' };
const INVALID: ProxyHeader = { kind: 'invalid' };

const SIGNATURE_1 = Buffer.from('PROXY ', 'latin1');
const SIGNATURE_2 = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
/** The longest line of version 1, with its end (section 2.1). */
const LINE_BYTES_MAX = 107;
/** Behind it begin the addresses of version 2. */
const FIXED_BYTES = 16;

/** Reads the header at the start of `bytes`. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsLike(bytes, SIGNATURE_1)) return bytes.length < SIGNATURE_1.length ? INCOMPLETE : parseLine(bytes);
  if (startsLike(bytes, SIGNATURE_2)) return bytes.length < FIXED_BYTES ? INCOMPLETE : parseBinary(bytes);
  return INVALID;
}

/** Whether the bytes begin with the signature, or are the beginning of it. */
function startsLike(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length);
  return bytes.subarray(0, length).equals(signature.subarray(0, length));
}

function parseLine(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, LINE_BYTES_MAX).indexOf('\r\n', 0, 'latin1');
  if (end === -1) return bytes.length < LINE_BYTES_MAX ? INCOMPLETE : INVALID;
  const length = end + 2;
  const [, protocol = '', ...words] = bytes.toString('latin1', 0, end).split(' ');
  // What else stands there is to be ignored.
  if (protocol === 'UNKNOWN') return { kind: 'complete', length, peer: undefined };
  const [source = '', destination = '', sourcePort = '', destinationPort = ''] = words;
  const isAddress = protocol === 'TCP4' ? isIPv4 : protocol === 'TCP6' ? isPlainIPv6 : undefined;
  if (isAddress === undefined || words.length !== 4 || !isAddress(source) || !isAddress(destination)) return INVALID;
  if (!isPort(sourcePort) || !isPort(destinationPort)) return INVALID;
  return { kind: 'complete', length, peer: { address: canonical(source), port: Number(sourcePort) } };
}

/** Node takes a zone behind an address, which has no place here. */
function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

/** Commands of version 2. */
const LOCAL = 0x20;
const PROXY = 0x21;

/** Of each family and protocol over which MQTT can come: how long its addresses are, and of which kind. */
const FAMILIES: ReadonlyMap<
  number,
  { readonly bytes: number; readonly read: (bytes: Buffer) => ProxiedPeer | undefined }
> = new Map([
  [0x00, { bytes: 0, read: () => undefined }],
  [0x11, { bytes: 12, read: readIPv4 }],
  [0x21, { bytes: 36, read: readIPv6 }],
  [0x31, { bytes: 216, read: () => undefined }],
]);

function parseBinary(bytes: Buffer): ProxyHeader {
  const command = bytes[12] as number;
  const family = FAMILIES.get(bytes[13] as number);
  const length = FIXED_BYTES + bytes.readUInt16BE(14);
  if (length > PROXY_HEADER_BYTES_MAX) return INVALID;
  if (command !== LOCAL && command !== PROXY) return INVALID;
  if (command === PROXY && (family === undefined || length < FIXED_BYTES + family.bytes)) return INVALID;
  if (bytes.length < length) return INCOMPLETE;
  const peer = command === PROXY ? family?.read(bytes.subarray(FIXED_BYTES, length)) : undefined;
  return { kind: 'complete', length, peer };
}

function readIPv4(bytes: Buffer): ProxiedPeer {
  return { address: bytes.subarray(0, 4).join('.'), port: bytes.readUInt16BE(8) };
}

function readIPv6(bytes: Buffer): ProxiedPeer {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  return { address: canonical(groups.join(':')), port: bytes.readUInt16BE(32) };
}

/** The form that people write (RFC 5952): `::` for the longest run of zeros; and IPv4 as such, also where it is mapped into IPv6. */
function canonical(address: string): string {
  return isIPv6(address) ? plainAddress(new URL(`http://[${address}]`).hostname.slice(1, -1)) : address;
}
