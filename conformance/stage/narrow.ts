// A client that takes small packets only: what a broker adds to a packet for people to read must fit, or stay out.

import type { Received } from '../wire/read.ts';
import type { ConnectFields } from '../wire/write.ts';
import { demand } from './fault.ts';
import { say } from './line.ts';
import type { Peer, ServerStage } from './server-stage.ts';

/**
 * A client with a Maximum Packet Size that leaves room for the broker's CONNACK, and little more.
 * @param bytesLeast  What else must fit.
 */
export async function connectWithin(
  stage: ServerStage,
  fields: ConnectFields = {},
  bytesLeast = 16,
): Promise<{ readonly peer: Peer; readonly bytesMax: number }> {
  // With an identifier of the client's own, CONNACK is the same each time.
  const clientId = stage.clientId('narrow');
  const first = await stage.introduce({ ...fields, clientId });
  first.peer.leave();
  const bytesMax = Math.max(first.connack.frame.bytes.length, bytesLeast);
  const peer = await stage.connect({ ...fields, clientId, properties: { maximumPacketSize: bytesMax } });
  return { peer, bytesMax };
}

/** Demands that a packet is not larger than that. */
export function demandWithin(received: Received, bytesMax: number): void {
  const { length } = received.frame.bytes;
  demand(length <= bytesMax, `${say(received)} has ${length} bytes; the client takes ${bytesMax} at most.`);
}
