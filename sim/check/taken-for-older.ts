// What a client takes for the repetition of an older message, and cannot know better (docs/client.md, "What is not promised"): the broker has begun a new
// session, no CONNACK that says so has come, and a PUBLISH of QoS 2 comes under an identifier that the client has in use, from the session
// before, for another message. It is acknowledged, and the application never sees it.
// An identifier that the broker gives out twice in one session is not excused; packet-ids.ts says so, too.

import type { Label } from '../history.ts';
import type { Digest } from './digest.ts';
import type { SessionSpan } from './session-span.ts';

/** What came under an identifier, and PUBREL has not come for it. */
interface InUse {
  readonly label: Label;
  readonly span: SessionSpan | undefined;
}

/** What one client has received, as it sees its session. */
interface View {
  life: number;
  readonly inUse: Map<number, InUse>;
  readonly mistaken: Set<Label>;
}

/** The messages of each client, by its name, that it took for older ones. */
export function takenForOlder(digest: Digest): ReadonlyMap<string, ReadonlySet<Label>> {
  const views = new Map<string, View>();
  for (const { isSent, side, connection, wire } of digest.wires) {
    if (isSent || side === 'broker' || connection.isIntruder) continue;
    const { client, clientLife, span } = connection;
    const { packet, label } = wire;
    const view = viewOf(views, client, clientLife);
    // Without a store a process takes everything with it.
    if (view.life !== clientLife && digest.client(client).isForgetful) view.inUse.clear();
    view.life = clientLife;
    if (packet.kind === 'connack') {
      if (connection.isAccepted && !packet.sessionPresent) view.inUse.clear();
    } else if (packet.kind === 'pubrel') view.inUse.delete(packet.id);
    else if (packet.kind === 'publish' && packet.id !== undefined && packet.qos === 2) {
      const known = view.inUse.get(packet.id);
      if (known === undefined) view.inUse.set(packet.id, { label, span });
      else if (known.label !== label && known.span !== span) view.mistaken.add(label);
    }
  }
  return new Map(Array.from(views, ([client, { mistaken }]) => [client, mistaken]));
}

function viewOf(views: Map<string, View>, client: string, life: number): View {
  const known = views.get(client);
  if (known !== undefined) return known;
  const made = { life, inUse: new Map<number, InUse>(), mistaken: new Set<Label>() };
  views.set(client, made);
  return made;
}
