// What a client is made of on Node: TCP, SQLite, Node's timers, its clock and its chance. The client's part of
// the composition, as running-broker.ts is the broker's.

import type { Log } from '../base/log.ts';
import type { ClientParts } from '../client/parts.ts';
import { connectTcp } from '../transport/tcp/tcp-connect.ts';
import { NODE_CLOCK, NODE_RANDOM } from './node-parts.ts';
import { makeClientStore } from './storage.ts';

/** The parts of a client that talks over TCP. */
export function nodeClientParts(log: Log): ClientParts {
  return {
    dial: connectTcp,
    makeStore: (directory) => makeClientStore(directory, log),
    setAlarm: (delay, ring, isAwaited = false) => {
      const timer = setTimeout(ring, delay);
      // The socket keeps the process alive; while there is none, the timer of the next attempt does.
      if (!isAwaited) timer.unref();
      return () => clearTimeout(timer);
    },
    clock: NODE_CLOCK,
    random: NODE_RANDOM,
    log,
  };
}
