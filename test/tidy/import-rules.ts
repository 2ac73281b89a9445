// The rules about who may import whom, from the table in rooms.ts. Each rule takes a file and yields a
// sentence per breach. A test beside a file belongs to its room, and may use a little more: Node.js,
// fast-check, and everything of the rooms below.

import { posix } from 'node:path';

import type { Permission, Room, RoomName } from '../../rooms.ts';
import { LOADED_BY, PURE_ROOMS, ROOMS } from '../../rooms.ts';
import type { Import, Source } from './source.ts';

/** Whether a file is there for tests only: a test, what generates values for one, or a program that one runs. */
export function isForTests(path: string): boolean {
  return /\.(test|arbitrary|fixture)\.ts$/.test(path);
}

/** The room that a file is in; `undefined` for files at the root and for declarations. */
export function roomOf(path: string): Room | undefined {
  const inside = ROOMS.filter((room) => path.startsWith(`${room.folder}/`));
  return inside.sort((a, b) => b.folder.length - a.folder.length)[0];
}

/** Every import stays within what the row of the room names. */
export function checkImports(source: Source): readonly string[] {
  const room = roomOf(source.path);
  if (room === undefined)
    return source.path.startsWith('src/') && !source.path.endsWith('.d.ts') ? [homeless(source)] : [];
  return source.imports.flatMap((each) => breachOf(source, room, each) ?? []);
}

function homeless(source: Source): string {
  return `${source.path} is in no room of rooms.ts: move it into one, or add the row.`;
}

function breachOf(source: Source, room: Room, each: Import): string | undefined {
  const { specifier } = each;
  const at = `${source.path}:${each.line}`;
  if (specifier === undefined) {
    if (!source.path.startsWith('src/')) return undefined;
    return `${at} imports a module whose name is computed, so nobody can see what ${room.name} imports.`;
  }
  if (specifier.startsWith('.'))
    return breachOfFile(source, room, each, posix.join(posix.dirname(source.path), specifier));
  if (specifier.startsWith('node:')) {
    const loader = LOADED_BY[specifier] ?? source.path;
    if (loader !== source.path && !each.typesOnly && source.path.startsWith('src/'))
      return `${at} imports ${specifier}, which ${loader} loads for everybody: import what it exports.`;
    if (allows(room.node, specifier) || isForTests(source.path)) return undefined;
    return `${at} imports ${specifier}, but ${room.name} may import ${listOf(room.node, 'no module of Node.js')}. ${tell(room)}`;
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  if (allows(room.packages, name) || (isForTests(source.path) && name === 'fast-check')) return undefined;
  return `${at} imports the package ${name}, but ${room.name} may import ${listOf(room.packages, 'no package')}. ${tell(room)}`;
}

function breachOfFile(source: Source, room: Room, each: Import, target: string): string | undefined {
  const at = `${source.path}:${each.line}`;
  if (isForTests(target) && !isForTests(source.path) && source.path.startsWith('src/')) {
    return `${at} imports ${target}, which is there for tests only.`;
  }
  const other = roomOf(target);
  if (other === undefined) {
    if (!source.path.startsWith('src/')) return undefined;
    return `${at} imports ${target}, which is outside of src/; nothing in src/ does that.`;
  }
  if (other.name === room.name || isPermitted(room.imports, other.name, each, target)) return undefined;
  if (other.name === 'cli') return `${at} imports ${target}, but nothing imports cli: it is the top.`;
  if (isForTests(source.path) && other.rank < room.rank) return undefined;
  const may = room.imports.length === 0 ? 'nothing' : `only ${sentenceList(room.imports.map(wordsOf))}`;
  return `${at} imports ${target}, but ${room.name} may import ${may}. ${tell(room)}`;
}

function isPermitted(permissions: readonly Permission[], other: RoomName, each: Import, target: string): boolean {
  if (permissions.includes(other)) return true;
  if (each.typesOnly && permissions.includes(`types of ${other}`)) return true;
  return permissions.some(
    (file) => file === target || (file === `contract of ${other}` && target === contractOf(other)),
  );
}

function contractOf(name: RoomName): string {
  return `src/${name}/contract.ts`;
}

function wordsOf(permission: Permission): string {
  return permission.replace('types of', 'the types of').replace('contract of', 'the contract of');
}

function allows(list: readonly string[] | 'any', name: string): boolean {
  return list === 'any' || list.includes(name);
}

function listOf(list: readonly string[] | 'any', none: string): string {
  return list === 'any' || list.length === 0 ? none : `only ${sentenceList(list)}`;
}

function tell(room: Room): string {
  const pure = PURE_ROOMS.includes(room.name) ? ' It is pure: no socket, timer, clock, disk or chance.' : '';
  return `${room.name} is: ${room.sentence}.${pure}`;
}

function sentenceList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}
