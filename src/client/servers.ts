// Which server a client connects to. Without redirects that is always the same one; with them, redirecting.ts says.

import type { ClientExtras, Servers } from './extras.ts';
import type { Settings } from './options.ts';
import type { ClientParts } from './parts.ts';

/** The servers of a client with these settings. */
export function serversFor(settings: Settings, { random, log }: ClientParts, extras: ClientExtras): Servers {
  const { host, port, redirects } = settings;
  if (redirects !== 'refuse') return extras.serverChoice(settings, redirects, random, log);
  const latest = { host, port };
  return { latest, next: () => latest, follow: () => undefined };
}
