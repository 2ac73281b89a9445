// Somebody without a past who asks for all retained messages, to see what there is. It asks with QoS 0: everything then comes
// in the order in which the broker wrote it, and the answer to a PINGREQ says that it was all.

import type { Packet } from '../../src/packet/packet.ts';
import { PINGREQ } from '../../src/packet/packet.ts';
import { packetId } from '../../src/packet/packet-id.ts';
import { NO_SUBSCRIBE_PROPERTIES } from '../../src/packet/properties.ts';
import type { Chronicle } from './chronicle.ts';
import type { RetainedLook } from './history.ts';
import { type Label, readLabel } from './label.ts';
import { connectPacket } from './packets.ts';
import { Wire } from './wire.ts';

/** Takes a look at what the topics of a filter retain. */
export async function lookAtRetained(port: number, filter: string, chronicle: Chronicle): Promise<RetainedLook> {
  const found = new Map<string, Label>();
  let isDone = false;
  const wire: Wire = new Wire(port, 5, {
    receive: (packet) => {
      chronicle.tick();
      isDone = read(packet, found, chronicle, wire) || isDone;
    },
    lose: () => {
      if (!isDone) chronicle.complain('The reader of retained messages was cut off');
    },
  });
  const choice = {
    version: 5,
    clientId: 'reader',
    clean: true,
    isPersistent: false,
    receiveMaximum: undefined,
  } as const;
  wire.send(connectPacket(choice));
  const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const subscriptions = [{ filter, options }];
  wire.send({ kind: 'subscribe', id: packetId(1), subscriptions, properties: NO_SUBSCRIBE_PROPERTIES });
  try {
    await chronicle.until(
      () => isDone,
      () => 'for the retained messages',
    );
    return { at: chronicle.tick(), found };
  } finally {
    wire.cut();
  }
}

/** @returns whether that was all. */
function read(packet: Packet, found: Map<string, Label>, chronicle: Chronicle, wire: Wire): boolean {
  if (packet.kind === 'suback') wire.send(PINGREQ);
  if (packet.kind === 'publish') {
    const label = readLabel(packet.payload);
    if (label === undefined || !packet.retain) chronicle.complain(`${packet.topic} retains what nobody sent so`);
    else found.set(packet.topic, label);
  }
  return packet.kind === 'pingresp';
}
