// A broker without network, clock or disk for the length of one program, with what stands round it: the store, the clock,
// who may do what, and the log. Nothing happens by itself: time passes when the stage says so, tasks that are put off run
// when the broker has returned.

import { ALLOW_ALL, ANONYMOUS } from '../../src/auth/allow-all.ts';
import type { Authentication, Authenticator, Authorizer, Credentials } from '../../src/auth/contract.ts';
import type { Log } from '../../src/base/log.ts';
import { millis } from '../../src/base/millis.ts';
import { Broker } from '../../src/broker/broker.ts';
import { type BrokerLimits, DEFAULT_LIMITS } from '../../src/broker/limits.ts';
import type { BrokerParts } from '../../src/broker/parts.ts';
import { NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Escape, expect } from '../engine/escape.ts';
import { type Features, templateOf } from '../engine/features.ts';
import { MODEL, ModelClient } from './model-client.ts';
import type { Switches } from './program.ts';
import { Sender } from './sender.ts';
import { messageKey } from './watch.ts';

const REST = 'the broker comes to rest';
const NO_BUG = 'the broker logs no error of its own';
/** Everything has had its say long before. */
const ROUNDS_MAX = 2_000;

/** As they come, without what the broker says of itself: no sender has sent that. */
const LIMITS: BrokerLimits = { ...DEFAULT_LIMITS, systemTopicsInterval: millis(0) };

/** Bounds that a few packets reach. None of them lets one client keep another's messages away. */
const TIGHT: Partial<BrokerLimits> = {
  receiveMaximum: 3,
  inFlightMax: 2,
  topicAliasMaximum: 2,
  topicAliasesOutMax: 1,
  sessionExpiryMax: millis(60_000),
  topicLevelsMax: 4,
  subscriptionsMax: 3,
  sessionQueueMessagesMax: 3,
  transientQueueMessagesMax: 3,
  queueHeadMessagesMax: 2,
  queueHeadBytesMax: 64,
  retainedMessagesMax: 2,
  outboxBytesMax: 400,
  packetBytesMax: 1_000,
  connectPacketBytesMax: 300,
  routeCacheMax: 2,
  storeLateBytesMax: 300,
};

/** What is asked of a broker here. */
export type BrokerUnderFuzz = Pick<
  Broker,
  'accept' | 'open' | 'tick' | 'nextDeadline' | 'publish' | 'close' | 'sizes' | 'queues'
>;

/** Makes the broker that is looked at; controls hand in brokers with a bug. */
export type MakeBroker = (parts: BrokerParts) => BrokerUnderFuzz;

/** A broker, its company, and the moment. */
export class Stage {
  readonly store: MemoryStore;
  readonly model: ModelClient;
  readonly senders: Sender[];
  readonly switches: Switches;
  /** Messages that the broker has taken. */
  private readonly published: Set<string>;
  /** Topics that may have a retained message. */
  private readonly retained: Set<string>;
  private current: BrokerUnderFuzz;
  private readonly make: MakeBroker;
  private readonly features: Features;
  private readonly tasks: (() => void)[];
  private now: number;

  constructor(switches: Switches, make: MakeBroker, features: Features) {
    this.switches = switches;
    this.features = features;
    this.published = new Set();
    this.retained = new Set();
    this.tasks = [];
    this.now = 1_000_000;
    this.store = new MemoryStore({
      announces: switches.isStoreLate ? 'when-told' : 'at-once',
      later: (task) => this.tasks.push(task),
    });
    this.make = make;
    this.current = make(this.parts());
    this.senders = [];
    this.model = new ModelClient((network) => this.broker.accept(network), switches.isModelOld, this.published);
  }

  /** The broker that runs now. */
  get broker(): BrokerUnderFuzz {
    return this.current;
  }

  /** Closes the broker, which ends everybody's connection, and opens another one on its store. */
  async restart(): Promise<void> {
    this.model.forewarn();
    await this.broker.close();
    this.settle();
    const { connections } = this.broker.sizes;
    expect(connections === 0, REST, () => `${connections} connections outlive their broker`);
    this.current = this.make(this.parts());
    await this.current.open();
    this.settle();
  }

  /** Another connection; it belongs to the sender that asks for it. */
  dial(name: string): Sender {
    const remote = `${name}:${this.senders.length}`;
    const sender = new Sender((network) => this.broker.accept(network), remote, this.published, this.features);
    this.senders.push(sender);
    return sender;
  }

