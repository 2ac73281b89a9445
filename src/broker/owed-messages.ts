// The retained messages that all subscriptions of one session are still to be given (owed-retained.ts), in the order of subscribing. Those of QoS 0
// leave in slices, as its reader allows; at the end of its connection what is left is forgotten, for they are not stored for absent clients.
// Invariant: a session is in `broker.owing` while it is owed anything, and has one of these just as long.

import type { Millis } from '../base/millis.ts';
import type { TopicName } from '../topic/topic-name.ts';
import type { BrokerState } from './broker-state.ts';
import type { ClientSession } from './client-session.ts';
import type { OwedRetained } from './owed-retained.ts';
import type { SlicedWork } from './slices.ts';

/** Messages that are sent in one step. */
const AT_ONCE = 16;

/** What one session is owed. */
export class OwedMessages implements SlicedWork {
  private readonly broker: BrokerState;
  private readonly session: ClientSession;
  /** One for each subscription that is. At most as many as its packets have filters that are not done with. */
  private readonly owed: OwedRetained[];
  /** It is being sent, now or in a later turn. */
  private isSending: boolean;

  private constructor(broker: BrokerState, session: ClientSession) {
    this.broker = broker;
    this.session = session;
    this.owed = [];
    this.isSending = false;
  }

  /** Adds what a subscription is owed; `send` sends it once it is found. */
  static add(broker: BrokerState, session: ClientSession, owed: OwedRetained): void {
    session.owed ??= new OwedMessages(broker, session);
    session.owed.owed.push(owed);
    broker.owing.add(session);
  }

  /** A message of the topic is about to be routed: what is owed of the topic comes before it [MQTT-4.6.0-5]. */
  giveFirst(topic: TopicName, now: Millis): void {
    if (this.session.connection?.isCongested === false) {
      for (const owed of this.owed) owed.giveFirst(topic, now);
      return;
    }
    // Who reads slowly is owed much for long, and does not get the newer one, either. All but the last are found.
    const last = this.owed.at(-1);
    if (last?.isFound === false) last.giveFirst(topic, now);
  }

  /** Sends as much as its reader and the turn allow. */
  send(): void {
    if (this.isSending) return;
    this.isSending = true;
    this.broker.slices.begin(this);
  }

  step(): boolean {
    this.isSending = this.sendSome();
    return this.isSending;
  }

  /** Nothing is owed any more. */
  forget(): void {
    this.owed.length = 0;
    this.session.owed = undefined;
    this.broker.owing.delete(this.session);
  }

  private sendSome(): boolean {
    const { broker, owed, session } = this;
    const now = broker.clock.monotonic();
    for (let i = 0; i < AT_ONCE; i++) {
      const [first] = owed;
      if (first === undefined || !first.isFound || session.isEnding || session.connection?.isCongested !== false)
        return false;
      if (first.sendNext(now)) continue;
      owed.shift();
      if (owed.length > 0) continue;
      this.forget();
      return false;
    }
    return true;
  }
}
