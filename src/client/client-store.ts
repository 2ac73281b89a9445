// The client's half of the session on disk, in terms of the store's contract: one session, whose queue is the outbox, whose deliveries
// in flight are our handshakes, and whose origins are the broker's; and beside it one recipient more, the inbox.
// It decides nothing; outbox.ts, inbox.ts and session-state.ts use it.

import { OperationError, UsageError } from '../base/errors.ts';
import { millis } from '../base/millis.ts';
import type { Random } from '../base/random.ts';
import type { PacketId } from '../packet/packet-id.ts';
import type {
  MessageId,
  QueuedDelivery,
  QueueSize,
  RecoveredDelivery,
  RecoveredSession,
  SessionKey,
  Store,
} from '../store/contract.ts';
import { DeliveryQueue, type QueueHeadLimits, type QueueOwner, type Waiting } from '../store/delivery-queue.ts';
import { newQueueTotals } from '../store/queue-totals.ts';
import type { Finished } from './arrival.ts';
import { CommitGate, type GateOutlet } from './commit.ts';
import { Durability } from './durability.ts';
import type { Handling } from './handling.ts';
import type { InboxOwner } from './inbox.ts';
import { randomClientId } from './random-client-id.ts';
import { INBOX, OUTBOX } from './recipients.ts';
import { StoredInbox, type StoredInboxLimits } from './stored-inbox.ts';

/** The name of the inbox among the sessions of the store, where the other one has the client identifier. */
const INBOX_NAME = 'inbox';
/** A session of a client has no end of its own: it ends with the directory. */
const FOR_EVER = millis(100 * 365 * 86_400_000);

/** What is told of a store while it works. */
export interface ClientStoreOwner {
  /** More is durable, or there is room again, or none. */
  storeMoved(): void;
  /** The disk is full, or has room again. */
  storeFull(isFull: boolean): void;
  /** Nothing becomes durable any more. */
  storeFailed(error: OperationError): void;
}

/** What was found. */
export interface Remembered {
  readonly inFlight: readonly RecoveredDelivery[];
  readonly exactlyOnceIds: readonly PacketId[];
  readonly outbox: QueueSize;
  readonly inbox: QueueSize;
}

/** An open store. */
export class ClientStore {
  readonly store: Store;
  readonly durability: Durability;
  readonly clientId: string;
  readonly remembered: Remembered;
  /** The newest message of an earlier process. */
  readonly rememberedIdMax: MessageId;
  /** There is no room for more. */
  isFull: boolean;
  private messageIdLast: MessageId;

  constructor(store: Store, clientId: string, remembered: Remembered, messageIdLast: MessageId) {
    this.store = store;
    this.durability = new Durability(store);
    this.clientId = clientId;
    this.remembered = remembered;
    this.rememberedIdMax = messageIdLast;
    this.isFull = false;
    this.messageIdLast = messageIdLast;
  }

  /** The name of a new message. hot: */
  nextMessageId(): MessageId {
    return ++this.messageIdLast;
  }

  /** Messages of the outbox that wait: here, and the first of them in memory, too. */
  newQueue<D extends Waiting>(
    owner: QueueOwner<D>,
    head: QueueHeadLimits,
    restored: (stored: QueuedDelivery) => D,
  ): DeliveryQueue<D> {
    const place = { store: this.store, limits: head, queueTotals: newQueueTotals() };
    return new DeliveryQueue(place, owner, restored);
  }

  /** What holds packets back until the store has what they answer for. */
  newGate(outlet: GateOutlet): CommitGate {
    return new CommitGate(this.store, outlet);
  }

  /** What has come, in this store. */
  newInbox(owner: InboxOwner, handling: Handling, limits: StoredInboxLimits, finishedByAll: Finished): StoredInbox {
    return new StoredInbox(owner, handling, this, limits, finishedByAll);
  }
}

/**
 * Opens the store of a client, or makes one for it.
 * @param clientId  As the caller gave it; '': whatever the store says, or a random one for a new store.
 * @throws {UsageError} `invalid-option`: the store is another client's.
 * @throws {OperationError} What `Store.open` throws; `store-in-use` among others.
 */
export async function openClientStore(
  store: Store,
  directory: string,
  clientId: string,
  random: Random,
  owner: ClientStoreOwner,
): Promise<ClientStore> {
  let hasNoRoom = false;
  let hasRetained = false;
  const opened: { client: ClientStore | undefined } = { client: undefined };
  const recovered = await store.open({
    restoreRetained: (messages) => {
      hasRetained ||= messages.length > 0;
    },
    opening: () => undefined,
    durable: () => {
      opened.client?.durability.grown();
      owner.storeMoved();
    },
    full: (isFull) => {
      hasNoRoom = isFull;
      if (opened.client !== undefined) opened.client.isFull = isFull;
      owner.storeFull(isFull);
      owner.storeMoved();
    },
    failed: (error) => {
      opened.client?.durability.failed(error);
      owner.storeFailed(error);
    },
  });
  const session = recovered.sessions.find(({ record }) => record.key === OUTBOX);
  const inbox = recovered.sessions.find(({ record }) => record.key === INBOX);
  const name = session?.record.clientId ?? (clientId === '' ? randomClientId(random) : clientId);
  const { sessions, recipientKeyMax, messageIdMax } = recovered;
  // Also of a broker whose sessions have all ended.
  const isUsed = hasRetained || recipientKeyMax > 0 || messageIdMax > 0;
  const isOurs = session !== undefined && inbox?.record.clientId === INBOX_NAME && sessions.length === 2;
  const problem = strangeness(directory, clientId, isUsed && !isOurs, session);
  if (problem !== undefined) {
    await store.close();
    throw problem;
  }
  const remembered = {
    inFlight: session?.inFlight ?? [],
    exactlyOnceIds: session?.exactlyOnceIds ?? [],
    outbox: session?.queue ?? { messages: 0, bytes: 0 },
    inbox: inbox?.queue ?? { messages: 0, bytes: 0 },
  };
  const client = new ClientStore(store, name, remembered, messageIdMax);
  client.isFull = hasNoRoom;
  opened.client = client;
  if (session === undefined) {
    store.saveSession(recordOf(OUTBOX, name));
    // So that the name is the same after a crash; nothing is sent before.
    await client.durability.of(store.saveSession(recordOf(INBOX, INBOX_NAME)));
  }
  return client;
}

function recordOf(key: SessionKey, clientId: string): RecoveredSession['record'] {
  return { key, clientId, principal: undefined, expiryInterval: FOR_EVER, disconnectedAt: undefined };
}

/** Why the store cannot be this client's. */
function strangeness(
  directory: string,
  clientId: string,
  isStrange: boolean,
  session: RecoveredSession | undefined,
): Error | undefined {
  if (isStrange) {
    const sentence = `${JSON.stringify(directory)} is the data directory of a broker, not the store of a client.`;
    return new OperationError('store-unavailable', sentence);
  }
  if (session === undefined || clientId === '' || session.record.clientId === clientId) return undefined;
  const theirs = JSON.stringify(session.record.clientId);
  const sentence = `The store ${JSON.stringify(directory)} is that of client ${theirs}, not of ${JSON.stringify(clientId)}: a session has one client identifier.`;
  return new UsageError('invalid-option', sentence);
}
