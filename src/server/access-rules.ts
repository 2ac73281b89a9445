// The rules of a running broker: those of a file, which is watched, and read again when it has changed. A file that is right as a
// whole takes the place of the one before between two questions; a file that is not changes nothing and is said to be wrong. What
// clients wait for is held against the rules when it is sent, so a right that is gone stops that, too.

import type { Action, Authorizer, Explanation, Identity, RuleTally } from '../auth/contract.ts';
import type { RuleFile } from '../auth/rules/rule.ts';
import { RuleSet } from '../auth/rules/rule-set.ts';
import type { Log } from '../base/log.ts';
import { showProblem } from '../config/problem.ts';
import { readRulesFile } from '../config/rules-file.ts';
import { FileWatch } from './file-watch.ts';

/** Of the mistakes in a file, the log has so many. */
const PROBLEMS_SAID_MAX = 10;

/** An Authorizer whose rules may change. */
export class AccessRules implements Authorizer {
  readonly allowsAll: boolean;
  private readonly path: string;
  private readonly log: Log;
  private readonly files: FileWatch;
  private rules: RuleSet;

  /** @param file  The rules to begin with. */
  constructor(file: RuleFile, log: Log) {
    this.allowsAll = false;
    this.path = file.path;
    this.files = new FileWatch([file.path]);
    this.log = log;
    this.rules = new RuleSet(file);
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

  /** Looks at the file from now on. It does not keep the process alive. */
  watch(): void {
    this.files.start(() => void this.reload());
  }

  /** Looks no more. */
  close(): void {
    this.files.close();
  }

  /** Reads the file again. False: it is wrong, and the rules are as they were. */
  reload(): boolean {
    const outcome = readRulesFile(this.path);
    if (outcome.kind === 'valid') {
      const rules = new RuleSet(outcome.file);
      rules.continueCounts(this.rules);
      this.rules = rules;
      this.log.info('The file of rules has changed and is in force', {
        file: this.path,
        rules: outcome.file.rules.length,
      });
      return true;
    }
    for (const problem of outcome.problems.slice(0, PROBLEMS_SAID_MAX)) this.log.error(showProblem(problem));
    this.log.error('The file of rules is wrong: the rules before stay in force', {
      file: this.path,
      problems: outcome.problems.length,
    });
    return false;
  }
}
