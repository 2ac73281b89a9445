// What the log hears of clients that are refused or ended for what they did: each of them by name, but no more of one kind than is worth reading
// (base/line-budget.ts). Whoever has a wrong password a thousand times a second must not fill the disk with it. Refusals by a limit are
// told elsewhere, and less often (limit-news.ts).

import { LineBudget } from '../base/line-budget.ts';
import type { Log, LogFields } from '../base/log.ts';
import type { ProtocolErrorKind } from '../packet/protocol-error.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import type { Connection } from './connection.ts';

/** What is told apart. */
type RefusedKind = ReasonCode | ProtocolErrorKind | 'subscription';

/** The lines of one broker. */
export class RefusalLines {
  private readonly log: Log;
  /** By what clients hear, or by what they did. */
  private readonly budget: LineBudget<RefusedKind>;

  constructor(log: Log) {
    this.log = log;
    this.budget = new LineBudget();
  }

  /** A connection is refused, or ends. */
  tell(connection: Connection, kind: RefusedKind, sentence: string, fields: LogFields): void {
    const more = this.note(connection, kind);
    if (more !== undefined) this.log.warn(`${sentence}${more}`, { ...connection.facts(undefined), ...fields });
  }

  /** For whoever tells it: what to add to the line; `undefined`: no line now. */
  note(connection: Connection, kind: RefusedKind): string | undefined {
    return this.budget.note(kind, connection.origin, connection.now);
  }
}
