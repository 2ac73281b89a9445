// The part of a peer's address that stands for somebody: an IPv4 address, or the first half of an IPv6 address, since whoever
// has one of those has the other 2^64 of its network, too. Anything that is no such address stands for itself.

const IPV6_GROUPS_KEPT = 4;

/** @param remote  As `NetworkConnection.remote`: `192.0.2.1:1883`, `[2001:db8::1]:1883`, or another text. */
export function networkOf(remote: string): string {
  const address = /^(.*):\d+$/.exec(remote)?.[1] ?? remote;
  const bare = address.replace(/^\[(.*)\]$/, '$1');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  if (!/^[0-9a-f:]+(%.*)?$/i.test(bare) || !bare.includes(':')) return bare;
  const [head = '', tail] = bare.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  if (tail !== undefined) while (groups.length + after.length < 8) groups.push('0');
  return `${[...groups, ...after].slice(0, IPV6_GROUPS_KEPT).join(':').toLowerCase()}::/64`;
}
