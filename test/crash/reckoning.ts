// The reckoning: everybody comes, publishers end their handshakes, subscribers fetch all that they are owed, and then the
// history since the last reckoning is checked. Nothing is left open behind it.
// How it is known that all has come: when all publishers are at rest, everybody is sent one more message, on a topic of its
// own (its fence). A session's queue keeps its order, so what comes after the fence was sent again, or wrongly. The
// queues of groups are not those of sessions: for these the reckoning waits until they have what they must have.

import type { Actor } from './actor.ts';
import { type Cast, RETAINED_FILTER } from './cast.ts';
import { type Fault, findFaults, missingMessages } from './checks.ts';
import type { Chronicle } from './chronicle.ts';
import type { History, Moment, SentMessage } from './history.ts';
import type { Inbox } from './inbox.ts';
import { labelKey } from './label.ts';
import { Publisher } from './publisher.ts';
import { lookAtRetained } from './retained-reader.ts';
import { FENCE } from './subscriber.ts';

/** How long what is missing may still take to come, when nothing else is under way. */
const LATE_MILLIS_MAX = 3000;

/** What came of one or several reckonings. */
export interface Reckoned {
  readonly faults: readonly Fault[];
  readonly messages: number;
  readonly acknowledged: number;
  /** What subscribers got, all together. */
  readonly copies: number;
  /** Of these, repetitions that QoS 1 allows. */
  readonly repetitions: number;
  /** Of these, such as came without the DUP flag, though their publisher had sent them once. */
  readonly repetitionsWithoutDup: number;
}

/** Does the reckonings of one run. */
export class Reckoner {
  private readonly cast: Cast;
  private readonly chronicle: Chronicle;
  private readonly patienceMillis: number | undefined;
  private readonly settledTo: Map<string, number>;
  private readonly fenceMaker: Publisher;
  private fence: number;
  private beganAt: Moment;

  /** @param patienceMillis  How long nothing at all may happen while everything is fetched. */
  constructor(cast: Cast, chronicle: Chronicle, patienceMillis?: number) {
    this.cast = cast;
    this.chronicle = chronicle;
    this.patienceMillis = patienceMillis;
    this.settledTo = new Map();
    this.fence = 0;
    this.beganAt = 0;
    const names = cast.parts.map(({ subscriber }) => subscriber.name);
    const choice = { name: 'fences', version: 5, isPersistent: false, receiveMaximum: undefined, window: 1 } as const;
    const draft = () => {
      const topic = `${FENCE}/${names[this.fence++ % names.length]}`;
      return { topic, qos: 2, retain: false, isClear: false, size: 16 } as const;
    };
    this.fenceMaker = new Publisher({ ...choice, draft }, chronicle);
  }

  /** Checks the history of which everything was fetched, and begins a new one. */
  async check(port: number): Promise<Reckoned> {
    const look = await lookAtRetained(port, RETAINED_FILTER, this.chronicle);
    const history: History = { ...this.history(), ...this.chronicle.take(), looks: [look] };
    const reckoned = { faults: findFaults(history), ...countCopies(history) };
    this.settle();
    return reckoned;
  }

  /** Has everybody fetch everything from the broker on this port. That something does not come is for the checks to find. */
  async fetch(port: number): Promise<void> {
    try {
      await this.fetchAll(port);
    } catch (error) {
      this.chronicle.complain(error instanceof Error ? error.message : String(error));
    }
  }

  private async fetchAll(port: number): Promise<void> {
    const { publishers, parts, groups } = this.cast;
    for (const publisher of publishers) {
      publisher.allow(0);
      if (publisher.isAway) publisher.connect(port);
    }
    await this.allOf(publishers, (each) => each.isConnected && each.isAtRest, 'to end its handshakes');
    for (const { subscriber } of parts) {
      subscriber.hurry(true);
      if (subscriber.isAway) subscriber.connect(port);
    }
    // A subscription that is asked for now is in force before the fence comes.
    const subscribers = parts.map(({ subscriber }) => subscriber);
    await this.allOf(subscribers, (each) => each.isConnected && each.isAtRest, 'to connect and subscribe');
    const first = this.fence;
    this.fenceMaker.connect(port);
    this.fenceMaker.allow(parts.length);
    await this.allOf(
      [this.fenceMaker],
      (each) => each.isAtRest && this.fence === first + parts.length,
      'to end their messages',
    );
    await this.allOf(subscribers, (each) => each.fence >= first && each.isAtRest, 'to get its fence');
    this.fenceMaker.cut();
    const inboxes = [...groups, ...subscribers.flatMap((subscriber) => subscriber.inboxes)];
    for (const inbox of inboxes) if (!(await this.waitForMissing(inbox))) return;
  }

