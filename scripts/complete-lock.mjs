// Adds to package-lock.json the optional packages of other platforms that npm left out. Run it after
// every `npm install` that changed a version.
// Tools like Biome and oxlint ship one package per platform. npm writes into the lock file only those
// that the registry at hand could describe (a mirror may carry Linux alone), and `npm ci` then refuses
// the very lock file that npm wrote. Names and exact versions stand in it all the same, under
// `optionalDependencies`, and a package's name says its platform: so the rows can be written down
// without asking anybody. They have no `integrity`; npm adds that where it can fetch the package.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const OPERATING_SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];
const C_LIBRARIES = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' };

/**
 * Adds the missing rows to a lock file's content, in npm's own order.
 * @param lock  package-lock.json, parsed; not written to.
 * @returns The completed content, and what was added to it.
 * @throws {Error} when a missing package's name does not say for which platform it is.
 */
export function completeLock(lock) {
  const packages = { ...lock.packages };
  const added = [];
  for (const [location, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (packages[`${location}/node_modules/${name}`] ?? packages[`node_modules/${name}`]) continue;
      packages[`node_modules/${name}`] = rowOf(name, version, entry.dev === true);
      added.push(`${name}@${version}`);
    }
  }
  const rows = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { lock: { ...lock, packages: Object.fromEntries(rows) }, added };
}

function rowOf(name, version, dev) {
  const words = name.split('/').at(-1).split('-');
  const os = words.filter((word) => OPERATING_SYSTEMS.includes(word));
  const cpu = words.filter((word) => PROCESSORS.includes(word));
  const libc = words.flatMap((word) => C_LIBRARIES[word] ?? []);
  if (os.length !== 1 || !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
    throw new Error(
      `${name}@${version} is missing in package-lock.json, and its name does not say for which platform it is: add it by hand.`,
    );
  }
  // npm's order of keys: the version, then the alphabet.
  return {
    version,
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(dev ? { dev } : {}),
    ...(libc.length > 0 ? { libc } : {}),
    optional: true,
    os,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = new URL('../package-lock.json', import.meta.url);
  const { lock, added } = completeLock(JSON.parse(readFileSync(file, 'utf8')));
  if (added.length > 0) writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`);
  console.log(
    added.length === 0 ? 'package-lock.json is complete.' : `Added to package-lock.json: ${added.join(', ')}.`,
  );
}
