// Where a broker listens, as configuration knows it, and whether only this machine can reach it.

/** One door of the broker. */
export interface ListenerAddress {
  readonly type: 'tcp';
  /** An IP address or a host name; IPv6 without brackets. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Letters, digits and what IPv4, IPv6 (with a zone) and host names are made of. Never empty: Node takes that as "everywhere". */
const HOST = /^[A-Za-z0-9._:%-]{1,255}$/;
const LISTENER_URL = /^mqtt:\/\/(\[[^\]]+\]|[^:[\]/]+):(\d{1,5})\/?$/;

/** Takes a raw value as a host; `undefined` when it is none. */
export function readHost(raw: unknown): string | undefined {
  return typeof raw === 'string' && HOST.test(raw) && !/^[^:]*:\d*$/.test(raw) ? raw : undefined;
}

/** Reads `mqtt://host:port`, or several of them with commas between; `undefined` when one is not of that form. */
export function readListeners(raw: unknown): readonly ListenerAddress[] | undefined {
  if (typeof raw !== 'string') return undefined;
  const listeners: ListenerAddress[] = [];
  for (const url of raw.split(',')) {
    const [, address, digits] = LISTENER_URL.exec(url.trim()) ?? [];
    const host = readHost(address?.replaceAll(/^\[|\]$/g, ''));
    const port = Number(digits);
    if (host === undefined || !(port <= 65_535)) return undefined;
    listeners.push({ type: 'tcp', host, port });
  }
  return listeners;
}

/** The listener as a URL, such as `mqtt://127.0.0.1:1883` or `mqtt://[::1]:1883`. */
export function showListener(listener: ListenerAddress): string {
  const host = listener.host.includes(':') ? `[${listener.host}]` : listener.host;
  return `mqtt://${host}:${listener.port}`;
}

/**
 * Whether nobody but this machine can reach the host: 127.0.0.0/8, ::1 (also as ::ffff:127.x.y.z) and `localhost`.
 * Any other spelling counts as reachable, so that a doubt never opens a door.
 */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  if (name === 'localhost' || name === '::1' || name === '0:0:0:0:0:0:0:1') return true;
  const [, ...octets] = /^(?:::ffff:)?127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(name) ?? [];
  return octets.length === 3 && octets.every((octet) => Number(octet) <= 255);
}
