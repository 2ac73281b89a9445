// Ranges of IP addresses (`10.0.0.0/8`, `::1`), and whether a peer is in one. An IPv4 address that comes mapped into IPv6
// (`::ffff:10.0.0.1`, as sockets that serve both say it) counts as the IPv4 address that it is.

import { BlockList, isIP } from 'node:net';

/** A range of addresses, or one of them. */
export interface AddressRange {
  /** As written. */
  readonly text: string;
  /** Whether the address, without a port, is in it. */
  readonly holds: (address: string) => boolean;
}

/** Takes an address, or one with the length of its prefix behind a slash; `undefined` when it is none. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [, address = '', length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  const bits = version === 4 ? 32 : 128;
  const prefix = length === undefined ? bits : Number(length);
  if (version === 0 || prefix > bits || address.includes('%')) return undefined;
  const list = new BlockList();
  list.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6');
  return {
    text,
    holds(peer) {
      const family = isIP(peer);
      return family !== 0 && list.check(peer, family === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/** The address in a peer's `127.0.0.1:50123` or `[::1]:50123`; what is neither comes back as it is. */
export function addressOf(remote: string): string {
  const [, host] = /^\[(.*)\](?::\d+)?$/.exec(remote) ?? /^([^:]*):\d+$/.exec(remote) ?? [];
  const address = (host ?? remote).replace(/%.*$/, ''); // The zone of a link-local address.
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  return mapped ?? address;
}
