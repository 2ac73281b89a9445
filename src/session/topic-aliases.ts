// Topic aliases (MQTT 5.0 section 3.3.2.3.4): small numbers that stand for topic names on one
// connection and one direction. They die with the connection [MQTT-3.3.2-7], so the owner makes new
// ones for each. Invariant: a topic is left out only where the peer was sent it with that alias before, and no other since.

import { ProtocolError, violation } from '../packet/protocol-error.ts';
import { Reason } from '../packet/reason-codes.ts';

/** What the peer's aliases mean. */
export class InboundAliases {
  private readonly maximum: number;
  private readonly duty: 'watch' | 'ping';
  private readonly topics: Map<number, string>;

  /**
   * @param maximum  The Topic Alias Maximum that we announced; bounds the map.
   * @param duty  As in the connection's terms: `watch` on a Server.
   */
  constructor(maximum: number, duty: 'watch' | 'ping') {
    this.maximum = maximum;
    this.duty = duty;
    this.topics = new Map();
  }

  /**
   * The topic that a PUBLISH with an alias means; every alias from 1 to the maximum is taken [MQTT-3.3.2-10] [MQTT-3.3.2-12].
   * @throws {ProtocolError} 0x94 for an alias above the maximum, 0x82 for one that was never set.
   */
  resolve(alias: number, topic: string): string {
    if (alias > this.maximum) {
      const allowed = this.maximum === 0 ? 'none is allowed' : `${this.maximum} is the highest allowed`;
      const statement = this.duty === 'watch' ? 'MQTT-3.3.2-9' : 'MQTT-3.3.2-11';
      const detail = `Topic alias ${alias}, but ${allowed}.`;
      throw new ProtocolError('topic-alias-invalid', Reason.topicAliasInvalid, statement, detail);
    }
    if (topic !== '') {
      this.topics.set(alias, topic);
      return topic;
    }
    const known = this.topics.get(alias);
    if (known === undefined) throw violation('', `Topic alias ${alias} was used before it was given a topic.`);
    return known;
  }
}

/** How many topics without an alias are counted, for each alias that there may be. */
const COUNTED_PER_ALIAS = 8;

/**
 * The aliases that we gave out, from 1 up [MQTT-3.3.2-8], to the topics that come most. The first topics get one each. Once all are in
 * use, topics without one are counted, and one that comes oftener than a topic that has one takes its alias over. Which one it
 * is compared with moves on each time, so that all are looked at in turn and nothing is ever searched. When as many topics are counted as may
 * be, they are forgotten, and the counts of the others halved: what was hot once has to stay so.
 */
export class OutboundAliases {
  private readonly maximum: number;
  /** By topic: its alias; below 0: how often it came, negated. Bounded by `maximum` and `COUNTED_PER_ALIAS` times as many. */
  private readonly known: Map<string, number>;
  /** By alias. */
  private readonly topics: string[];
  /** By alias: how often its topic came. */
  private readonly uses: number[];
  /** The alias whose topic is the next one to be compared with. */
  private hand: number;

  /** @param maximum  The peer's Topic Alias Maximum [MQTT-3.1.2-26] [MQTT-3.3.2-9] [MQTT-3.3.2-11], or a lower one of our own; bounds the map. */
  constructor(maximum: number) {
    this.maximum = maximum;
    this.known = new Map();
    this.topics = [''];
    this.uses = [0];
    this.hand = 1;
  }

  /** The alias under which the peer already knows the topic; 0: none. Counts as one use. hot: */
  find(topic: string): number {
    const alias = this.known.get(topic);
    if (alias === undefined || alias < 0) return 0;
    (this.uses[alias] as number)++;
    return alias;
  }

  /** Gives an alias to a topic that has none, if it is worth one; 0: it is not. The caller must send both. hot: where there are more topics than aliases. */
  assign(topic: string): number {
    if (this.topics.length <= this.maximum) return this.give(topic, this.topics.length, 1);
    const count = 1 - (this.known.get(topic) ?? 0);
    // One that has come but once is not hot, whatever it is compared with.
    if (count > 1) {
      const alias = this.hand;
      this.hand = alias === this.maximum ? 1 : alias + 1;
      if (count > (this.uses[alias] as number)) {
        this.known.delete(this.topics[alias] as string);
        return this.give(topic, alias, count);
      }
    } else if (this.known.size >= this.maximum * (1 + COUNTED_PER_ALIAS)) this.forget();
    this.known.set(topic, -count);
    return 0;
  }

  private give(topic: string, alias: number, count: number): number {
    this.known.set(topic, alias);
    this.topics[alias] = topic;
    this.uses[alias] = count;
    return alias;
  }

  private forget(): void {
    this.known.clear();
    for (let alias = 1; alias <= this.maximum; alias++)
      this.give(this.topics[alias] as string, alias, (this.uses[alias] as number) >>> 1);
  }
}
