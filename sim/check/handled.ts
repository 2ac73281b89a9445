// A client without a store acknowledges to the broker what its application is done with, and nothing before (docs/client.md): what it has in hand
// when it dies comes again. What comes late for a subscription that the application has ended is acknowledged unseen, and what it must take for
// the repetition of an older message (taken-for-older.ts).

import type { History } from '../history.ts';
import { type Digest, digestOf } from './digest.ts';
import { NEVER } from './session-span.ts';
import { takenForOlder } from './taken-for-older.ts';
import type { Violation } from './violation.ts';
import type { WireConnection } from './wire-connection.ts';

/** Checks every PUBACK and PUBREC of such clients. */
export function handled(history: History): readonly Violation[] {
  const digest = digestOf(history);
  const found: Violation[] = [];
  /** What came last under each identifier. */
  const came = new Map<WireConnection, Map<number, string>>();
  for (const { isSent, side, connection, wire, at, place } of digest.wires) {
    const { packet, label } = wire;
    if (side === 'broker' || connection.isIntruder) continue;
    if (!isSent) {
      if (packet.kind !== 'publish' || packet.id === undefined || label === '') continue;
      const labels = came.get(connection) ?? new Map<number, string>();
      came.set(connection, labels.set(packet.id, label));
    } else if ((packet.kind === 'puback' || packet.kind === 'pubrec') && packet.reasonCode < 0x80) {
      const acknowledged = came.get(connection)?.get(packet.id);
      if (acknowledged === undefined || mayAcknowledge(digest, connection, acknowledged, place)) continue;
      const sentence = `${connection.client} sent ${packet.kind.toUpperCase()} ${packet.id} for ${acknowledged}, with which its application was not done.`;
      found.push({ checker: 'handled', sentence, at });
    }
  }
  return found;
}

function mayAcknowledge(digest: Digest, { client }: WireConnection, label: string, place: number): boolean {
  const facts = digest.client(client);
  if (!facts.isForgetful || facts.hasUnsubscribed || (facts.handled.get(label) ?? NEVER) < place) return true;
  return takenForOlder(digest).get(client)?.has(label) === true;
}
