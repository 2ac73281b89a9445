// What a test puts behind a connection when the way there is what it tests: whoever sends something gets it back.

import type { NetworkConnection, NetworkHandler } from '../../src/transport/contract.ts';

/** Sends back what comes over a connection. */
export function echoOver(connection: NetworkConnection): NetworkHandler {
  return {
    receive: (bytes, start, end) => {
      const writer = connection.writer();
      writer.reserve(end - start);
      writer.raw(bytes.subarray(start, end));
      connection.wrote();
    },
    drained() {},
    closed() {},
  };
}
