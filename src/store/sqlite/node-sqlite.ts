// SQLite as Node.js brings it. The first releases of Node 24 warn that it is experimental, once per
// thread, on the standard error of whoever runs a broker, where it helps nobody: what this project
// needs of it is held down by its own tests. So it is loaded here and nowhere else, past that one warning.
// Every other warning, and every other thread's, goes its way: the filter is there while the module loads, no longer.

import type * as Sqlite from 'node:sqlite';

const sqlite = loadQuietly();

/** A database connection. */
export const DatabaseSync: typeof Sqlite.DatabaseSync = sqlite.DatabaseSync;
/** Copies a database that is in use. */
export const backup: typeof Sqlite.backup = sqlite.backup;
/** A database connection. */
export type DatabaseSync = Sqlite.DatabaseSync;

/** Loads `node:sqlite`. Not by an import: that would run before anything could be done about the warning. */
function loadQuietly(): typeof Sqlite {
  // oxlint-disable-next-line typescript/unbound-method -- It is put back as it was, and called on `process`.
  const { emitWarning } = process;
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    const isMeant = typeof warning === 'string' && warning.startsWith('SQLite is an experimental feature');
    if (!isMeant) Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
