// Nobody sends more than the receiver's Receive Maximum of PUBLISH packets ahead of their acknowledgements [MQTT-3.3.4-7] [MQTT-3.3.4-9], nor
// more than it was told to (`inFlightMax` of broker and client). Counted where they are sent: from PUBLISH until PUBACK, PUBCOMP or a
// PUBREC that refuses has come.

import type { Packet, PubackPacket, PubcompPacket, PubrecPacket } from '../../src/packet/packet.ts';
import type { History } from '../history.ts';
import { type Digest, digestOf } from './digest.ts';
import type { Violation } from './violation.ts';
import type { WireConnection } from './wire-connection.ts';

/** One direction of one connection. */
interface Window {
  readonly open: Set<number>;
  readonly limit: number;
  isSaid: boolean;
}

/** Checks both directions of each connection. */
export function inFlight(history: History): readonly Violation[] {
  const digest = digestOf(history);
  const windows = { client: new Map<WireConnection, Window>(), broker: new Map<WireConnection, Window>() };
  const found: Violation[] = [];
  for (const { isSent, side, connection, wire, at } of digest.wires) {
    const { packet } = wire;
    if (isSent) {
      if (packet.kind !== 'publish' || packet.id === undefined) continue;
      let window = windows[side].get(connection);
      if (window === undefined) {
        window = { open: new Set(), limit: limitOf(digest, connection, side), isSaid: false };
        windows[side].set(connection, window);
      }
      window.open.add(packet.id);
      if (window.open.size <= window.limit || window.isSaid) continue;
      window.isSaid = true;
      const who = side === 'broker' ? `The broker has` : `${connection.client} has`;
      const sentence = `${who} ${window.open.size} messages in flight on connection ${connection.number}; ${window.limit} are allowed.`;
      found.push({ checker: 'in-flight', sentence, at });
    } else if (isLast(packet)) windows[side].get(connection)?.open.delete(packet.id);
  }
  return found;
}

/** The last acknowledgement of a message. */
function isLast(packet: Packet): packet is PubackPacket | PubcompPacket | PubrecPacket {
  return (
    packet.kind === 'puback' || packet.kind === 'pubcomp' || (packet.kind === 'pubrec' && packet.reasonCode >= 0x80)
  );
}

function limitOf(digest: Digest, connection: WireConnection, sender: 'client' | 'broker'): number {
  if (sender === 'broker') {
    return Math.min(
      connection.request?.properties.receiveMaximum ?? 65_535,
      digest.circumstances.limitsOf(connection.brokerLife).inFlightMax,
    );
  }
  const { plan } = digest.client(connection.client);
  return Math.min(connection.connack?.properties.receiveMaximum ?? 65_535, plan?.inFlightMax ?? 65_535);
}
