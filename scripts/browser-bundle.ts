// The client for browsers as it is published: one door, minified, and beside it a file for each thing that few pages need, which is loaded
// with its use. `npm pack` has it in the package (build.ts); the tests bundle programs with it as whoever has installed the package would.
//
// Small is what a page feels: fields without a value are not declared first, members that nobody outside sees get short names
// (member-names.ts), and what esbuild has put together is gone over again by terser.

import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { build, type BuildOptions, type Metafile, type OutputFile, type Plugin } from 'esbuild';
import { minify } from 'terser';

import { hiddenMembers } from './member-names.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const SOURCE = 'src/exports/client-browser.ts';

/** The file of the published client that others import. */
const DOOR = 'client.js';
/** Classes whose instances applications see; what else they are given are plain objects, and interfaces. */
const HANDED_OUT = new Set(['UsageError', 'OperationError', 'ProtocolError', 'AssertionError']);
/** What the language and the web declare. */
const PLATFORM = 'node_modules/@typescript/*/lib/lib.{es,dom}*.d.ts';

/** Modules that only servers run. */
const OF_SERVERS = new Set(['decode-connect', 'decode-subscribe', 'opening'].map((name) => `src/packet/${name}.ts`));

/** A file of a bundle. */
export interface BundledFile {
  /** How the page asks for it, such as `page.js`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const OPTIONS = {
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2023',
  chunkNames: '[name]-[hash]',
  outdir: path.join(ROOT, 'dist', 'bundle'),
  legalComments: 'none',
  write: false,
  metafile: true,
  logLevel: 'error',
} as const satisfies BuildOptions;

let published: Promise<readonly BundledFile[]> | undefined;

/** The files of the published client; made once. Source maps are among them. */
export function publishedClient(): Promise<readonly BundledFile[]> {
  published ??= makeClient();
  return published;
}

async function makeClient(): Promise<readonly BundledFile[]> {
  const options = {
    ...OPTIONS,
    absWorkingDir: ROOT,
    ignoreAnnotations: true,
    entryPoints: [{ in: SOURCE, out: path.parse(DOOR).name }],
  };
  // Its files say which names there are.
  const { metafile } = await build(options);
  const { outputFiles } = await build({
    ...options,
    ...shorter(Object.keys(metafile.inputs)),
    plugins: [hints(lateFiles(metafile))],
    sourcemap: 'external',
  });
  const texts = new Map(outputFiles.map(({ path: file, text }) => [path.basename(file), text]));
  const files: BundledFile[] = [];
  for (const [name, text] of texts) {
    if (name.endsWith('.map')) continue;
    const map = `${name}.map`;
    const { code = '', map: sourceMap } = await minify(
      { [name]: text },
      {
        module: true,
        ecma: 2020,
        compress: { passes: 2, pure_getters: true },
        sourceMap: { content: texts.get(map) ?? '', url: map, filename: name },
      },
    );
    const told = typeof sourceMap === 'string' ? sourceMap : JSON.stringify(sourceMap);
    files.push({ name, bytes: Buffer.from(code) }, { name: map, bytes: Buffer.from(told) });
  }
  return files;
}

/** What is loaded on use. */
function lateFiles({ inputs }: Metafile): ReadonlySet<string> {
  const imports = Object.values(inputs).flatMap((input) => input.imports);
  return new Set(imports.filter(({ kind }) => kind === 'dynamic-import').map((each) => path.join(ROOT, each.path)));
}

/**
 * Puts two things into the sources that esbuild cannot see.
 * What decodes packets that only servers receive is empty: it is never reached, since a client's decoder has refused their first byte.
 * And a file that is loaded on use imports the door, which is there by then: esbuild makes a file for each set of modules that the same
 * files need, and so one for all that the door has.
 */
function hints(late: ReadonlySet<string>): Plugin {
  const door = JSON.stringify(path.join(ROOT, SOURCE));
  return {
    name: 'what esbuild cannot see',
    setup: (bundle) => {
      bundle.onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
        const text = readFileSync(file, 'utf8');
        if (OF_SERVERS.has(path.relative(ROOT, file))) return { contents: emptied(text), loader: 'ts' };
        return { contents: late.has(file) ? `${text}\nimport ${door};\n` : text, loader: 'ts' };
      });
    },
  };
}

