// The rules of one file as an Authorizer. What it knows of a client is made when that is first asked for and lives as long as its
// identity, that is, as its connection; a new file is a new RuleSet, which has decided nothing yet.
// A client of which something is not known (its address, certificate and groups, after a restart, when its Will is due) does not fit a
// rule that allows by it, and fits one that denies by it.

import type { Action, Authorizer, Explanation, Identity, RuleTally } from '../contract.ts';
import { addressOf } from './address-range.ts';
import { answeredRulesOf } from './answered-rules.ts';
import { ClientRules, type Decision, type Memory, type RuleCount, type Tally } from './client-rules.ts';
import type { Rule, RuleFile, RulePlace, RuleSubject } from './rule.ts';
import { filterFor, levelsFor } from './topic-pattern.ts';

/** Decisions that are remembered for all clients together. */
const REMEMBERED_MAX = 200_000;

/** Who says which groups a client belongs to: the file of the rules alone, or whoever says who it is, too. */
export type GroupsFrom = 'file' | 'answers';

/** An Authorizer that obeys rules. */
export class RuleSet implements Authorizer {
  readonly allowsAll: boolean;
  private readonly file: RuleFile;
  private readonly groupsFrom: GroupsFrom;
  private readonly counts: readonly RuleCount[];
  /** Of all rules together that came with answers. */
  private readonly answered: Tally;
  private readonly noRule: Tally;
  private readonly memory: Memory;
  private clients: WeakMap<Identity, ClientRules>;
  /** Who was asked about last: most questions come in rows. */
  private lastIdentity: Identity | undefined;
  private lastClient: ClientRules | undefined;

  /** @param groupsFrom  With `file`, a client that the store remembers is in no group besides. */
  constructor(file: RuleFile, groupsFrom: GroupsFrom = 'answers') {
    this.allowsAll = false;
    this.file = file;
    this.groupsFrom = groupsFrom;
    this.counts = file.rules.map((rule) => ({ rule, tally: { allowed: 0, refused: 0 } }));
    this.answered = { allowed: 0, refused: 0 };
    this.noRule = { allowed: 0, refused: 0 };
    this.memory = { left: REMEMBERED_MAX };
    this.clients = new WeakMap();
    this.lastIdentity = undefined;
    this.lastClient = undefined;
  }

  /** hot: */
  allows(identity: Identity, action: Action, topic: string, qos: 0 | 1 | 2, retain: boolean): boolean {
    const { isAllowed, by } = decide(this.rulesOf(identity), action, topic, qos, retain);
    const tally = by === undefined ? this.noRule : by.tally;
    if (isAllowed) tally.allowed++;
    else tally.refused++;
    return isAllowed;
  }

  explain(identity: Identity, action: Action, topic: string, qos: 0 | 1 | 2, retain: boolean): Explanation {
    const decision = decide(this.rulesOf(identity), action, topic, qos, retain);
    const rule = decision.by?.rule;
    return {
      isAllowed: decision.isAllowed,
      sentence: sentenceFor(decision, this.sourcesOf(identity)),
      rule: rule === undefined ? undefined : showRulePlace(rule.place),
      tell: decision.isAllowed ? undefined : rule?.tell,
    };
  }

  tallies(): readonly RuleTally[] {
    const tallies = this.counts.map(({ rule, tally }) => ({ name: nameOf(rule), ...tally }));
    const { allowed, refused } = this.answered;
    if (allowed + refused > 0) tallies.unshift({ name: 'answered rules', allowed, refused });
    return [...tallies, { name: 'no rule', ...this.noRule }];
  }

  /** Goes on counting where an older form of the same rules left off: those that have a name keep it. */
  continueCounts(older: RuleSet): void {
    const known = new Map(older.counts.map((count) => [count.rule.name, count]));
    for (const { rule, tally } of this.counts) {
      const before = rule.name === undefined ? undefined : known.get(rule.name);
      if (before !== undefined) add(tally, before.tally);
    }
    add(this.answered, older.answered);
    add(this.noRule, older.noRule);
  }

  /** hot: */
  private rulesOf(identity: Identity): ClientRules {
    if (identity === this.lastIdentity && this.lastClient !== undefined && this.memory.left > 0) return this.lastClient;
    if (this.memory.left <= 0) {
      this.clients = new WeakMap();
      this.memory.left = REMEMBERED_MAX;
    }
    let client = this.clients.get(identity);
    if (client === undefined) {
      client = this.compile(identity);
      this.clients.set(identity, client);
    }
    this.lastIdentity = identity;
    this.lastClient = client;
    return client;
  }

