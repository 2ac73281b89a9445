// What a client is made of on Node: TCP, Node's timers, its clock and its chance. The client's part of
// the composition, as running-broker.ts is the broker's.

import type { Log } from '../base/log.ts';
import type { ClientParts } from '../client/parts.ts';
import { connectTcp } from '../transport/tcp/tcp-connect.ts';
import { NODE_CLOCK, NODE_RANDOM } from './node-parts.ts';

/** The parts of a client that talks over TCP. */
export function nodeClientParts(log: Log): ClientParts {
  return {
    dial: connectTcp,
    setAlarm: (delay, ring) => {
      // The socket keeps the process alive; the timer alone does not.
      const timer = setTimeout(ring, delay).unref();
      return () => clearTimeout(timer);
    },
    clock: NODE_CLOCK,
    random: NODE_RANDOM,
    log,
  };
}