/** A module with the same exports, and nothing in them. */
function emptied(text: string): string {
  const names = Array.from(text.matchAll(/^export (?:const|function) (\w+)/gm), ([, name = '']) => name);
  return names.map((name) => `export const ${name} = undefined;`).join('\n');
}

/** How esbuild makes less of files of ours than it would by itself. */
function shorter(inputs: readonly string[]): Pick<BuildOptions, 'mangleProps' | 'tsconfigRaw'> {
  const names = hiddenMembers({
    bundled: inRoot(inputs),
    typed: inRoot(globSync('src/**/*.ts', { cwd: ROOT, exclude: ['**/*.test.ts'] })),
    platform: inRoot(globSync(PLATFORM, { cwd: ROOT })),
    handedOut: HANDED_OUT,
  });
  return {
    mangleProps: new RegExp(`^(?:${names.join('|')})$`),
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  };
}

function inRoot(files: readonly string[]): readonly string[] {
  return files.map((file) => path.join(ROOT, file));
}

/**
 * Bundles a program with the published client, as a bundler does for whoever has installed the package.
 * @param program  Its text; it may import `vouch/client`.
 * @returns The program as `page.js`, and what it loads when it is needed.
 */
export async function bundleForBrowser(program: string): Promise<readonly BundledFile[]> {
  const { outputFiles } = await build({ ...pageOf(program), plugins: [withClient(await publishedClient())] });
  return filesOf(outputFiles);
}

/**
 * Bundles sources, treated as those of the published client are, with a program that looks into them.
 * @param standIns  Files in place of modules that browsers do not have.
 */
export async function bundleSources(
  program: string,
  standIns: Readonly<Record<string, string>>,
): Promise<readonly BundledFile[]> {
  // Tests are there for their side effects, which package.json says that nothing has.
  const options = { ...pageOf(program), alias: { ...standIns }, ignoreAnnotations: true };
  const { metafile } = await build(options);
  const sources = Object.keys(metafile.inputs).filter((file) => file.startsWith('src/'));
  const { outputFiles } = await build({ ...options, ...shorter(sources) });
  return filesOf(outputFiles);
}

function pageOf(program: string): typeof OPTIONS & Pick<BuildOptions, 'stdin' | 'entryNames' | 'absWorkingDir'> {
  return {
    ...OPTIONS,
    absWorkingDir: ROOT,
    stdin: { contents: program, resolveDir: ROOT, sourcefile: 'page.ts', loader: 'ts' },
    entryNames: 'page',
  };
}

function filesOf(outputFiles: readonly OutputFile[]): readonly BundledFile[] {
  return outputFiles.map(({ path: file, contents }) => ({ name: path.basename(file), bytes: contents }));
}

/** Has `vouch/client` be the published one. */
function withClient(files: readonly BundledFile[]): Plugin {
  const namespace = 'published';
  return {
    name: 'vouch/client as it is published',
    setup: (bundle) => {
      const at = (name: string): { path: string; namespace: string; sideEffects: boolean } => ({
        path: name,
        namespace,
        sideEffects: false, // As package.json says.
      });
      bundle.onResolve({ filter: /^vouch\/client$/ }, () => at(DOOR));
      bundle.onResolve({ filter: /^\.\//, namespace }, ({ path: name }) => at(path.basename(name)));
      bundle.onLoad({ filter: /./, namespace }, ({ path: name }) => ({
        contents: files.find((file) => file.name === name)?.bytes ?? '',
        loader: 'js',
      }));
    },
  };
}

/**
 * The files that are loaded with a file of a bundle: it, and what it imports without being asked.
 * @returns In no particular order.
 */
export function loadedWith(name: string, files: readonly BundledFile[]): readonly BundledFile[] {
  const found = new Set<BundledFile>();
  const wanted = [name];
  for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
    const file = files.find((each) => each.name === next);
    if (file === undefined || found.has(file)) continue;
    found.add(file);
    const text = new TextDecoder().decode(file.bytes);
    for (const [, imported = ''] of text.matchAll(/\b(?:from|import)\s*["']\.\/([^"']+)["']/g)) wanted.push(imported);
  }
  return Array.from(found);
}
