// The file of access rules: read and checked as a whole, so that a file with one mistake says all of its mistakes and is not in force with
// the rest. What rules mean is auth/rules/; docs/rules.md tells it to people.
// Nothing is guessed: a file without a rule, a rule without a topic, a name that YAML takes for a number are mistakes, since a file
// that somebody emptied by accident must neither shut everybody out nor let everybody in.

import { type AddressRange, parseAddressRange } from '../auth/rules/address-range.ts';
import type { Right, Rule, RuleFile, RuleSubject } from '../auth/rules/rule.ts';
import { parseTopicPattern, type TopicPattern } from '../auth/rules/topic-pattern.ts';
import { type FileMap, type FileNode, type LoadedFile, loadFile, parseFile } from './load-file.ts';
import { nearest } from './nearest.ts';
import { hint, NodeReader, type Nodes, shown } from './node-reader.ts';
import { inReadingOrder, type Place, type Problem, showPlace } from './problem.ts';
import { quote } from './spelling.ts';

/** What came of reading. */
export type RulesOutcome =
  | { readonly kind: 'valid'; readonly file: RuleFile }
  /** Never empty; in reading order. */
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

const FILE_KEYS = ['groups', 'rules'];
const SUBJECT_KEYS = ['user', 'anonymous', 'client', 'group', 'certificate', 'address'];
const RULE_KEYS = ['name', 'allow', 'deny', ...SUBJECT_KEYS, 'topics', 'qosMax', 'retain', 'tell'];

const RIGHTS: readonly Right[] = ['publish', 'subscribe', 'receive'];
const RIGHT_WORDS: readonly string[] = [...RIGHTS, 'all'];

