// Addresses as people and URLs write them.

import type { Socket } from 'node:net';

import { plainAddress } from '../../base/network-of.ts';

/** An IPv6 address stands in brackets, so that its colons are not taken for the port's. */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** The peer's address, such as `127.0.0.1:50123`, of IPv4 also where the socket serves both; a peer that is gone already has none. */
export function remoteOf(socket: Socket): string {
  const { remoteAddress, remotePort } = socket;
  return remoteAddress === undefined ? 'unknown' : `${hostInUrl(plainAddress(remoteAddress))}:${remotePort}`;
}
