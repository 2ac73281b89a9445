// Ranges of IP addresses (`10.0.0.0/8`, `::1`), and whether a peer is in one. An IPv4 address that comes mapped into IPv6
// (`::ffff:10.0.0.1`, as sockets that serve both say it, or `::ffff:a00:1`) counts as the IPv4 address that it is.
// An address is a number, a range is the first bits of one: so many ranges are looked through by their lengths, not one by one.

import { isIP } from 'node:net';

import { plainAddress } from '../../base/network-of.ts';

/** A range of addresses, or one of them. */
export interface AddressRange {
  /** As written. */
  readonly text: string;
  readonly version: 4 | 6;
  /** How many of the first bits its addresses have in common. */
  readonly prefixLength: number;
  /** These. */
  readonly prefix: bigint;
  /** Whether the address, without a port, is in it. */
  readonly holds: (address: string) => boolean;
}

/** Takes an address, or one with the length of its prefix behind a slash; `undefined` when it is none. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [, written = '', length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const plain = plainAddress(written);
  const isWhole = length === undefined;
  // The part of a mapped address that is IPv4 begins behind 96 bits; a shorter prefix is about all of them.
  const isMapped = plain !== written && (isWhole || Number(length) >= 96);
  const address = parseAddress(isMapped ? plain : written);
  if (address === undefined || written.includes('%')) return undefined;
  const { version } = address;
  const prefixLength = isWhole ? WIDTHS[version] : Number(length) - (isMapped ? 96 : 0);
  if (prefixLength > WIDTHS[version]) return undefined;
  const prefix = prefixOf(address, prefixLength);
  const holds = (peer: string): boolean => {
    const other = parseAddress(peer);
    return other?.version === version && prefixOf(other, prefixLength) === prefix;
  };
  return { text, version, prefixLength, prefix, holds };
}

/** The address in a peer's `127.0.0.1:50123` or `[::1]:50123`; what is neither comes back as it is. */
export function addressOf(remote: string): string {
  const [, host] = /^\[(.*)\](?::\d+)?$/.exec(remote) ?? /^([^:]*):\d+$/.exec(remote) ?? [];
  return plainAddress((host ?? remote).replace(/%.*$/, '')); // The zone of a link-local address.
}

/** Ranges by which something is known: any number of them, and few different lengths. */
export class AddressTable<Key> {
  /** By version and length of the prefix, then by the prefix. */
  private readonly byLength: Map<string, LengthTable<Key>>;

  constructor() {
    this.byLength = new Map();
  }

  add({ version, prefixLength, prefix }: AddressRange, key: Key): void {
    const name = `${version}/${prefixLength}`;
    let table = this.byLength.get(name);
    if (table === undefined) {
      table = { version, prefixLength, keys: new Map() };
      this.byLength.set(name, table);
    }
    const keys = table.keys.get(prefix);
    if (keys === undefined) table.keys.set(prefix, new Set([key]));
    else keys.add(key);
  }

  remove({ version, prefixLength, prefix }: AddressRange, key: Key): void {
    const name = `${version}/${prefixLength}`;
    const table = this.byLength.get(name);
    const keys = table?.keys.get(prefix);
    keys?.delete(key);
    if (keys?.size === 0) table?.keys.delete(prefix);
    if (table?.keys.size === 0) this.byLength.delete(name);
  }

  /** The keys of all ranges that hold the address, without a port. */
  *find(address: string): Generator<Key, void> {
    const parsed = this.byLength.size === 0 ? undefined : parseAddress(address);
    if (parsed === undefined) return;
    for (const { version, prefixLength, keys } of this.byLength.values()) {
      if (version === parsed.version) yield* keys.get(prefixOf(parsed, prefixLength)) ?? [];
    }
  }
}

interface LengthTable<Key> {
  readonly version: 4 | 6;
  readonly prefixLength: number;
  readonly keys: Map<bigint, Set<Key>>;
}

/** An address as a number. */
interface ParsedAddress {
  readonly version: 4 | 6;
  readonly bits: bigint;
}

/** How many bits an address has. */
const WIDTHS = { 4: 32, 6: 128 } as const;

function prefixOf({ version, bits }: ParsedAddress, length: number): bigint {
  return bits >> BigInt(WIDTHS[version] - length);
}

function parseAddress(text: string): ParsedAddress | undefined {
  const version = isIP(text);
  if (version === 4) return { version, bits: BigInt(numberOf(text)) };
  return version === 6 ? { version, bits: bitsOf(text.replace(/%.*$/, '')) } : undefined;
}

/** Of an IPv4 address. */
function numberOf(dotted: string): number {
  let number = 0;
  for (const byte of dotted.split('.')) number = number * 256 + Number(byte);
  return number;
}

/** Of an IPv6 address that is one. */
function bitsOf(text: string): bigint {
  const dotted = text.slice(text.lastIndexOf(':') + 1);
  const tail = numberOf(dotted);
  const hexadecimal = dotted.includes('.')
    ? `${text.slice(0, -dotted.length)}${Math.floor(tail / 0x1_0000).toString(16)}:${(tail % 0x1_0000).toString(16)}`
    : text;
  const [head = '', rest] = hexadecimal.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = rest === undefined || rest === '' ? [] : rest.split(':');
  const zeros = Array.from({ length: 8 - groups.length - after.length }, () => '0');
  const digits = [...groups, ...zeros, ...after].map((group) => group.padStart(4, '0'));
  return BigInt(`0x${digits.join('')}`);
}
