// The rows that are yet to be written, one change per key: what comes later replaces what came before, and a row that was never written
// and is deleted again leaves nothing behind.
// What was settled one by one is deleted one by one; what a recipient had is deleted as a whole, by ranges, after everything that
// was put before. Nothing is put under a recipient's key after that.

import type { TableName } from './database.ts';

/** One change of one row. */
export type RowChange =
  | { readonly kind: 'put'; readonly table: TableName; readonly key: unknown; readonly row: unknown }
  | { readonly kind: 'delete'; readonly table: TableName; readonly key: unknown }
  | { readonly kind: 'delete-range'; readonly table: TableName; readonly lower: unknown; readonly upper: unknown };

/** The changes of one batch, in order. */
export class PendingChanges {
  private readonly changes: Map<string, RowChange>;
  /** Rows that the tables have not had before. */
  private readonly fresh: Set<string>;

  constructor() {
    this.changes = new Map();
    this.fresh = new Set();
  }

  /** How many there are. */
  get size(): number {
    return this.changes.size;
  }

  /** @param isNew  Whether the tables have nothing under the key. */
  put(table: TableName, key: unknown, row: unknown, isNew: boolean): void {
    const name = nameOf(table, key);
    if (isNew) this.fresh.add(name);
    this.changes.set(name, { kind: 'put', table, key, row });
  }

  /** Deletes the row, if there is one. */
  delete(table: TableName, key: unknown): void {
    const name = nameOf(table, key);
    this.changes.delete(name);
    if (!this.fresh.delete(name)) this.changes.set(name, { kind: 'delete', table, key });
  }

  /** Deletes everything whose key begins with this one. */
  deleteAllOf(table: TableName, first: number): void {
    // An array is after every number and every text.
    const change = { kind: 'delete-range', table, lower: [first], upper: [first, []] } as const;
    this.changes.set(nameOf(table, [first]), change);
  }

  /** The changes, in an order in which they can be made. */
  inOrder(): Iterable<RowChange> {
    return this.changes.values();
  }
}

function nameOf(table: TableName, key: unknown): string {
  return `${table} ${JSON.stringify(key)}`;
}