  /** Waits until something holds of everybody. */
  private async allOf<One extends Actor>(
    actors: readonly One[],
    holds: (actor: One) => boolean,
    what: string,
  ): Promise<void> {
    const late = (): readonly string[] => actors.filter((each) => !holds(each)).map(({ name }) => name);
    await this.chronicle.until(
      () => actors.every(holds),
      () => `for ${late().join(', ')} ${what}`,
      this.patienceMillis,
    );
  }

  /** @returns false: something has not come after some patience; the checks find it again. */
  private async waitForMissing(inbox: Inbox): Promise<boolean> {
    const missing = [...missingMessages(this.history(), inbox)];
    const isComplete = (): boolean => {
      for (let next = missing.at(-1); next !== undefined && inbox.has(next); next = missing.at(-1)) missing.pop();
      return missing.length === 0;
    };
    await this.chronicle.until(isComplete, () => '', LATE_MILLIS_MAX).catch(() => {});
    return isComplete();
  }

  /** All but what nobody in particular told. */
  private history(): Omit<History, 'greetings' | 'complaints' | 'looks'> {
    const { publishers, mortals, parts, groups } = this.cast;
    return {
      beganAt: this.beganAt,
      messages: [...publishers, mortals].flatMap(({ sent }) => sent),
      settledTo: this.settledTo,
      audiences: [...parts.flatMap(({ subscriber }) => subscriber.inboxes), ...groups],
    };
  }

  /** Begins a new history. What may still be retained stays known. */
  private settle(): void {
    const { publishers, mortals, parts, groups } = this.cast;
    this.beganAt = this.chronicle.tick();
    for (const publisher of publishers) {
      this.settledTo.set(publisher.name, publisher.latest);
      publisher.forget(possiblyRetained(publisher.sent));
    }
    this.settledTo.set(mortals.name, mortals.latest);
    mortals.forget();
    for (const { subscriber } of parts) {
      subscriber.empty();
      subscriber.hurry(false);
    }
    for (const group of groups) group.empty();
  }
}

/** Of each topic the last acknowledged retained message, and those after it. */
function possiblyRetained(messages: readonly SentMessage[]): ReadonlySet<SentMessage> {
  const byTopic = Map.groupBy(
    messages.filter(({ retain }) => retain),
    ({ topic }) => topic,
  );
  const writes = [...byTopic.values()].flatMap((onTopic) => {
    const certain = onTopic.findLastIndex(({ acknowledgedAt }) => acknowledgedAt !== undefined);
    return onTopic.slice(Math.max(0, certain));
  });
  return new Set(writes);
}

function countCopies({
  messages,
  settledTo,
  audiences,
}: Pick<History, 'messages' | 'settledTo' | 'audiences'>): Omit<Reckoned, 'faults'> {
  const fresh = messages.filter(({ publisher, number }) => number > (settledTo.get(publisher) ?? -1));
  const sentAgain = new Set(messages.filter(({ isSentAgain }) => isSentAgain).map(labelKey));
  const counts = { copies: 0, repetitions: 0, repetitionsWithoutDup: 0 };
  for (const { copies } of audiences) {
    const seen = new Set<string>();
    for (const copy of copies) {
      if (copy.retain) continue;
      const key = labelKey(copy);
      const isRepeated = seen.has(key) || copy.number <= (settledTo.get(copy.publisher) ?? -1);
      seen.add(key);
      counts.copies++;
      if (isRepeated) counts.repetitions++;
      if (isRepeated && !copy.dup && !sentAgain.has(key)) counts.repetitionsWithoutDup++;
    }
  }
  const acknowledged = fresh.filter(({ acknowledgedAt }) => acknowledgedAt !== undefined).length;
  return { messages: fresh.length, acknowledged, ...counts };
}
