// A connection through a proxy: reads the PROXY header before anything else does, and says whom the proxy speaks for. Only a
// proxy that is listed is listened to; where any is, nobody else is let in, since everybody could claim anything.

import { BlockList, isIPv6, type Socket } from 'node:net';

import { plainAddress } from '../../base/network-of.ts';
import type { Admits } from '../contract.ts';
import { hostInUrl, remoteOf } from './tcp-address.ts';
import { PROXY_HEADER_BYTES_MAX, parseProxyHeader } from './proxy-header.ts';
import type { WaitingRoom, WaitingRules } from './waiting-room.ts';

/** The proxies that may speak for others. */
export class Proxies {
  private readonly list: BlockList;

  /**
   * @param places  Addresses, and networks such as `10.0.0.0/8`.
   * @throws What Node finds wrong with one.
   */
  constructor(places: readonly string[]) {
    this.list = new BlockList();
    for (const place of places) {
      const [address = '', bits] = place.split('/');
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.list.addAddress(address, family);
      else this.list.addSubnet(address, Number(bits), family);
    }
  }

  /** Whether a socket comes from one of them. */
  includes({ remoteAddress }: Socket): boolean {
    if (remoteAddress === undefined) return false;
    // IPv4, as a socket for both sees it; the zone of a link-local address, which no list has.
    const address = plainAddress(remoteAddress.replace(/%.*$/, ''));
    return this.list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
}

/**
 * Reads the header of a socket that waits in `room`, and names the guest by it. A peer that is no proxy, or sends no header, is
 * refused.
 * @param proceed  Called with the socket paused, and what came behind the header still to be read.
 */
export function readProxyHeader(
  proxies: Proxies,
  socket: Socket,
  room: WaitingRoom,
  rules: WaitingRules & { readonly admits?: Admits | undefined },
  proceed: () => void,
): void {
  const refuse = (reason: string): void => {
    const remote = room.leave(socket);
    if (remote !== undefined) rules.onRefused(remote, reason);
    socket.destroy();
  };
  if (!proxies.includes(socket))
    return refuse('it is not among the proxies from which connections come here (proxyFrom)');
  let received: Buffer = Buffer.alloc(0);
  const take = (chunk: Buffer): void => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const header = parseProxyHeader(received.subarray(0, PROXY_HEADER_BYTES_MAX));
    if (header.kind === 'incomplete') return;
    stop();
    if (header.kind === 'invalid') return refuse('it is a proxy (proxyFrom), and sent no valid PROXY header');
    if (header.length < received.length) socket.unshift(received.subarray(header.length));
    const { peer } = header;
    // A proxy that speaks for itself, or will not say for whom, is a peer like others.
    const remote = peer === undefined ? remoteOf(socket) : `${hostInUrl(peer.address)}:${peer.port}`;
    if (peer !== undefined) room.rename(socket, remote);
    if (rules.admits?.(remote) === false) {
      room.leave(socket);
      socket.destroy();
      return;
    }
    proceed();
  };
  const giveUp = (): void => {
    socket.destroy();
  };
  const stop = (): void => {
    socket.off('data', take).off('end', giveUp).pause();
  };
  socket.on('data', take).on('end', giveUp).resume();
}
