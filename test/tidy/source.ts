// One source file as the rules of tidy see it: its imports, exports, comments and calls, each with its
// line. Everything comes from a real parser, so that a word in a string or a comment is never taken for
// code, nor the other way round. It judges nothing.

import type { Comment, ParseResult } from 'oxc-parser';
import { parseSync, Visitor } from 'oxc-parser';

/** One import or re-export of another module, or a module of Node.js that is asked for by `process.getBuiltinModule`. */
export interface Import {
  /** As written; `undefined` when it is computed at run time. */
  readonly specifier: string | undefined;
  /** Whether it is gone when the types are. */
  readonly typesOnly: boolean;
  readonly line: number;
}

/** One declaration that other files can import. */
export interface Exported {
  readonly name: string;
  readonly isDefault: boolean;
  /** Whether a docstring stands immediately above it. */
  readonly hasDocstring: boolean;
  readonly line: number;
}

/** A piece of text at a line: a comment, or a mention such as `Date.now`. */
export interface Mention {
  readonly text: string;
  readonly line: number;
}

/** A source file, taken apart. */
export interface Source {
  /** From the root of the checkout, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lineCount: number;
  /** The words of the `//` comment that opens the file; '' if none does. */
  readonly header: string;
  readonly imports: readonly Import[];
  readonly exported: readonly Exported[];
  /** Whether it has statements, and all of them only pass other files' exports on. */
  readonly onlyReexports: boolean;
  readonly comments: readonly Mention[];
  /** Members of plain names, such as `Date.now` or `console.log`, and `new Date()`. */
  readonly members: readonly Mention[];
}

/**
 * Takes a file apart.
 * @throws {Error} when it does not parse.
 */
export function readSource(path: string, text: string): Source {
  const result = parseSync(path, text);
  const [error] = result.errors;
  if (error !== undefined) throw new Error(`${path} does not parse: ${error.message}`);
  const lineAt = lineFinder(text);
  const body = result.program.body;
  return {
    path,
    text,
    lineCount: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    header: headerOf(text, result.comments),
    imports: importsOf(result, text, lineAt),
    exported: exportedOf(result, text, lineAt),
    onlyReexports: body.length > 0 && body.every(isReexport),
    comments: result.comments.map((comment) => ({ text: comment.value, line: lineAt(comment.start) })),
    members: membersOf(result, lineAt),
  };
}

type LineAt = (offset: number) => number;

function lineFinder(text: string): LineAt {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => starts.findLastIndex((start) => start <= offset) + 1;
}

/** The run of `//` lines with which the file begins, after `#!`. */
function headerOf(text: string, comments: readonly Comment[]): string {
  const words: string[] = [];
  let end = text.startsWith('#!') ? text.indexOf('\n') : 0;
  for (const comment of comments) {
    const between = text.slice(end, comment.start);
    if (comment.type !== 'Line' || between.trim() !== '' || between.split('\n').length > 2) break;
    words.push(comment.value.trim());
    end = comment.end;
  }
  return words.join(' ');
}

function importsOf(result: ParseResult, text: string, lineAt: LineAt): Import[] {
  const imports: Import[] = [];
  for (const { moduleRequest, entries, start } of result.module.staticImports) {
    const typesOnly = entries.length > 0 && entries.every((entry) => entry.isType);
    imports.push({ specifier: moduleRequest.value, typesOnly, line: lineAt(start) });
  }
  for (const { entries, start } of result.module.staticExports) {
    const specifier = entries[0]?.moduleRequest?.value;
    if (specifier === undefined) continue;
    imports.push({ specifier, typesOnly: entries.every((entry) => entry.isType), line: lineAt(start) });
  }
  for (const { moduleRequest, start } of result.module.dynamicImports) {
    const literal = /^(['"])(.*)\1$/.exec(text.slice(moduleRequest.start, moduleRequest.end));
    imports.push({ specifier: literal?.[2], typesOnly: false, line: lineAt(start) });
  }
  new Visitor({
    TSImportType(node) {
      imports.push({ specifier: node.source.value, typesOnly: true, line: lineAt(node.start) });
    },
    CallExpression({ callee, arguments: [name], start }) {
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return;
      if (callee.property.name !== 'getBuiltinModule') return;
      const specifier = name?.type === 'Literal' && typeof name.value === 'string' ? name.value : undefined;
      imports.push({ specifier, typesOnly: false, line: lineAt(start) });
    },
  }).visit(result.program);
  return imports;
}

function exportedOf(result: ParseResult, text: string, lineAt: LineAt): Exported[] {
  const exported: Exported[] = [];
  for (const statement of result.program.body) {
    if (statement.type !== 'ExportNamedDeclaration' && statement.type !== 'ExportDefaultDeclaration') continue;
    const isDefault = statement.type === 'ExportDefaultDeclaration';
    if (statement.declaration === null) {
      for (const { exported: as } of statement.type === 'ExportNamedDeclaration' ? statement.specifiers : []) {
        const name = as.type === 'Literal' ? as.value : as.name;
        if (name === 'default')
          exported.push({ name, isDefault: true, hasDocstring: true, line: lineAt(statement.start) });
      }
      continue;
    }
    const name = isDefault ? 'default' : (nameOf(text.slice(statement.declaration.start)) ?? '?');
    // Of an overloaded function, the first signature carries the docstring.
    if (exported.at(-1)?.name === name) continue;
    const hasDocstring = result.comments.some(
      (comment) =>
        comment.type === 'Block' &&
        comment.value.startsWith('*') &&
        comment.end <= statement.start &&
        /^\n?[ \t]*$/.test(text.slice(comment.end, statement.start).replace('\r', '')),
    );
    exported.push({ name, isDefault, hasDocstring, line: lineAt(statement.start) });
  }
  return exported;
}

/** The name that a declaration declares; the first one of several. */
function nameOf(declaration: string): string | undefined {
  const words = /^(?:declare\s+|abstract\s+|async\s+)*(?:function\s*\*?|class|const|let|var|type|interface)\s+([\w$]+)/;
  return words.exec(declaration)?.[1];
}

function isReexport(statement: ParseResult['program']['body'][number]): boolean {
  if (statement.type === 'ExportAllDeclaration' || statement.type === 'ImportDeclaration') return true;
  return statement.type === 'ExportNamedDeclaration' && statement.declaration === null;
}

function membersOf(result: ParseResult, lineAt: LineAt): Mention[] {
  const members: Mention[] = [];
  new Visitor({
    MemberExpression(node) {
      if (node.object.type !== 'Identifier' || node.computed || node.property.type !== 'Identifier') return;
      members.push({ text: `${node.object.name}.${node.property.name}`, line: lineAt(node.start) });
    },
    NewExpression(node) {
      if (node.callee.type !== 'Identifier' || node.callee.name !== 'Date' || node.arguments.length > 0) return;
      members.push({ text: 'new Date()', line: lineAt(node.start) });
    },
  }).visit(result.program);
  return members;
}
