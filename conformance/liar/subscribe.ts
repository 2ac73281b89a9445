// Lies about SUBSCRIBE and UNSUBSCRIBE and their answers: other filters than those that the client named, other codes than
// those that hold, and messages for somebody who should not get them.

import { read } from '../wire/read.ts';
import type { Properties } from '../wire/types.ts';
import { disconnect, type FilterFields, publish, suback, subscribe, unsuback, unsubscribe } from '../wire/write.ts';
import { isKind, type Lie, type Link, NOTHING, serverAlters } from './lie.ts';
import { type Passing, publishOf } from './publish.ts';

type Filters = readonly FilterFields[];

/** A server that understands other filters, of SUBSCRIBE or UNSUBSCRIBE; `undefined`: those that the client named. */
export function serverHearsFilters(
  kind: 'subscribe' | 'unsubscribe',
  does: string,
  rewrite: (filters: Filters, link: Link) => Filters | undefined,
): Lie {
  return {
    does,
    fromClient: (frame, link) => {
      if (!isKind(frame, kind)) return undefined;
      const { id, filters, properties } = read(frame, link.level);
      const others = rewrite(filters, link);
      if (others === undefined) return undefined;
      // The reader gives each property the values that the writer takes, in a list.
      const values = properties as Properties;
      if (kind === 'subscribe') return [subscribe(link.level, id, others, values)];
      return [unsubscribe(link.level, id, others.map(nameOf), values)];
    },
  };
}

function nameOf([name]: FilterFields): string | Uint8Array {
  return name;
}

/** A server that hears the last filter of several wrong. */
export function serverGarblesLast(kind: 'subscribe' | 'unsubscribe'): Lie {
  return serverHearsFilters(kind, `overlooks the last filter of ${kind.toUpperCase()}`, (filters) => {
    const last = filters.at(-1);
    return last === undefined ? undefined : [...filters.slice(0, -1), [`${String(last[0])}/garbled`, last[1]]];
  });
}

/** A server whose SUBACK or UNSUBACK has other codes. */
export function serverAnswersCodes(
  kind: 'suback' | 'unsuback',
  does: string,
  rewrite: (codes: readonly number[]) => readonly number[],
): Lie {
  return serverAlters(kind, does, (frame, link) => {
    const { id, reasonCodes, properties } = read(frame, link.level);
    const write = kind === 'suback' ? suback : unsuback;
    return write(link.level, id, rewrite(reasonCodes), properties as Properties);
  });
}

/** A server whose SUBACK, UNSUBACK or DISCONNECT has these properties as well. */
export function serverAddsProperties(kind: 'suback' | 'unsuback' | 'disconnect', does: string, more: Properties): Lie {
  return serverAlters(kind, does, (frame, link) => {
    const { id, reasonCode, reasonCodes, properties } = read(frame, link.level);
    const values = { ...(properties as Properties), ...more };
    if (kind === 'disconnect') return disconnect(link.level, reasonCode, values);
    return (kind === 'suback' ? suback : unsuback)(link.level, id, reasonCodes, values);
  });
}

/** A server that answers every filter with an answer of its own. */
export function serverSplitsAnswer(kind: 'suback' | 'unsuback'): Lie {
  return {
    does: `sends one ${kind.toUpperCase()} per filter`,
    fromServer: (frame, link) => {
      if (!isKind(frame, kind)) return undefined;
      const { id, reasonCodes } = read(frame, link.level);
      if (kind === 'suback') return reasonCodes.map((code) => suback(link.level, id, [code]));
      // UNSUBACK of 3.1.1 does not say how many filters it answers.
      const codes = reasonCodes.length === 0 ? [0, 0] : reasonCodes;
      return codes.map((code) => unsuback(link.level, id, [code]));
    },
  };
}

/** A server that delivers with the QoS of the publisher, whatever it has granted. */
export const SERVER_IGNORES_GRANTED_QOS: Lie = {
  ...serverHearsFilters('subscribe', 'delivers with the QoS of the publisher, whatever it granted', (filters, link) => {
    link.memory.set(
      'asked',
      filters.map(([, options]) => options & 3),
    );
    return filters.map(([name, options]) => [name, (options & 0xfc) | 2]);
  }),
  fromServer: (frame, link) => {
    if (!isKind(frame, 'suback')) return undefined;
    const asked = link.memory.get('asked');
    const { id, properties } = read(frame, link.level);
    return [suback(link.level, id, Array.isArray(asked) ? asked : [], properties as Properties)];
  },
};

/** A server that acknowledges UNSUBSCRIBE and forgets it. */
export const SERVER_FORGETS_UNSUBSCRIBE: Lie = {
  does: 'acknowledges UNSUBSCRIBE and goes on delivering',
  fromClient: (frame, link) => {
    if (!isKind(frame, 'unsubscribe')) return undefined;
    const { id, filters } = read(frame, link.level);
    link.toClient(
      unsuback(
        link.level,
        id,
        filters.map(() => 0),
      ),
    );
    return NOTHING;
  },
};

/** A server that sends such a PUBLISH to everybody who has subscribed to anything, whatever becomes of its sender. */
export function serverPassesOn(does: string, when: (message: Passing, link: Link) => boolean): Lie {
  return {
    does,
    fromClient: (frame, link) => {
      if (isKind(frame, 'subscribe')) subscribersOf(link).add(link);
      if (!isKind(frame, 'publish')) return undefined;
      const message = publishOf(frame, link.level);
      if (!when(message, link)) return undefined;
      const { topic, payload } = message;
      for (const subscriber of subscribersOf(link)) {
        subscriber.toClient(publish(subscriber.level, { topic, payload }));
      }
      return undefined;
    },
  };
}

/** The connections on which SUBSCRIBE was said. */
export function subscribersOf(link: Link): Set<Link> {
  // Nobody else writes there.
  const known = link.memory.get('subscribers') as Set<Link> | undefined;
  if (known !== undefined) return known;
  const subscribers = new Set<Link>();
  link.memory.set('subscribers', subscribers);
  return subscribers;
}
