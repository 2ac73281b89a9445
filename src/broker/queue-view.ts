// What waits for one session, or for one shared group, message by message and as far as somebody asks: what is in flight first, then what
// waits, each in the order of publication. Of a recipient that the store knows it is read from the store, a page at a time; nothing is taken, and
// between two pages the broker goes on. If the recipient ends meanwhile, or the store closes, the rest may not come, nor an end.

import type { Millis } from '../base/millis.ts';
import type { QoS } from '../packet/packet.ts';
import type { MessageId, QueuedDelivery, QueuePage, RecipientKey } from '../store/contract.ts';
import type { BrokerState } from './broker-state.ts';
import type { ClientSession } from './client-session.ts';
import type { GroupQueue } from './group-queue.ts';

/** One message that somebody is owed. */
export interface QueuedView {
  /** `queued`: its sending has not begun. `sent`: PUBACK or PUBREC has not come. `released`: the client has it, and PUBCOMP has not come. */
  readonly state: 'queued' | 'sent' | 'released';
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly payload: Uint8Array;
  /** `undefined`: never. */
  readonly expiresInSeconds: number | undefined;
  /** The shared subscription that it came by, or waits for; '': none. */
  readonly sharedFilter: string;
}

/** How much of a queue is read from the store at a time. */
const PAGE = { messagesMax: 256, bytesMax: 1024 * 1024 } as const;

/** What a session is owed. */
export async function* queueOfSession(broker: BrokerState, session: ClientSession): AsyncGenerator<QueuedView, void> {
  const inFlight: QueuedView[] = [];
  session.machine.forEachInFlight((delivery, state) => inFlight.push(viewOf(broker, delivery, state)));
  yield* inFlight;
  if (session.key === 0) {
    for (const delivery of session.queue.first(session.queue.messages)) yield viewOf(broker, delivery, 'queued');
    return;
  }
  const isThere = (): boolean => broker.sessions.get(session.clientId) === session;
  for await (const delivery of stored(broker, session.key, isThere)) yield viewOf(broker, delivery, 'queued');
}

/** What waits for a shared group. What a member has borrowed is `sent`; the rest of what members have is theirs, and not here. */
export async function* queueOfGroup(broker: BrokerState, group: GroupQueue): AsyncGenerator<QueuedView, void> {
  const sharedFilter = group.requested;
  // Without a name in the store all is in memory; with one, what came before it has no number.
  for (const delivery of group.queue.first(group.queue.messages)) {
    if (group.key !== 0 && delivery.messageId !== 0) break;
    yield { ...viewOf(broker, delivery, 'queued'), sharedFilter };
  }
  const { key } = group;
  if (key === 0) return;
  const lent = lentBy(group);
  for await (const delivery of stored(broker, key, () => group.key === key)) {
    yield { ...viewOf(broker, delivery, lent.has(delivery.messageId) ? 'sent' : 'queued'), sharedFilter };
  }
}

/** In how many whole seconds it is then, at least 0; `undefined`: never. */
export function secondsUntil(moment: Millis | undefined, now: Millis): number | undefined {
  return moment === undefined ? undefined : Math.max(0, Math.floor((moment - now) / 1000));
}

/** What the store has for a recipient, for as long as that is there. */
async function* stored(
  { store }: BrokerState,
  key: RecipientKey,
  isThere: () => boolean,
): AsyncGenerator<QueuedDelivery, void> {
  let after = 0;
  for (let isLast = false; !isLast && isThere(); ) {
    const page: QueuePage = await new Promise((resolve) => {
      store.read(key, after, PAGE, resolve);
    });
    yield* page.deliveries;
    after = page.deliveries.at(-1)?.messageId ?? after;
    isLast = page.isLast;
  }
}

/** The numbers of the messages that members have borrowed, and not acknowledged. */
function lentBy(group: GroupQueue): ReadonlySet<MessageId> {
  const lent = new Set<MessageId>();
  if (group.lentCount === 0) return lent;
  for (const { machine } of group.sessions()) {
    machine.forEachInFlight(({ lender, messageId }) => {
      if (lender === group) lent.add(messageId);
    });
  }
  return lent;
}

function viewOf(
  { clock }: BrokerState,
  { message, qos, retain, sharedFilter }: Pick<QueuedDelivery, 'message' | 'retain' | 'sharedFilter'> & { qos: QoS },
  state: QueuedView['state'],
): QueuedView {
  const { topic, payload } = message;
  const expiresInSeconds = secondsUntil(message.expiresAt, clock.monotonic());
  return { state, topic, qos, retain, payload, expiresInSeconds, sharedFilter };
}
