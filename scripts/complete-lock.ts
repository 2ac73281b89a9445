// Adds to package-lock.json the optional packages of other platforms that npm left out. Run it after
// every `npm install` that changed a version: npm run complete-lock
// Tools like Biome and oxlint ship one package per platform. npm writes into the lock file only those
// that the registry at hand could describe (a mirror may carry Linux alone), and `npm ci` then refuses
// the very lock file that npm wrote. Names and exact versions stand in it all the same, under
// `optionalDependencies`, and a package's name says its platform: so the rows can be written down
// without asking anybody. They have no `integrity`; npm adds that where it can fetch the package.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const OPERATING_SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];
const C_LIBRARIES = new Map([
  ['gnu', 'glibc'],
  ['gnueabihf', 'glibc'],
  ['musl', 'musl'],
  ['musleabihf', 'musl'],
]);

/** A package in the lock file: what is read here of a row of it. */
export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** What is read here of package-lock.json. */
export interface Lock {
  /** By location, such as `node_modules/yaml`; the root is ''. */
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/**
 * Adds the missing rows, in npm's own order.
 * @returns The completed lock file, and what was added to it.
 * @throws {Error} when the name of a missing package does not say for which platform it is.
 */
export function completeLock(lock: Lock): { readonly lock: Lock; readonly added: readonly string[] } {
  const packages: Record<string, LockedPackage> = { ...lock.packages };
  const added: string[] = [];
  for (const [location, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if ((packages[`${location}/node_modules/${name}`] ?? packages[`node_modules/${name}`]) !== undefined) continue;
      packages[`node_modules/${name}`] = rowOf(name, version, entry.dev === true);
      added.push(`${name}@${version}`);
    }
  }
  const rows = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { lock: { ...lock, packages: Object.fromEntries(rows) }, added };
}

function rowOf(name: string, version: string, dev: boolean): LockedPackage {
  const words = name.replace(/^.*\//, '').split('-');
  const os = words.filter((word) => OPERATING_SYSTEMS.includes(word));
  const cpu = words.filter((word) => PROCESSORS.includes(word));
  const libc = words.flatMap((word) => C_LIBRARIES.get(word) ?? []);
  if (os.length !== 1 || !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
    throw new Error(`${name}@${version} is not in package-lock.json, and its name names no platform: add it by hand.`);
  }
  // npm's order of keys: the version, then the alphabet.
  return {
    version,
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(dev ? { dev } : {}),
    ...(libc.length > 0 ? { libc } : {}),
    optional: true,
    os,
  } as LockedPackage;
}

if (import.meta.main) {
  const file = path.resolve(import.meta.dirname, '..', 'package-lock.json');
  const { lock, added } = completeLock(JSON.parse(readFileSync(file, 'utf8')) as Lock);
  if (added.length > 0) writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`);
  console.log(
    added.length === 0 ? 'package-lock.json is complete.' : `Added to package-lock.json: ${added.join(', ')}.`,
  );
}
