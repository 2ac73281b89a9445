// Everything that is read from files and may be read anew while the broker runs: users, rules, keys and certificates. Each is
// watched, and all of it is read again at once where somebody asks (SIGHUP, `EmbeddedBroker.reload`).
// Invariant: what is in force was right as a whole. Files that cannot be read (not even for a moment: no descriptor is left) or that are
// wrong change nothing but the log. They are tried again with each look, until they are right or changed once more.
// What a change means for clients that are connected is for whoever listens to `onChange` (revoking.ts).

import type { Log, LogFields } from '../base/log.ts';
import type { Objection } from '../broker/revoking.ts';
import type { FileWatch } from './file-watch.ts';

/** What came of reading again. */
export type ReloadOutcome =
  | {
      readonly kind: 'changed';
      /** How much of what is in force now. */
      readonly facts: LogFields;
      /** What somebody should look after; sentences. */
      readonly warnings: readonly string[];
      /** Why a client that is connected would not be let in, or not with what it has, any more. `undefined`: nobody has lost anything. */
      readonly objection: Objection | undefined;
    }
  /** The files say what they said before. */
  | { readonly kind: 'unchanged' }
  /** What was in force stays so; sentences, never empty. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/** Something that was read from files, and can be read again. */
export interface Reloadable {
  /** For people, as in "the password file". */
  readonly what: string;
  /** Over its files, and made before they were first read. It is started by `Reloads`. */
  readonly watch: FileWatch;
  /** Reads and checks all of it, and puts it in force if it is right. Never throws for what is in a file. */
  reload(): ReloadOutcome;
}

/** What became of one of them. */
export interface ReloadReport {
  /** For people, as in "the password file". */
  readonly what: string;
  readonly files: readonly string[];
  /** `changed`: what the files say is in force now. `unchanged`: it was before. `refused`: what was in force stays so. */
  readonly result: 'changed' | 'unchanged' | 'refused';
  /** What is wrong, or what to look after; sentences. */
  readonly remarks: readonly string[];
}

/** Of what is wrong with a file, the log has so many lines. */
const PROBLEMS_SAID_MAX = 10;

/** All that one broker can read again. */
export class Reloads {
  private readonly log: Log;
  private readonly entries: Reloadable[];
  /** What was last said of files that were refused, so that it is said once. */
  private readonly said: Map<Reloadable, string>;
  private listener: ((objection: Objection) => void) | undefined;
  private isClosed: boolean;

  constructor(log: Log) {
    this.log = log;
    this.entries = [];
    this.said = new Map();
    this.listener = undefined;
    this.isClosed = false;
  }

  /** Who is told of changes by which clients may have lost something. */
  onChange(listener: (objection: Objection) => void): void {
    this.listener = listener;
  }

  /** Watches something from now on, and reads it again with the others. */
  add(entry: Reloadable): void {
    if (this.isClosed) {
      entry.watch.close();
      return;
    }
    this.entries.push(entry);
    entry.watch.start(() => this.reloadOne(entry, 'seen'));
  }

  /** Watches it no more, nor reads it with the others. */
  remove(entry: Reloadable): void {
    entry.watch.close();
    const index = this.entries.indexOf(entry);
    if (index !== -1) this.entries.splice(index, 1);
    this.said.delete(entry);
  }

  /** Reads everything again, in the order in which it was added. */
  reload(): readonly ReloadReport[] {
    return this.entries.map((entry) => {
      const outcome = this.reloadOne(entry, 'asked');
      const remarks =
        outcome.kind === 'changed' ? outcome.warnings : outcome.kind === 'refused' ? outcome.problems : [];
      return { what: entry.what, files: entry.watch.paths, result: outcome.kind, remarks };
    });
  }

  /** Watches nothing any more. */
  close(): void {
    this.isClosed = true;
    for (const { watch } of this.entries) watch.close();
  }

  private reloadOne(entry: Reloadable, cause: 'seen' | 'asked'): ReloadOutcome {
    const outcome = entry.reload();
    const { what, watch } = entry;
    const files = watch.paths.join(', ');
    if (outcome.kind === 'refused') {
      watch.tellAgain();
      this.sayRefused(entry, files, outcome.problems, cause);
      return outcome;
    }
    this.said.delete(entry);
    if (outcome.kind === 'unchanged') {
      const sentence = `The ${what} was read again: it says what it said before`;
      if (cause === 'asked') this.log.info(sentence, { files });
      else this.log.debug(sentence, { files });
      return outcome;
    }
    this.log.info(`The ${what} has changed and is in force`, { files, ...outcome.facts });
    for (const warning of outcome.warnings) this.log.warn(warning);
    if (outcome.objection !== undefined) this.listener?.(outcome.objection);
    return outcome;
  }

  private sayRefused(entry: Reloadable, files: string, problems: readonly string[], cause: 'seen' | 'asked'): void {
    const all = problems.join('\n');
    if (cause === 'seen' && this.said.get(entry) === all) return;
    this.said.set(entry, all);
    for (const problem of problems.slice(0, PROBLEMS_SAID_MAX)) this.log.error(problem);
    this.log.error(`The ${entry.what} cannot be used: what was in force stays so`, {
      files,
      problems: problems.length,
    });
  }
}