  private compile(identity: Identity): ClientRules {
    const address = addressOf(identity.remote);
    const levels = levelsFor(identity);
    const answered = answeredRulesOf(identity)?.rules.map((rule) => ({ rule, tally: this.answered })) ?? [];
    const about = [...answered, ...this.counts]
      .filter(({ rule }) => this.isAbout(rule, identity, address))
      .map((count) => ({
        count,
        filters: count.rule.topics
          .map((pattern) => filterFor(pattern, levels))
          .filter((filter) => filter !== undefined),
      }))
      .filter(({ filters }) => filters.length > 0);
    return new ClientRules(about, this.memory);
  }

  private isAbout({ subject, effect }: Rule, identity: Identity, address: string): boolean {
    const { users, anonymous, clients, certificates, addresses, groups }: RuleSubject = subject;
    const { principal, clientId, certificate, isRecovered = false } = identity;
    if (anonymous !== undefined && anonymous !== (principal === undefined)) return false;
    if (users !== undefined && !isNamed(users, principal)) return false;
    if (clients !== undefined && !isNamed(clients, clientId)) return false;
    const isUnknownFit = effect === 'deny';
    if (certificates !== undefined && !(isRecovered ? isUnknownFit : isNamed(certificates, certificate))) return false;
    if (groups !== undefined && !this.isInOne(groups, identity, isUnknownFit)) return false;
    if (addresses === undefined) return true;
    return address === '' ? isUnknownFit : addresses.some((range) => range.holds(address));
  }

  private isInOne(groups: readonly string[], identity: Identity, isUnknownFit: boolean): boolean {
    if (groups.some((group) => isMember(group, identity, this.file.groups))) return true;
    return identity.isRecovered === true && this.groupsFrom === 'answers' && isUnknownFit;
  }

  /** Where the rules of a client stand. */
  private sourcesOf(identity: Identity): string {
    const source = answeredRulesOf(identity)?.source;
    if (source === undefined) return this.file.path;
    return this.file.path === '' ? source : `${source} and of ${this.file.path}`;
  }
}

/** A place as the log shows it: `rules.yaml:12`. */
function showRulePlace({ path, line }: RulePlace): string {
  return line === 0 ? path : `${path}:${line}`;
}

function add(tally: Tally, { allowed, refused }: Tally): void {
  tally.allowed += allowed;
  tally.refused += refused;
}

/** hot: */
function decide(rules: ClientRules, action: Action, topic: string, qos: 0 | 1 | 2, retain: boolean): Decision {
  switch (action) {
    case 'publish':
    case 'will':
      return rules.publish(topic, qos, retain);
    case 'receive':
      return rules.receive(topic);
    case 'subscribe':
      return rules.subscribe(topic, qos);
    default:
      return action satisfies never;
  }
}

function isMember(group: string, { principal, groups }: Identity, listed: RuleFile['groups']): boolean {
  return groups?.includes(group) === true || isNamed(listed.get(group) ?? [], principal);
}

/** Whether a name is one of those, or begins as one of those that end with `*`. */
function isNamed(names: readonly string[], name: string | undefined): boolean {
  if (name === undefined) return false;
  return names.some((known) => (known.endsWith('*') ? name.startsWith(known.slice(0, -1)) : name === known));
}

/** The rule, or where it stands, as a level of a topic. */
function nameOf({ name, place }: Rule): string {
  return name ?? `line ${place.line}`;
}

/** What decided, as a sentence without its full stop. */
function sentenceFor({ isAllowed, by, because, part }: Decision, path: string): string {
  const which = part === '' ? '' : ` ${JSON.stringify(part)}, which the filter matches, too`;
  if (by === undefined) return `no rule of ${path} allows ${which === '' ? 'it' : which.trimStart()}`;
  const { name, place, qosMax } = by.rule;
  const title =
    name === undefined
      ? `${place.line === 0 ? '' : 'the rule at '}${showRulePlace(place)}`
      : `rule ${JSON.stringify(name)} (${showRulePlace(place)})`;
  if (isAllowed) return `${title} allows it`;
  if (because === 'retain') return `${title} allows it without RETAIN only`;
  if (because === 'qosMax') return `${title} allows${which === '' ? ' it' : which} up to QoS ${qosMax} only`;
  return `${title} denies ${which === '' ? 'it' : which.trimStart()}`;
}
