// The rules of one file as they are for one client: those that are about it, with its names in the topics, and what they have
// decided lately. Decisions about topics are remembered, a bounded number of them: a client that publishes to the same few topics
// pays for one look into a Map. Topics are compared as texts, filters as sets of topics (filter-region.ts).

import { type TopicFilter, parseTopicFilter } from '../../topic/topic-filter.ts';
import { DOLLAR, HASH, PLUS, restMatches } from '../../topic/topic-levels.ts';
import { overlap, type Region, regionsOf, showRegion } from './filter-region.ts';
import type { Rule } from './rule.ts';

/** How often something has decided. */
export interface Tally {
  allowed: number;
  refused: number;
}

/** A rule, and how often it has decided: alone, or with others that are counted together. */
export interface RuleCount {
  readonly rule: Rule;
  readonly tally: Tally;
}

/** What was decided, and by what. */
export interface Decision {
  readonly isAllowed: boolean;
  /** `undefined`: no rule is about it. */
  readonly by: RuleCount | undefined;
  /** What of the rule: that it denies or allows, or one of its maxima. */
  readonly because: 'effect' | 'qosMax' | 'retain';
  /** What of a filter is refused, as a filter, where that is not all of it; '' otherwise. */
  readonly part: string;
}

/** A rule that is about the client. */
export interface ClientRule {
  readonly count: RuleCount;
  readonly filters: readonly TopicFilter[];
}

/** Topics that are remembered for one client and one right, for each QoS and RETAIN. */
const REMEMBERED_MAX = 256;
/** Longer topics are not remembered: they would tie up memory that the client chooses. */
const REMEMBERED_LENGTH_MAX = 256;

/** How many more decisions may be remembered for all clients together, until all is forgotten. */
export interface Memory {
  left: number;
}

const NO_RULE: Decision = { isAllowed: false, by: undefined, because: 'effect', part: '' };

/** What one client may do. */
export class ClientRules {
  private readonly publishing: readonly ClientRule[];
  private readonly subscribing: readonly ClientRule[];
  private readonly receiving: readonly ClientRule[];
  /** Those for subscribing as levels; made with the first question. */
  private levelled: LevelledRules | undefined;
  /** By QoS and RETAIN for publishing; the last one is for receiving. Made when they are needed. */
  private readonly remembered: (Map<string, Decision> | undefined)[];
  private readonly memory: Memory;

  constructor(rules: readonly ClientRule[], memory: Memory) {
    const about = (...rights: readonly string[]): readonly ClientRule[] =>
      rules.filter(({ count }) => count.rule.rights.some((right) => rights.includes(right)));
    this.publishing = about('publish');
    this.subscribing = about('subscribe');
    this.receiving = about('subscribe', 'receive');
    this.levelled = undefined;
    this.remembered = Array.from({ length: 7 }, () => undefined);
    this.memory = memory;
  }

  /** May it publish to the topic? hot: */
  publish(topic: string, qos: 0 | 1 | 2, retain: boolean): Decision {
    const remembered = this.rememberedIn(qos * 2 + (retain ? 1 : 0));
    const known = remembered.get(topic);
    if (known !== undefined) return known;
    return this.remember(
      remembered,
      topic,
      decideTopic(this.publishing, topic, (rule) => exceeded(rule, qos, retain)),
    );
  }

  /** May it be sent a message of the topic? What it may subscribe to, unless an earlier rule is against it. hot: */
  receive(topic: string): Decision {
    const remembered = this.rememberedIn(6);
    const known = remembered.get(topic);
    if (known !== undefined) return known;
    return this.remember(
      remembered,
      topic,
      decideTopic(this.receiving, topic, () => undefined),
    );
  }

  /** May it subscribe with the filter? Yes if it may to each topic that the filter matches; of a shared subscription, the filter inside. */
  subscribe(text: string, qos: 0 | 1 | 2): Decision {
    const parsed = parseTopicFilter(text, Number.POSITIVE_INFINITY);
    if (parsed.kind !== 'plain' && parsed.kind !== 'shared') return NO_RULE;
    return decideFilter((this.levelled ??= levelledFrom(this.subscribing)), parsed.filter, qos);
  }

