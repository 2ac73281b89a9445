// Reads every option from where it may stand: flag before environment before file before default.
// Each source is checked even where a stronger one overrules it: a mistake in the file is a mistake on
// the day the flag goes.

import type { ClientRedirect } from '../broker/parts.ts';
import type { Setting, Settings } from './config.ts';
import type { ListenerAddress } from './listener-address.ts';
import type { ListenerValues } from './listener-rows.ts';
import { faultsOf, LISTENER_OPTIONS, LISTENER_ROWS, makeListener } from './listener-rows.ts';
import type { FileList, FileMap, FileNode } from './load-file.ts';
import { nearest } from './nearest.ts';
import type { Origin, Place, Problem } from './problem.ts';
import { REDIRECT_ROWS } from './redirect-rows.ts';
import type { Row } from './row.ts';
import type { OptionName } from './schema.ts';
import { isOptionName, OPTION_NAMES, ROWS } from './schema.ts';
import { environmentNameOf, flagOf, quote } from './spelling.ts';

/** Where options come from, besides the file. */
export interface TextSources {
  /** By the name of the option. */
  readonly flags: ReadonlyMap<OptionName, string>;
  /** By the name of the variable; an empty one counts as not set. */
  readonly environment: { readonly [name: string]: string | undefined };
}

/** What reading needs of a row. Without what takes a value, so that rows of all values fit `Reader<unknown>`. */
type Reader<Value> = Pick<Row<Value>, 'takes' | 'units' | 'words' | 'read' | 'default'>;

/** Every option as it was read. */
export interface ReadSettings {
  readonly settings: Settings;
  /** Where each listener of the file's list stands, in its order. */
  readonly listenerOrigins: readonly Origin[];
}

/** Reads all options; problems are added to `problems`, and a weaker source or the default stands in for a bad value. */
export function readSettings(sources: TextSources, file: FileMap | undefined, problems: Problem[]): ReadSettings {
  const reader = new SettingsReader(sources, problems);
  reader.takeFile(file);
  const settings: { [name: string]: Setting<unknown> } = {};
  for (const name of OPTION_NAMES) settings[name] = reader.readSetting(name, ROWS[name]);
  // Every name has been set, to what its own row reads.
  return { settings: settings as Settings, listenerOrigins: reader.listenerOrigins };
}

class SettingsReader {
  readonly listenerOrigins: Origin[];
  private readonly sources: TextSources;
  private readonly nodes: Map<string, FileNode>;
  private readonly problems: Problem[];

  constructor(sources: TextSources, problems: Problem[]) {
    this.listenerOrigins = [];
    this.sources = sources;
    this.nodes = new Map();
    this.problems = problems;
  }

  takeFile(file: FileMap | undefined): void {
    for (const { key, keyPlace, node } of file?.entries ?? []) {
      if (isOptionName(key)) this.nodes.set(key, node);
      else this.complain(keyPlace, unknownKey(key, OPTION_NAMES, 'vouch start --help lists all'));
    }
  }

  readSetting(name: OptionName, row: Reader<unknown>): Setting<unknown> {
    const node = this.nodes.get(name);
    const fromFile = node === undefined ? undefined : this.readFileValue(name, row, node);
    const variable = environmentNameOf(name);
    const fromEnvironment = this.readText(
      variable,
      { kind: 'environment', name: variable },
      row,
      this.sources.environment[variable],
    );
    const flag = flagOf(name);
    const fromFlag = this.readText(flag, { kind: 'flag', flag }, row, this.sources.flags.get(name));
    return fromFlag ?? fromEnvironment ?? fromFile ?? { value: row.default, origin: { kind: 'default' } };
  }

  private readText(
    spelling: string,
    origin: Origin,
    row: Reader<unknown>,
    text: string | undefined,
  ): Setting<unknown> | undefined {
    if (text === undefined || (text === '' && origin.kind === 'environment')) return undefined;
    return this.readRaw(spelling, origin, row, text, quote(text));
  }

  private readFileValue(name: OptionName, row: Reader<unknown>, node: FileNode): Setting<unknown> | undefined {
    if (name === 'listeners') return this.readListeners(node);
    return name === 'redirects' && node.kind === 'list' ? this.readRedirects(node) : this.readScalar(name, row, node);
  }

