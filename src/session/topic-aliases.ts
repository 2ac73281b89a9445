// Topic aliases (MQTT 5.0 section 3.3.2.3.4): small numbers that stand for topic names on one
// connection and one direction. They die with the connection [MQTT-3.3.2-7], so the owner makes new
// ones for each.

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

/** The aliases that we gave out, from 1 up [MQTT-3.3.2-8]: the first topics sent get one, until all are in use. */
export class OutboundAliases {
  private readonly maximum: number;
  private readonly aliases: Map<string, number>;

  /** @param maximum  The peer's Topic Alias Maximum [MQTT-3.1.2-26] [MQTT-3.3.2-9] [MQTT-3.3.2-11], or a lower one of our own; bounds the map. */
  constructor(maximum: number) {
    this.maximum = maximum;
    this.aliases = new Map();
  }

  /** The alias under which the peer already knows the topic; 0: none. */
  known(topic: string): number {
    return this.aliases.get(topic) ?? 0;
  }

  /** Gives the topic an alias if one is left; 0: none left. The caller must send both. */
  assign(topic: string): number {
    if (this.aliases.size >= this.maximum) return 0;
    const alias = this.aliases.size + 1;
    this.aliases.set(topic, alias);
    return alias;
  }
}
