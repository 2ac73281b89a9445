// The part of a peer's address that stands for somebody: an IPv4 address, or the first half of an IPv6 address, since whoever
// has one of those has the other 2^64 of its network, too. Anything that is no such address stands for itself.
// IPv4 that is mapped into IPv6 is IPv4: else all of it would be one network.

const IPV6_GROUPS_KEPT = 4;

/** IPv4 mapped into IPv6 (RFC 4291, section 2.5.5.2), in any spelling: nothing but zeros, `ffff`, and the address, in dots or as two groups. */
const MAPPED = /^[0:]*:ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i;

/** An address as it should be written: IPv4 in dots where it is mapped into IPv6. What is no address comes back as it is. */
export function plainAddress(address: string): string {
  const [, dotted, high, low] = MAPPED.exec(address) ?? [];
  if (dotted !== undefined || high === undefined || low === undefined) return dotted ?? address;
  const [first, second] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [first >> 8, first & 255, second >> 8, second & 255].join('.');
}

/** @param remote  As `NetworkConnection.remote`: `192.0.2.1:1883`, `[2001:db8::1]:1883`, or another text. */
export function networkOf(remote: string): string {
  const address = /^(.*):\d+$/.exec(remote)?.[1] ?? remote;
  const bare = address.replace(/^\[(.*)\]$/, '$1');
  const plain = plainAddress(bare);
  if (plain !== bare) return plain;
  if (!/^[0-9a-f:]+(%.*)?$/i.test(bare) || !bare.includes(':')) return bare;
  const [head = '', tail] = bare.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  if (tail !== undefined) while (groups.length + after.length < 8) groups.push('0');
  return `${[...groups, ...after].slice(0, IPV6_GROUPS_KEPT).join(':').toLowerCase()}::/64`;
}
