// The file that `vouch rules test` reads: what rules should say to whom. Each entry is a client, something it wants to do with one topic
// or several, and whether it may.

import type { Action, Identity } from '../auth/contract.ts';
import { type FileNode, type LoadedFile, loadFile } from './load-file.ts';
import { hint, NodeReader, type Nodes, shown } from './node-reader.ts';
import { inReadingOrder, type Place, type Problem } from './problem.ts';
import { quote } from './spelling.ts';

/** One thing that is expected. */
export interface RulesExpectation {
  readonly place: Place;
  readonly identity: Identity;
  readonly action: Exclude<Action, 'will'>;
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly isAllowed: boolean;
}

/** What came of reading. */
export type ExpectationsOutcome =
  | {
      readonly kind: 'valid';
      /** The file of rules that is meant, as it is written; `undefined`: it does not say. */
      readonly rulesFile: string | undefined;
      readonly expectations: readonly RulesExpectation[];
    }
  /** Never empty; in reading order. */
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

const FILE_KEYS = ['rules', 'expect'];
const ACTIONS = ['publish', 'subscribe', 'receive'] as const;
const KEYS = ['user', 'client', 'group', 'certificate', 'address', ...ACTIONS, 'qos', 'retain', 'is'];
const ANSWERS = ['allowed', 'refused'];

/** Reads the file at `path`. Never throws: what is wrong with it is among the problems. */
export function readExpectationsFile(path: string): ExpectationsOutcome {
  return readExpectations(loadFile(path));
}

function readExpectations({ root, problems }: LoadedFile): ExpectationsOutcome {
  if (problems.length > 0) return { kind: 'invalid', problems: inReadingOrder(problems) };
  const reader = new NodeReader();
  const nodes = reader.readKeys(root, FILE_KEYS, 'a file of expectations has');
  const rules = nodes.get('rules');
  const [rulesFile] = rules === undefined ? [] : reader.readOne(rules, 'rules');
  const list = nodes.get('expect');
  const expectations: RulesExpectation[] = [];
  if (list?.kind === 'list' && list.items.length > 0) {
    for (const item of list.items) expectations.push(...readOne(reader, item));
  } else {
    const example = '"- user: alice", with "publish: a/b" and "is: allowed" below it';
    reader.complain(list?.place ?? root.place, `expect takes a list of at least one expectation: ${example}`);
  }
  if (reader.problems.length > 0) return { kind: 'invalid', problems: inReadingOrder(reader.problems) };
  return { kind: 'valid', rulesFile: rulesFile?.text, expectations };
}

/** One entry; as many expectations as it has topics. */
function readOne(reader: NodeReader, item: FileNode): readonly RulesExpectation[] {
  if (item.kind !== 'map') {
    return reader.complain(item.place, 'an expectation is a "publish: a/b" with "is: allowed" below it') ?? [];
  }
  const nodes = reader.readKeys(item, KEYS, 'an expectation has');
  const [action, ...others] = ACTIONS.filter((name) => nodes.has(name));
  const topics = action === undefined ? undefined : nodes.get(action);
  if (action === undefined || topics === undefined || others.length > 0) {
    return reader.complain(item.place, 'an expectation has one of publish, subscribe and receive, with a topic') ?? [];
  }
  const identity = readIdentity(reader, nodes);
  const isAllowed = readAnswer(reader, nodes.get('is'), item.place);
  const qos = readQos(reader, nodes.get('qos'));
  const retainNode = nodes.get('retain');
  const retain = retainNode === undefined ? false : reader.readSwitch('retain', retainNode);
  return reader
    .readTexts(topics, action)
    .map(({ text, place }) => ({ place, identity, action, topic: text, qos, retain, isAllowed }));
}

function readIdentity(reader: NodeReader, nodes: Nodes): Identity {
  const one = (key: string): string | undefined => {
    const node = nodes.get(key);
    return node === undefined ? undefined : reader.readOne(node, key)[0]?.text;
  };
  const groups = nodes.get('group');
  return {
    principal: one('user'),
    clientId: one('client') ?? '',
    remote: one('address') ?? '',
    certificate: one('certificate'),
    groups: groups === undefined ? undefined : reader.readTexts(groups, 'group').map(({ text }) => text),
  };
}

function readAnswer(reader: NodeReader, node: FileNode | undefined, place: Place): boolean {
  if (node === undefined) return reader.complain(place, 'an expectation has "is: allowed" or "is: refused"') ?? false;
  if (node.kind === 'scalar' && ANSWERS.includes(String(node.value))) return node.value === 'allowed';
  const near = node.kind === 'scalar' ? hint(String(node.value), ANSWERS) : '';
  return reader.complain(node.place, `is takes allowed or refused; got ${shown(node)}${near}`) ?? false;
}

function readQos(reader: NodeReader, node: FileNode | undefined): 0 | 1 | 2 {
  const value = node?.kind === 'scalar' ? node.value : undefined;
  if (node === undefined || value === 0) return 0;
  if (value === 1 || value === 2) return value;
  return reader.complain(node.place, `qos takes 0, 1 or 2; got ${quote(shown(node))}`) ?? 0;
}
