// Lies about PUBLISH: another message than the one that was published, in another order, or not again.

import type { Frame } from '../wire/frame.ts';
import { read } from '../wire/read.ts';
import type { Properties, PropertyName } from '../wire/types.ts';
import { acknowledge, type Level, publish, type PublishFields } from '../wire/write.ts';
import { isKind, type Lie, type Link, NOTHING } from './lie.ts';

/** A PUBLISH that passes. */
export interface Passing extends PublishFields {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly id: number;
  readonly dup: boolean;
  readonly retain: boolean;
  readonly properties: Properties;
}

/** What a PUBLISH says. */
export function publishOf(frame: Frame, level: Level): Passing {
  const { topic, payload, qos, id, dup, retain, properties } = read(frame, level);
  // The reader gives each property the values that the writer takes, in a list.
  return { topic, payload, qos, id, dup, retain, properties: properties as Properties };
}

/** Properties without those of a name. */
export function without(properties: Properties, name: PropertyName): Properties {
  const { [name]: _, ...others } = properties;
  return others;
}

/** What becomes of a message: these fields change; `undefined`: none. */
export type Retell = (message: Passing, link: Link) => Partial<PublishFields> | undefined;

/** A server that sends another message than the one that is due. */
export function serverDelivers(does: string, retell: Retell): Lie {
  return { does, fromServer: (frame, link) => retold(frame, link, retell) };
}

/** A server that takes a message for another one. */
export function serverTakes(does: string, retell: Retell): Lie {
  return { does, fromClient: (frame, link) => retold(frame, link, retell) };
}

function retold(frame: Frame, link: Link, retell: Retell): readonly Uint8Array[] | undefined {
  if (!isKind(frame, 'publish')) return undefined;
  const message = publishOf(frame, link.level);
  const change = retell(message, link);
  return change === undefined ? undefined : [publish(link.level, { ...message, ...change })];
}

/** A server that lets the first of such messages wait until it has sent the second one. */
export function serverSwaps(when: (message: Passing, link: Link) => boolean): Lie {
  return {
    does: 'sends the second message before the first',
    fromServer: (frame, link) => {
      if (!isKind(frame, 'publish') || !when(publishOf(frame, link.level), link)) return undefined;
      const first = link.memory.get('first');
      if (first === 'sent') return undefined;
      link.memory.set('first', first === undefined ? frame.bytes : 'sent');
      return first instanceof Uint8Array ? [frame.bytes, first] : NOTHING;
    },
  };
}

/** Whether a connection has ended before, so that a client that comes back is heard for the second time. */
export function isLater(link: Link): boolean {
  return link.memory.get('closed') === true;
}

/** Who subscribed last, of those who talk with one liar. */
const LISTENERS = new WeakMap<Link['memory'], Link>();

/** A server that delivers such a message itself, to whoever subscribed last, whatever comes of it otherwise. */
export function serverAlsoDelivers(does: string, when: (message: Passing, link: Link) => boolean): Lie {
  return {
    does,
    fromClient: (frame, link) => {
      if (isKind(frame, 'subscribe')) LISTENERS.set(link.memory, link);
      const listener = LISTENERS.get(link.memory);
      if (!isKind(frame, 'publish') || listener === undefined) return undefined;
      const message = publishOf(frame, link.level);
      if (when(message, link))
        listener.toClient(publish(listener.level, { ...message, qos: 0, dup: false, retain: false }));
      return undefined;
    },
  };
}

/** A server that takes such a message for a copy of one that it has: it answers for it, and nobody gets it. */
export function serverIgnoresButAnswers(does: string, when: (message: Passing, link: Link) => boolean): Lie {
  return {
    does,
    fromClient: (frame, link) => {
      if (isKind(frame, 'pubrel') && link.memory.get('answers') === true) {
        link.toClient(acknowledge(link.level, 'pubcomp', read(frame, link.level).id));
        return NOTHING;
      }
      if (!isKind(frame, 'publish')) return undefined;
      const message = publishOf(frame, link.level);
      if (message.qos === 0 || !when(message, link)) return undefined;
      link.memory.set('answers', true);
      link.toClient(acknowledge(link.level, message.qos === 1 ? 'puback' : 'pubrec', message.id));
      return NOTHING;
    },
  };
}

/** A server that says again, when a client comes back, what it had said last of that kind. */
export function serverSaysAgain(kind: 'publish' | 'pubrel'): Lie {
  return {
    does: `sends ${kind.toUpperCase()} again when the client comes back`,
    fromServer: (frame, link) => {
      if (isKind(frame, kind)) link.memory.set('said', frame.bytes);
      const said = link.memory.get('said');
      const isBack = isKind(frame, 'connack') && isLater(link) && said instanceof Uint8Array;
      return isBack ? [frame.bytes, said] : undefined;
    },
  };
}
