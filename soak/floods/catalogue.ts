// Every flood by its name.

import { CONNECT_FLOOD, HALF_OPEN, TAKEOVER_STORM, TLS_HELLO, WRONG_PASSWORDS } from './connections.ts';
import type { Flood } from './flood.ts';
import { FILES, FIRST_MESSAGES, FLAPPING, MEMORY } from './shortages.ts';
import {
  BIG_PACKETS,
  MANY_FILTERS,
  PING_FLOOD,
  PUBLISH_FLOOD,
  SAME_IDENTIFIER,
  SLOW_READERS,
  SUBSCRIPTION_CHURN,
} from './packets.ts';
import { FRAGMENTS, WEB_SOCKET_PINGS } from './web-sockets.ts';

/** The name of a flood. */
export type FloodName =
  | 'connect'
  | 'half-open'
  | 'tls-hello'
  | 'ping'
  | 'churn'
  | 'filters'
  | 'publish'
  | 'same-id'
  | 'big'
  | 'takeover'
  | 'fragments'
  | 'ws-ping'
  | 'slow-readers'
  | 'passwords'
  | 'flapping'
  | 'first-message'
  | 'files'
  | 'memory';

/** All of them, in the order in which they are run. */
export const FLOODS: Readonly<Record<FloodName, Flood>> = {
  connect: CONNECT_FLOOD,
  'half-open': HALF_OPEN,
  'tls-hello': TLS_HELLO,
  ping: PING_FLOOD,
  churn: SUBSCRIPTION_CHURN,
  filters: MANY_FILTERS,
  publish: PUBLISH_FLOOD,
  'same-id': SAME_IDENTIFIER,
  big: BIG_PACKETS,
  takeover: TAKEOVER_STORM,
  fragments: FRAGMENTS,
  'ws-ping': WEB_SOCKET_PINGS,
  'slow-readers': SLOW_READERS,
  passwords: WRONG_PASSWORDS,
  flapping: FLAPPING,
  'first-message': FIRST_MESSAGES,
  files: FILES,
  memory: MEMORY,
};

/** All names. */
export const FLOOD_NAMES: readonly FloodName[] = Object.keys(FLOODS) as FloodName[];

/** Whether this is the name of one. */
export function isFloodName(name: string): name is FloodName {
  return Object.hasOwn(FLOODS, name);
}