  /** hot: */
  private rememberedIn(slot: number): Map<string, Decision> {
    return (this.remembered[slot] ??= new Map<string, Decision>());
  }

  private remember(remembered: Map<string, Decision>, topic: string, decision: Decision): Decision {
    if (topic.length > REMEMBERED_LENGTH_MAX) return decision;
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(topic, decision);
    this.memory.left--;
    return decision;
  }
}

/** Which maximum of a rule that allows is exceeded. */
function exceeded({ qosMax, retain }: Rule, qos: 0 | 1 | 2, isRetained: boolean): 'qosMax' | 'retain' | undefined {
  if (qos > qosMax) return 'qosMax';
  return isRetained && !retain ? 'retain' : undefined;
}

function decideTopic(
  rules: readonly ClientRule[],
  topic: string,
  exceeds: (rule: Rule) => 'qosMax' | 'retain' | undefined,
): Decision {
  for (const { count, filters } of rules) {
    if (!filters.some((filter) => matchesTopic(filter, topic))) continue;
    return decisionBy(count, exceeds(count.rule), '');
  }
  return NO_RULE;
}

function decisionBy(by: RuleCount, exceeds: 'qosMax' | 'retain' | undefined, part: string): Decision {
  const isAllowed = by.rule.effect === 'allow' && exceeds === undefined;
  return { isAllowed, by, because: exceeds ?? 'effect', part };
}

/** [MQTT-4.7.2-1] */
function matchesTopic(filter: TopicFilter, topic: string): boolean {
  const first = filter.charCodeAt(0);
  if (topic.charCodeAt(0) === DOLLAR && (first === PLUS || first === HASH)) return false;
  return restMatches(filter, 0, topic, 0);
}

/** A rule with its filters as levels. */
interface LevelledRule {
  readonly count: RuleCount;
  readonly filters: readonly Region[];
}

/** All of them, and how many levels the longest of their filters has. */
interface LevelledRules {
  readonly rules: readonly LevelledRule[];
  readonly levelsMax: number;
}

function levelledFrom(rules: readonly ClientRule[]): LevelledRules {
  let levelsMax = 1;
  const levelled = rules.map(({ count, filters }) => {
    const split = filters.map((text) => text.split('/'));
    for (const levels of split) levelsMax = Math.max(levelsMax, levels.length);
    return { count, filters: split };
  });
  return { rules: levelled, levelsMax };
}

function decideFilter({ rules, levelsMax }: LevelledRules, filter: TopicFilter, qos: 0 | 1 | 2): Decision {
  let first: Decision | undefined;
  for (const [index, region] of regionsOf(filter, levelsMax).entries()) {
    const isTail = index === 0 && filter.endsWith('#');
    const decision = decideRegion(rules, region, qos, (part) => showRegion(part, isTail));
    if (!decision.isAllowed) return decision.part === filter ? { ...decision, part: '' } : decision;
    first ??= decision;
  }
  return first ?? NO_RULE;
}

/**
 * The first rule that covers the region decides for what is left of it, and something always is: the topics of names that no rule
 * mentions. A rule on the way that refuses a part of the region refuses it all, unless rules before it allow that part.
 */
function decideRegion(
  rules: readonly LevelledRule[],
  region: Region,
  qos: 0 | 1 | 2,
  show: (part: Region) => string,
): Decision {
  const allowed: Region[] = [];
  for (const { count, filters } of rules) {
    const isRefusing = count.rule.effect === 'deny' || qos > count.rule.qosMax;
    const exceeds = count.rule.effect === 'allow' && isRefusing ? 'qosMax' : undefined;
    for (const filter of filters) {
      const part = overlap(filter, region);
      if (part === undefined) continue;
      if (isRefusing && !allowed.some((earlier) => overlap(earlier, part) === part)) {
        return decisionBy(count, exceeds, show(part));
      }
      if (part === region) return decisionBy(count, exceeds, '');
    }
    if (!isRefusing) allowed.push(...filters);
  }
  return { ...NO_RULE, part: show(region) };
}
