// The rules of a running broker: those of a file, which is watched, and read again when it has changed (reloads.ts). A file that is
// right as a whole takes the place of the one before between two questions; a file that is not changes nothing. What clients wait
// for is held against the rules when it is sent, so a right that is gone stops that, too.

import type { Action, Authorizer, Explanation, Identity, RuleTally } from '../auth/contract.ts';
import type { RuleFile } from '../auth/rules/rule.ts';
import { type GroupsFrom, RuleSet } from '../auth/rules/rule-set.ts';
import { lostRights } from '../broker/revoking.ts';
import { showProblem } from '../config/problem.ts';
import { readRulesFile } from '../config/rules-file.ts';
import { FileWatch } from './file-watch.ts';
import type { Reloadable, ReloadOutcome } from './reloads.ts';

/** An Authorizer whose rules may change. */
export class AccessRules implements Authorizer, Reloadable {
  readonly allowsAll: boolean;
  readonly what: string;
  readonly watch: FileWatch;
  private readonly groupsFrom: GroupsFrom;
  private file: RuleFile;
  private rules: RuleSet;

  /**
   * @param file  The rules to begin with.
   * @param groupsFrom  Who says which groups clients belong to.
   * @param lookMillis  How often the file is looked at.
   */
  constructor(file: RuleFile, groupsFrom: GroupsFrom, lookMillis?: number) {
    this.allowsAll = false;
    this.what = 'file of rules';
    this.watch = new FileWatch([file.path], lookMillis);
    // It was read with the configuration, before anybody watched it.
    this.watch.tellAgain();
    this.file = file;
    this.groupsFrom = groupsFrom;
    this.rules = new RuleSet(file, groupsFrom);
  }

  /** hot: */
  allows(identity: Identity, action: Action, topic: string, qos: 0 | 1 | 2, retain: boolean): boolean {
    return this.rules.allows(identity, action, topic, qos, retain);
  }

  explain(identity: Identity, action: Action, topic: string, qos: 0 | 1 | 2, retain: boolean): Explanation {
    return this.rules.explain(identity, action, topic, qos, retain);
  }

  tallies(): readonly RuleTally[] {
    return this.rules.tallies();
  }

  reload(): ReloadOutcome {
    const outcome = readRulesFile(this.file.path);
    if (outcome.kind === 'invalid') return { kind: 'refused', problems: outcome.problems.map(showProblem) };
    const { file } = outcome;
    if (textOf(file) === textOf(this.file)) return { kind: 'unchanged' };
    const rules = new RuleSet(file, this.groupsFrom);
    rules.continueCounts(this.rules);
    this.rules = rules;
    this.file = file;
    return { kind: 'changed', facts: { rules: file.rules.length }, warnings: [], objection: lostRights(this) };
  }
}

/** All that rules say, and where. */
function textOf({ rules, groups }: RuleFile): string {
  return JSON.stringify([rules, [...groups]]);
}
