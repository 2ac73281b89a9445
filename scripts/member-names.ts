// Which members of classes may have a shorter name in a bundle: those that nobody outside of the bundled files can see.
//
// A name is shortened everywhere or nowhere. So it must be that of members of classes alone: not a field of a type, an object literal or a text
// (what goes over the wire, to the disk, into logs or options has its names there), not a member of a class whose instances are
// handed out, and no word of the language or of the web.

import { readFileSync } from 'node:fs';
import { parseSync, type Program, type PropertyKey, Visitor } from 'oxc-parser';

/** What is looked at. */
export interface Named {
  /** The files of the bundle. */
  readonly bundled: readonly string[];
  /** Files that say which types there are; a bundle does not have those that are nothing but types. */
  readonly typed: readonly string[];
  /** Files that declare what is there without the bundle. */
  readonly platform: readonly string[];
  /** The names of the classes whose instances leave the bundle. */
  readonly handedOut: ReadonlySet<string>;
}

/** Looks for such names. */
export function hiddenMembers({ bundled, typed, platform, handedOut }: Named): readonly string[] {
  const members = new Set<string>();
  const seen = new Set<string>();
  for (const file of bundled) {
    const text = readFileSync(file, 'utf8');
    collectMembers(file, text, handedOut, members, seen);
    collectValues(file, text, seen);
  }
  for (const file of typed) collectTypes(file, readFileSync(file, 'utf8'), seen);
  for (const file of platform) {
    const text = readFileSync(file, 'utf8').replaceAll(/\/\*.*?\*\/|\/\/.*?$/gms, '');
    for (const [word] of text.matchAll(/[A-Za-z_$][\w$]*/g)) seen.add(word);
  }
  return Array.from(members)
    .filter((name) => !seen.has(name))
    .toSorted();
}

function collectMembers(
  file: string,
  text: string,
  handedOut: ReadonlySet<string>,
  members: Set<string>,
  seen: Set<string>,
): void {
  // Classes stand one after the other, never one in the other.
  let target = members;
  new Visitor({
    ClassDeclaration: ({ id }) => {
      target = handedOut.has(id?.name ?? '') ? seen : members;
    },
    PropertyDefinition: ({ key }) => note(key, target),
    MethodDefinition: ({ key }) => note(key, target),
  }).visit(parsed(file, text));
}

function collectValues(file: string, text: string, seen: Set<string>): void {
  new Visitor({
    // What a pattern takes apart, somebody else has named.
    ObjectExpression: ({ properties }) => {
      for (const property of properties) if (property.type === 'Property') note(property.key, seen);
    },
    Literal: ({ value }) => {
      if (typeof value === 'string') seen.add(value);
    },
  }).visit(parsed(file, text));
}

function collectTypes(file: string, text: string, seen: Set<string>): void {
  new Visitor({
    TSPropertySignature: ({ key }) => note(key, seen),
    TSMethodSignature: ({ key }) => note(key, seen),
  }).visit(parsed(file, text));
}

function note(key: PropertyKey, names: Set<string>): void {
  if (key.type === 'Identifier') names.add(key.name);
}

function parsed(file: string, text: string): Program {
  const { program, errors } = parseSync(file, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${file} does not parse: ${error.message}`);
  return program;
}
