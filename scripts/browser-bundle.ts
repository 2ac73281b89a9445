// What a page loads of `vouch/client`: a program of a page and everything that it imports, as a bundler makes it for browsers, minified.
// What is loaded when it is needed stays apart.

import path from 'node:path';
import { build } from 'esbuild';

const ROOT = path.resolve(import.meta.dirname, '..');

/** A file of a bundle. */
export interface BundledFile {
  /** How the page asks for it, such as `page.js`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Bundles a program.
 * @param program  Its text; it may import `vouch/client`.
 * @param standIns  Files in place of modules that browsers do not have.
 * @returns The program as `page.js`, and what it loads when it is needed.
 */
export async function bundleForBrowser(
  program: string,
  standIns: Readonly<Record<string, string>> = {},
): Promise<readonly BundledFile[]> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: ROOT, sourcefile: 'page.ts', loader: 'ts' },
    outdir: path.join(ROOT, 'page'),
    entryNames: 'page',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    conditions: ['vouch-source'],
    alias: { ...standIns },
    // Tests are there for their side effects, which package.json says that nothing has.
    ignoreAnnotations: Object.keys(standIns).length > 0,
    legalComments: 'none',
    write: false,
    logLevel: 'error',
  });
  return outputFiles.map(({ path: file, contents }) => ({ name: path.basename(file), bytes: contents }));
}