  /** Lets everything happen that is to happen now. */
  settle(): void {
    for (let rounds = 0, isMoving = true; isMoving; rounds++) {
      expect(rounds < ROUNDS_MAX, REST, () => `it has not in ${rounds} rounds`);
      isMoving = this.tasks.length > 0;
      for (let task = this.tasks.shift(); task !== undefined; task = this.tasks.shift()) task();
      for (const sender of this.senders) if (sender.exchange()) isMoving = true;
      if (this.model.exchange()) isMoving = true;
    }
  }

  /** Makes durable what is not, until nothing more comes of it. */
  commit(): void {
    for (let rounds = 0; this.store.durable < this.store.written; rounds++) {
      expect(rounds < ROUNDS_MAX, REST, () => `it still writes after ${rounds} commits`);
      this.store.announce(this.store.written);
      this.settle();
    }
  }

  /** The store has no room for new messages, or has room again. */
  fill(isFull: boolean): void {
    this.store.announceFull(isFull);
  }

  /** Lets time pass. */
  pass(milliseconds: number): void {
    this.now += milliseconds;
    this.broker.tick(millis(this.now));
    this.settle();
  }

  /** Deletes every retained message that somebody has left. */
  clearRetained(): void {
    for (const topic of this.retained) {
      const message = {
        topic,
        payload: new Uint8Array(0),
        qos: 0,
        retain: true,
        properties: NO_MESSAGE_PROPERTIES,
      } as const;
      // Its answer is of no interest; it comes when the stage commits.
      void this.broker.publish(message);
    }
    this.retained.clear();
    this.settle();
  }

  private parts(): BrokerParts {
    const { isTight, isGuarded, isModelOld } = this.switches;
    // Where nobody else publishes to the model client, a queue at its limit may cost more than its oldest message.
    const policy = isGuarded ? (isModelOld ? 'drop-newest' : 'end-session') : 'drop-oldest';
    let chance = 1;
    return {
      store: this.store,
      authenticator: isGuarded ? GUARD : DOORMAN,
      authorizer: isGuarded ? RULES : ALLOW_ALL,
      clock: {
        monotonic: () => millis(this.now),
        wall: () => millis(1_700_000_000_000 + this.now),
        boot: () => ({ id: '', time: millis(0) }),
      },
      random: {
        next: () => 0.5,
        bytes: (count) => Uint8Array.from({ length: count }, () => (chance++ * 37) & 255),
      },
      log: this.log(),
      limits: isTight ? { ...LIMITS, ...TIGHT, sessionQueueMessagesPolicy: policy } : LIMITS,
      events: {
        messagePublished: ({ topic, payload, retain }) => {
          this.published.add(messageKey(topic, payload));
          if (retain) this.retained.add(topic);
        },
        messageDropped: (_, __, reason) => this.features.note(templateOf(reason)),
        clientConnected: () => this.features.note(1),
        clientDisconnected: (_, __, reasonCode) => this.features.note(2 + (reasonCode ?? 0xff)),
      },
    };
  }

  /** A log that remembers what kinds of things it was told. */
  private log(): Log {
    const note = (sentence: string): void => this.features.note(templateOf(sentence));
    const fail = (sentence: string): void => {
      if (!sentence.startsWith('The store is full')) throw new Escape(NO_BUG, sentence);
      note(sentence);
    };
    return { debug: note, info: note, warn: note, error: fail };
  }
}

/** Makes the broker of src/. */
export function makeBroker(parts: BrokerParts): BrokerUnderFuzz {
  return new Broker(parts);
}

const REFUSED: Authentication = { kind: 'refused', reasonCode: 0x87, detail: 'The name is taken.' };

/** Lets nobody in under the name of the model client. */
function admit(credentials: Credentials, principal: string | undefined): Authentication {
  if (credentials.clientId === MODEL && credentials.remote !== MODEL) return REFUSED;
  return { kind: 'accepted', principal };
}

const DOORMAN: Authenticator = {
  authenticate: (credentials) => {
    const answer = admit(credentials, undefined);
    return answer.kind === 'accepted' ? ANONYMOUS.authenticate(credentials) : answer;
  },
};

/** Takes its time, and knows users by their names. */
const GUARD: Authenticator = {
  authenticate: (credentials) => Promise.resolve(admit(credentials, credentials.userName)),
};

/** Something is refused to the senders: to publish as the model client does, one topic to subscribe to, one to receive. */
const RULES: Authorizer = {
  allowsAll: false,
  allows: ({ clientId }, action, topic) => {
    if (clientId === MODEL) return true;
    if (action === 'publish' || action === 'will') return !topic.startsWith(MODEL);
    return action === 'subscribe' ? topic !== 'b' : !topic.startsWith('$');
  },
};
