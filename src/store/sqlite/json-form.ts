// How a value looks in JSON, in both directions at once: a form writes a value as JSON has it, and reads it back
// strictly. A form of an object is a table of the forms of its fields, so that what is written and what is read cannot
// drift apart. Fields that are undefined are left out; fields that nobody knows are refused, since they would be lost.

import { utf8Length } from '../../base/utf8.ts';

/** JSON that is not of the form. The message is a sentence without its beginning: `recipients[0].qos is 3, ...`. */
export class FormError extends Error {
  override readonly name = 'FormError';
}

/** How a `Value` looks in JSON. */
export interface JsonForm<Value> {
  /** Yields what `JSON.stringify` takes. */
  write(value: Value): unknown;
  /**
   * Takes what `JSON.parse` yields.
   * @param where  Names the value in an error.
   * @throws {FormError}
   */
  read(json: unknown, where: string): Value;
}

/** Longer texts do not fit the two bytes that MQTT has for their length. */
const TEXT_BYTES_MAX = 65_535;

/** A text. */
export const TEXT: JsonForm<string> = {
  write: (value) => value,
  read(json, where) {
    if (typeof json !== 'string' || !json.isWellFormed()) throw wrong(json, where, 'a text');
    if (utf8Length(json) > TEXT_BYTES_MAX) throw new FormError(`${where} is longer than ${TEXT_BYTES_MAX} bytes`);
    return json;
  },
};

/** Yes or no. */
export const BOOLEAN: JsonForm<boolean> = {
  write: (value) => value,
  read(json, where) {
    if (typeof json === 'boolean') return json;
    throw wrong(json, where, 'true or false');
  },
};

/** Bytes, in Base64. */
export const BYTES: JsonForm<Uint8Array> = {
  write: (value) => Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64'),
  read(json, where) {
    const bytes = typeof json === 'string' ? Buffer.from(json, 'base64') : undefined;
    // Node.js reads anything as Base64; only what it would write itself is taken.
    if (bytes === undefined || bytes.toString('base64') !== json) throw wrong(json, where, 'Base64');
    return bytes;
  },
};

/** A whole number from `minimum` to `maximum`, made into a `Value` of its own. */
export function integer<Value extends number>(
  minimum: number,
  maximum: number,
  make: (value: number) => Value,
): JsonForm<Value> {
  return {
    write: (value) => value,
    read(json, where) {
      if (typeof json === 'number' && Number.isInteger(json) && json >= minimum && json <= maximum) return make(json);
      throw wrong(json, where, `a whole number from ${minimum} to ${maximum}`);
    },
  };
}

/** Any number that is finite. */
export function real<Value extends number>(make: (value: number) => Value): JsonForm<Value> {
  return {
    write: (value) => value,
    read(json, where) {
      if (typeof json === 'number' && Number.isFinite(json)) return make(json);
      throw wrong(json, where, 'a number');
    },
  };
}

/** One of a few words or numbers. */
export function oneOf<const Word extends string | number>(words: readonly Word[]): JsonForm<Word> {
  return {
    write: (value) => value,
    read(json, where) {
      const found = words.find((word) => word === json);
      if (found === undefined)
        throw wrong(json, where, words.length === 1 ? `${words[0]}` : `one of ${words.join(', ')}`);
      return found;
    },
  };
}

/** A value or `undefined`, which an object leaves out. */
export function optional<Value>(form: JsonForm<Value>): JsonForm<Value | undefined> {
  return {
    write: (value) => (value === undefined ? undefined : form.write(value)),
    read: (json, where) => (json === undefined ? undefined : form.read(json, where)),
  };
}

/** Any number of values. */
export function list<Value>(form: JsonForm<Value>): JsonForm<readonly Value[]> {
  return {
    write: (values) => values.map((each) => form.write(each)),
    read(json, where) {
      if (!Array.isArray(json)) throw wrong(json, where, 'a list');
      return json.map((each: unknown, index) => form.read(each, `${where}[${index}]`));
    },
  };
}

/** Two values. */
export function pair<First, Second>(
  first: JsonForm<First>,
  second: JsonForm<Second>,
): JsonForm<readonly [First, Second]> {
  return {
    write: ([one, other]) => [first.write(one), second.write(other)],
    read(json, where) {
      if (!Array.isArray(json) || json.length !== 2) throw wrong(json, where, 'a list of two');
      return [first.read(json[0], `${where}[0]`), second.read(json[1], `${where}[1]`)];
    },
  };
}

/** An object with these fields, written in this order. */
export function object<Value extends object>(
  fields: {
    readonly [Name in keyof Value]-?: JsonForm<Value[Name]>;
  },
): JsonForm<Value> {
  const names = Object.keys(fields) as (keyof Value & string)[]; // The fields of a form are all its own.
  return {
    write: (value) => Object.fromEntries(names.map((name) => [name, fields[name].write(value[name])])),
    read(json, where) {
      if (typeof json !== 'object' || json === null || Array.isArray(json)) throw wrong(json, where, 'an object');
      const given = new Map<string, unknown>(Object.entries(json));
      const prefix = where === '' ? '' : `${where}.`;
      const value = Object.fromEntries(names.map((name) => [name, fields[name].read(given.get(name), prefix + name)]));
      for (const name of given.keys()) {
        if (!Object.hasOwn(fields, name)) throw new FormError(`${prefix}${name} is not known`);
      }
      return value as Value; // Every field was read by its own form.
    },
  };
}

function wrong(json: unknown, where: string, expected: string): FormError {
  const shown = json === undefined ? 'missing' : JSON.stringify(json).slice(0, 40);
  return new FormError(`${where === '' ? 'it' : where} is ${shown} where ${expected} belongs`);
}
