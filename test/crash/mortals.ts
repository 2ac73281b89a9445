// Clients that die with the broker: each connects once, with a Will, and does not come back after the crash. What they leave is
// a message like others, promised by the CONNACK: it must be published once, by the next broker.

import type { Packet } from '../../src/packet/packet.ts';
import type { Chronicle } from './chronicle.ts';
import type { Moment, SentMessage } from './history.ts';
import { labelPayload } from './label.ts';
import { connectPacket } from './packets.ts';
import type { SeededRandom } from './seeded-random.ts';
import { Wire } from './wire.ts';

const NAME = 'mortal';

/** A Will as a message. */
interface LastMessage extends SentMessage {
  acknowledgedAt: Moment | undefined;
}

/** One after the other. */
export class Mortals {
  readonly name: string;
  /** Above all their topics. */
  private readonly topic: string;
  private readonly chronicle: Chronicle;
  private readonly random: SeededRandom;
  private wills: LastMessage[];
  /** Those that came due when there may have been no room: a broker gives up what it cannot store, and tells nobody. */
  private readonly doubtful: Set<LastMessage>;
  private nextNumber: number;
  /** What becomes of the latest when it hears no more. */
  private die: () => void;

  constructor(topic: string, chronicle: Chronicle, random: SeededRandom) {
    this.name = NAME;
    this.topic = topic;
    this.chronicle = chronicle;
    this.random = random;
    this.wills = [];
    this.doubtful = new Set();
    this.nextNumber = 0;
    this.die = () => {};
  }

  /** The Wills since they were told to forget. */
  get sent(): readonly SentMessage[] {
    return this.wills;
  }

  /** The number of the latest; -1: there is none. */
  get latest(): number {
    return this.nextNumber - 1;
  }

  /** Another one connects. */
  bear(port: number): void {
    const will: LastMessage = {
      publisher: NAME,
      number: this.nextNumber,
      // Between the Wills of different clients there is no order.
      topic: `${this.topic}/${this.nextNumber}`,
      qos: this.random.pick([1, 2]),
      retain: false,
      isClear: false,
      isSentAgain: false,
      sentAt: this.chronicle.tick(),
      acknowledgedAt: undefined,
    };
    this.nextNumber++;
    this.wills.push(will);
    let state: 'new' | 'accepted' | 'dead' = 'new';
    this.die = () => {
      // The Will is owed only now: while its client lived, it was not.
      if (state === 'accepted') will.acknowledgedAt = this.chronicle.tick();
      if (this.chronicle.mayBeFull) this.doubtful.add(will);
      state = 'dead';
    };
    const receive = ({ kind }: Packet): void => {
      if (kind === 'connack' && state === 'new') state = 'accepted';
    };
    const wire = new Wire(port, 5, { receive, lose: this.die });
    const choice = { version: 5, clean: true, isPersistent: false, receiveMaximum: undefined } as const;
    const { qos, topic } = will;
    wire.send(
      connectPacket({
        ...choice,
        clientId: `${NAME}${will.number}`,
        will: { topic, qos, payload: labelPayload(will, 50) },
      }),
    );
  }

  /** The latest hears nothing more. */
  turnDeaf(): void {
    this.die();
  }

  /** Everything was waited for: of the Wills for which there may have been no room, those that nobody got are not owed. */
  forgive(hasArrived: (will: SentMessage) => boolean): void {
    for (const will of this.doubtful) if (!hasArrived(will)) will.acknowledgedAt = undefined;
  }

  /** Forgets the Wills: they were checked. */
  forget(): void {
    this.wills = [];
    this.doubtful.clear();
  }
}