/** It is a level of a topic in `$SYS`, and part of lines in the log. */
const NAME = /^[^/+#\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,64}$/u;
/** What is counted in `$SYS` beside the rules. */
const UNTAKEN_NAMES = ['no rule', 'answered rules'];
/** It goes with each refusal. */
const TELL_LENGTH_MAX = 256;

/** Reads the file at `path`. Never throws: what is wrong with it is among the problems. */
export function readRulesFile(path: string): RulesOutcome {
  return readRules(path, loadFile(path));
}

/** Reads the text of such a file; `path` is for its places only. */
export function parseRules(path: string, text: string): RulesOutcome {
  return readRules(path, parseFile(path, text));
}

function readRules(path: string, loaded: LoadedFile): RulesOutcome {
  if (loaded.problems.length > 0) return { kind: 'invalid', problems: inReadingOrder(loaded.problems) };
  const reader = new RulesReader();
  const file = reader.readFile(path, loaded.root);
  if (reader.nodes.problems.length > 0) return { kind: 'invalid', problems: inReadingOrder(reader.nodes.problems) };
  return { kind: 'valid', file };
}

/** Takes the file apart. What it returns is of use if there are no problems. */
class RulesReader {
  readonly nodes: NodeReader;
  private readonly groups: Map<string, readonly string[]>;
  private readonly names: Map<string, Place>;

  constructor() {
    this.nodes = new NodeReader();
    this.groups = new Map();
    this.names = new Map();
  }

  readFile(path: string, root: FileMap): RuleFile {
    const nodes = this.nodes.readKeys(root, FILE_KEYS, 'a file of rules has');
    const groups = nodes.get('groups');
    if (groups !== undefined) this.readGroups(groups);
    const rules = nodes.get('rules');
    if (rules === undefined) this.nodes.complain(root.place, 'there are no rules: a file of rules has a list "rules:"');
    return { path, rules: rules === undefined ? [] : this.readList(rules), groups: this.groups };
  }

  private readGroups(node: FileNode): void {
    if (node.kind !== 'map') {
      this.nodes.complain(node.place, 'groups takes lines of the form "name: [user, user]"');
      return;
    }
    for (const { key, node: users } of node.entries)
      this.groups.set(key, this.readPatterns(users, `group ${quote(key)}`, 0));
  }

  private readList(node: FileNode): readonly Rule[] {
    if (node.kind !== 'list' || node.items.length === 0) {
      return (
        this.nodes.complain(
          node.place,
          'rules takes a list of at least one rule: "- allow: publish", with "topics: ..." below it',
        ) ?? []
      );
    }
    return node.items.map((item) => this.readRule(item)).filter((rule) => rule !== undefined);
  }

  private readRule(item: FileNode): Rule | undefined {
    if (item.kind !== 'map')
      return this.nodes.complain(item.place, 'a rule is an "allow: ..." or "deny: ..." with "topics: ..." below it');
    const nodes = this.nodes.readKeys(item, RULE_KEYS, 'a rule has');
    const { place } = item;
    const [allow, deny] = [nodes.get('allow'), nodes.get('deny')];
    if ((allow === undefined) === (deny === undefined)) {
      return this.nodes.complain(place, 'a rule has either "allow: ..." or "deny: ..."');
    }
    const effect = allow === undefined ? 'deny' : 'allow';
    const rights = this.readRights(effect, allow ?? deny ?? item);
    const topics = nodes.get('topics');
    if (topics === undefined) this.nodes.complain(place, "a rule says which topics it is about: 'topics: a/#'");
    return {
      name: this.readName(nodes.get('name')),
      place,
      effect,
      rights,
      subject: this.readSubject(nodes),
      topics: topics === undefined ? [] : this.readTopics(topics),
      qosMax: this.readQosMax(nodes.get('qosMax'), effect, rights),
      retain: this.readRetain(nodes.get('retain'), effect, rights),
      tell: this.readTell(nodes.get('tell')),
    };
  }

  private readRights(key: string, node: FileNode): readonly Right[] {
    const rights = new Set<Right>();
    for (const { text, place } of this.nodes.readTexts(node, key)) {
      const right = RIGHTS.find((word) => word === text);
      if (right !== undefined) rights.add(right);
      else if (text === 'all') for (const word of RIGHTS) rights.add(word);
      else
        this.nodes.complain(
          place,
          `${key} takes publish, subscribe, receive or all; got ${quote(text)}${hint(text, RIGHT_WORDS)}`,
        );
    }
    return [...rights];
  }

  private readSubject(nodes: Nodes): RuleSubject {
    const read = (key: string): readonly string[] | undefined => {
      const node = nodes.get(key);
      return node === undefined ? undefined : this.readPatterns(node, key, 1);
    };
    const anonymous = nodes.get('anonymous');
    const address = nodes.get('address');
    return {
      users: read('user'),
      anonymous: anonymous === undefined ? undefined : this.nodes.readSwitch('anonymous', anonymous),
      clients: read('client'),
      groups: this.readGroupNames(nodes.get('group')),
      certificates: read('certificate'),
      addresses: address === undefined ? undefined : this.readAddresses(address),
    };
  }

  /** Names, or how some begin. */
  private readPatterns(node: FileNode, key: string, countMin: 0 | 1): readonly string[] {
    const texts = this.nodes.readTexts(node, key, countMin);
    for (const { text, place } of texts) {
      const star = text.indexOf('*');
      if (star === -1 || star === text.length - 1) continue;
      this.nodes.complain(place, `a * stands for the rest of a name, so it is its last character; got ${quote(text)}`);
    }
    return texts.map(({ text }) => text);
  }

  private readGroupNames(node: FileNode | undefined): readonly string[] | undefined {
    if (node === undefined) return undefined;
    const texts = this.nodes.readTexts(node, 'group');
    for (const { text, place } of texts) {
      if (this.groups.has(text)) continue;
      const near = nearest(text, this.groups.keys());
      const help = near === undefined ? 'list its users under "groups:"' : `did you mean ${near}?`;
      this.nodes.complain(place, `there is no group ${quote(text)}; ${help}`);
    }
    return texts.map(({ text }) => text);
  }

  private readAddresses(node: FileNode): readonly AddressRange[] {
    const ranges: AddressRange[] = [];
    for (const { text, place } of this.nodes.readTexts(node, 'address')) {
      const range = parseAddressRange(text);
      if (range !== undefined) ranges.push(range);
      else this.nodes.complain(place, `address takes an IP address or a range such as 10.0.0.0/8; got ${quote(text)}`);
    }
    return ranges;
  }

  private readTopics(node: FileNode): readonly TopicPattern[] {
    const patterns: TopicPattern[] = [];
    for (const { text, place } of this.nodes.readTexts(node, 'topics')) {
      const parsed = parseTopicPattern(text);
      if (parsed.kind === 'pattern') patterns.push(parsed.pattern);
      else this.nodes.complain(place, `${quote(text)} is no topic filter of a rule: ${parsed.why}`);
    }
    return patterns;
  }

  private readQosMax(node: FileNode | undefined, effect: string, rights: readonly Right[]): 0 | 1 | 2 {
    if (node === undefined) return 2;
    if (effect === 'deny')
      return this.nodes.complain(node.place, 'a rule that denies has no maximum: it denies every QoS') ?? 2;
    if (!rights.includes('publish') && !rights.includes('subscribe')) {
      return (
        this.nodes.complain(
          node.place,
          'qosMax is about publish and subscribe: a message is received with the QoS of its subscription',
        ) ?? 2
      );
    }
    if (node.kind === 'scalar' && (node.value === 0 || node.value === 1 || node.value === 2)) return node.value;
    return this.nodes.complain(node.place, `qosMax takes 0, 1 or 2; got ${shown(node)}`) ?? 2;
  }

  private readRetain(node: FileNode | undefined, effect: string, rights: readonly Right[]): boolean {
    if (node === undefined) return true;
    if (effect === 'allow' && rights.includes('publish')) return this.nodes.readSwitch('retain', node);
    return this.nodes.complain(node.place, 'retain is about rules that allow to publish') ?? true;
  }

  private readName(node: FileNode | undefined): string | undefined {
    const [one] = node === undefined ? [] : this.nodes.readOne(node, 'name');
    if (one === undefined) return undefined;
    const { text, place } = one;
    if (!NAME.test(text) || UNTAKEN_NAMES.includes(text)) {
      return this.nodes.complain(
        place,
        `name takes a few words without / + # and control characters; got ${quote(text)}`,
      );
    }
    const before = this.names.get(text);
    if (before !== undefined)
      return this.nodes.complain(
        place,
        `${quote(text)} is the name of the rule at ${showPlace(before)}, too: each has its own`,
      );
    this.names.set(text, place);
    return text;
  }

  private readTell(node: FileNode | undefined): string | undefined {
    const [one] = node === undefined ? [] : this.nodes.readOne(node, 'tell');
    if (one === undefined) return undefined;
    if (one.text.length <= TELL_LENGTH_MAX && one.text.isWellFormed() && !/\p{Cc}/u.test(one.text)) return one.text;
    return this.nodes.complain(one.place, `tell takes one line of at most ${TELL_LENGTH_MAX} characters`);
  }
}
