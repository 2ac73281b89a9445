// What is used of IndexedDB, as types of our own, so that the store compiles where there are no types of the web, and as promises.
// Everything of one store is one database: a few tables whose keys are given, not found in the rows.

import { OperationError } from '../../base/errors.ts';

/** A request: its result, when it has succeeded. */
interface DatabaseRequest {
  readonly result: unknown;
  readonly error: unknown;
  addEventListener(type: 'success' | 'error', listener: (event: unknown) => void): void;
}

/** A table, within a transaction. */
export interface Table {
  get(key: unknown): DatabaseRequest;
  getAll(): DatabaseRequest;
  getAllKeys(): DatabaseRequest;
  put(row: unknown, key: unknown): DatabaseRequest;
  delete(keys: unknown): DatabaseRequest;
}

/** A transaction. */
export interface Transaction {
  readonly error: unknown;
  objectStore(name: string): Table;
  abort(): void;
  addEventListener(type: 'complete' | 'abort', listener: (event: unknown) => void): void;
}

/** An open database. */
export interface Database {
  transaction(
    names: readonly string[],
    mode: 'readonly' | 'readwrite',
    options?: { readonly durability: 'strict' },
  ): Transaction;
  createObjectStore(name: string): unknown;
  close(): void;
  addEventListener(type: 'close' | 'versionchange', listener: (event: unknown) => void): void;
}

/** The request that opens a database. */
interface OpenRequest {
  readonly result: Database;
  readonly error: unknown;
  addEventListener(type: 'success' | 'error' | 'upgradeneeded' | 'blocked', listener: (event: unknown) => void): void;
}

/** What a page has of IndexedDB. */
export interface DatabaseFactory {
  open(name: string, version: number): OpenRequest;
}

/** Makes ranges of keys: the page's `IDBKeyRange`. */
export interface KeyRanges {
  bound(lower: unknown, upper: unknown): unknown;
}

/** The tables, in the order in which they are made. */
export const TABLES = [
  'meta',
  'session',
  'subscription',
  'group',
  'owed',
  'sent',
  'received',
  'origin',
  'retained',
  'will',
] as const;

/** The name of a table. */
export type TableName = (typeof TABLES)[number];

/** What is in the tables, and how. */
const SCHEMA_VERSION = 1;

/**
 * Opens the database, or makes it.
 * @throws {OperationError} `store-unavailable`, `store-newer`, `store-in-use`.
 */
export function openDatabase(factory: DatabaseFactory, name: string): Promise<Database> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, SCHEMA_VERSION);
    request.addEventListener('upgradeneeded', () => {
      for (const table of TABLES) request.result.createObjectStore(table);
    });
    request.addEventListener('blocked', () => {
      const sentence = `Another page has the database ${name} open, as an older version of Vouch made it; close that page.`;
      reject(new OperationError('store-in-use', sentence));
    });
    request.addEventListener('error', () => reject(openError(name, request.error)));
    request.addEventListener('success', () => resolve(request.result));
  });
}

/**
 * The result of a request.
 * @throws What the browser says.
 */
export function resultOf(request: DatabaseRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(asError(request.error)));
  });
}

/**
 * Fulfilled when everything in the transaction is there to stay.
 * @throws What the browser says; nothing of it is there then.
 */
export function completionOf(transaction: Transaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener('complete', () => resolve());
    transaction.addEventListener('abort', () => reject(asError(transaction.error)));
  });
}

/** Whether the browser grants no more room. */
export function isQuotaError(error: unknown): boolean {
  return nameOf(error) === 'QuotaExceededError';
}

function openError(name: string, cause: unknown): OperationError {
  if (nameOf(cause) === 'VersionError') {
    const sentence = `The database ${name} was written by a newer version of Vouch.`;
    return new OperationError('store-newer', sentence, undefined, { cause });
  }
  const sentence = `The browser does not open the database ${name}: ${asError(cause).message}`;
  return new OperationError('store-unavailable', sentence, undefined, { cause });
}

function nameOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, 'name') : undefined;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error), { cause: error });
}