  private readScalar<Value>(name: string, row: Reader<Value>, node: FileNode): Setting<Value> | undefined {
    if (node.kind !== 'scalar') return this.complain(node.place, `${name} takes ${row.takes}; got a ${node.kind}`);
    if (node.value === null) return this.complain(node.place, `${name} has no value here: it takes ${row.takes}`);
    const written = typeof node.value === 'string' ? quote(node.value) : node.source;
    return this.readRaw(name, { kind: 'file', place: node.place }, row, node.value, written);
  }

  private readRaw<Value>(
    spelling: string,
    origin: Origin,
    row: Reader<Value>,
    raw: unknown,
    written: string,
  ): Setting<Value> | undefined {
    const value = row.read(raw);
    if (value !== undefined) return { value, origin };
    const near = typeof raw === 'string' ? nearest(raw, row.words) : undefined;
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    const units = row.units === '' ? '' : ` (${row.units})`;
    this.problems.push({ origin, sentence: `${spelling} takes ${row.takes}${units}; got ${written}${hint}` });
    return undefined;
  }

  private readListeners(node: FileNode): Setting<readonly ListenerAddress[]> | undefined {
    if (node.kind !== 'list' || node.items.length === 0) {
      return this.complain(
        node.place,
        'listeners takes a list of at least one "- host: ..." with a "port: ..." below it',
      );
    }
    const listeners = node.items.map((item) => this.readListener(item)).filter((listener) => listener !== undefined);
    return { value: listeners, origin: { kind: 'file', place: node.place } };
  }

  private readListener(item: FileNode): ListenerAddress | undefined {
    if (item.kind !== 'map')
      return this.complain(item.place, 'a listener is a "host: ..." with a "port: ..." below it');
    const parts = this.readParts(item, LISTENER_OPTIONS, 'a listener');
    this.listenerOrigins.push({ kind: 'file', place: parts.get('host')?.place ?? item.place });
    const read: { [name: string]: unknown } = {};
    for (const name of LISTENER_OPTIONS) read[name] = this.readPart<unknown>(name, LISTENER_ROWS[name], parts);
    // Every name has been set, to what its own row reads.
    const values = read as unknown as ListenerValues;
    const given = new Set(parts.keys());
    for (const { option, sentence } of faultsOf(values, given)) {
      this.complain(parts.get(option)?.place ?? item.place, sentence);
    }
    return makeListener(values, given);
  }

  private readRedirects(node: FileList): Setting<readonly ClientRedirect[]> {
    const redirects = node.items.map((item) => this.readRedirect(item)).filter((redirect) => redirect !== undefined);
    return { value: redirects, origin: { kind: 'file', place: node.place } };
  }

  private readRedirect(item: FileNode): ClientRedirect | undefined {
    if (item.kind !== 'map')
      return this.complain(item.place, 'a redirect is a "clients: ..." with a "to: ..." below it');
    const parts = this.readParts(item, Object.keys(REDIRECT_ROWS), 'a redirect');
    for (const name of ['clients', 'to'] as const) {
      if (!parts.has(name))
        this.complain(item.place, `a redirect has no ${name} here: it takes ${REDIRECT_ROWS[name].takes}`);
    }
    return {
      clients: this.readPart('clients', REDIRECT_ROWS.clients, parts),
      to: this.readPart('to', REDIRECT_ROWS.to, parts),
      permanent: this.readPart('permanent', REDIRECT_ROWS.permanent, parts),
    };
  }

  /** The keys of one item of a list, as far as they are known. */
  private readParts(item: FileMap, names: readonly string[], what: string): ReadonlyMap<string, FileNode> {
    const parts = new Map<string, FileNode>();
    for (const { key, keyPlace, node } of item.entries) {
      if (names.includes(key)) parts.set(key, node);
      else this.complain(keyPlace, unknownKey(key, names, `${what} has ${names.join(', ')}`));
    }
    return parts;
  }

  private readPart<Value>(name: string, row: Reader<Value>, parts: ReadonlyMap<string, FileNode>): Value {
    const node = parts.get(name);
    return node === undefined ? row.default : (this.readScalar(name, row, node)?.value ?? row.default);
  }

  private complain(place: Place, sentence: string): undefined {
    this.problems.push({ origin: { kind: 'file', place }, sentence });
  }
}

function unknownKey(key: string, names: readonly string[], otherwise: string): string {
  const near = nearest(key, names);
  return `${quote(key)} is not an option; ${near === undefined ? otherwise : `did you mean ${near}?`}`;
}
