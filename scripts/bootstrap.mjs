// Runs a command of this checkout, and installs what it needs first: `npm start`, `npm test` and the
// other scripts of package.json all come through here.
// Vouch runs as TypeScript on Node.js 24 or newer. Where the machine's Node.js is older, the checkout
// brings its own as the npm package `node`; so this file is plain JavaScript for Node.js 20 and uses no
// package. A stamp in node_modules says what was installed: it is written after everything worked, and
// removed before anything is touched, so an interrupted install is done again and a finished one never.
// What it says to people goes to stderr: stdout belongs to the command.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const MODULES = path.join(ROOT, 'node_modules');
const STAMP = path.join(MODULES, '.vouch-installed');
const OWN_NODE = path.join(MODULES, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** npm, as the process that runs this script calls it; without one, what is first on PATH. */
const NPM =
  process.env.npm_node_execpath !== undefined && process.env.npm_execpath !== undefined
    ? [process.env.npm_node_execpath, process.env.npm_execpath]
    : ['npm'];

/** What the scripts of package.json ask for. `asTyped`: paths in the arguments are meant from where they were typed. */
const TARGETS = {
  install: undefined,
  start: { file: 'src/cli/main.ts', args: ['start'], asTyped: true },
  vouch: { file: 'src/cli/main.ts', args: [], asTyped: true },
  test: { file: 'scripts/check.ts', args: ['--all'], asTyped: false },
  check: { file: 'scripts/check.ts', args: [], asTyped: false },
  bench: { file: 'bench/run.ts', args: [], asTyped: false },
  'bench:client': { file: 'bench/client.ts', args: [], asTyped: false },
  'bench:durable': { file: 'bench/durable.ts', args: [], asTyped: false },
  'bench:generators': { file: 'bench/generators.ts', args: [], asTyped: false },
  'bench:kept': { file: 'bench/kept.ts', args: [], asTyped: false },
  'bench:passwords': { file: 'bench/passwords.ts', args: [], asTyped: false },
  'bench:restart': { file: 'bench/restart.ts', args: [], asTyped: false },
  'bench:security': { file: 'bench/security.ts', args: [], asTyped: false },
  'bench:steady': { file: 'bench/steady.ts', args: [], asTyped: false },
  crash: { file: 'test/crash/run.ts', args: [], asTyped: true },
  conformance: { file: 'conformance/main.ts', args: [], asTyped: true },
  'conformance:peers': { file: 'conformance/peers.ts', args: [], asTyped: false },
  sim: { file: 'sim/main.ts', args: [], asTyped: false },
  fuzz: { file: 'fuzz/main.ts', args: [], asTyped: false },
  soak: { file: 'soak/main.ts', args: [], asTyped: false },
  build: { file: 'scripts/build.ts', args: [], asTyped: false },
  docs: { file: 'scripts/docs.ts', args: [], asTyped: false },
};

/** What npm's errors mean to somebody who wants to run a broker. */
const NPM_ERRORS = [
  {
    pattern: /EAI_AGAIN|ENOTFOUND|ENETUNREACH|EHOSTUNREACH|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT/,
    advice:
      'The npm registry cannot be reached from here. The first start needs it once; later starts need no network.',
  },
  {
    pattern: /_CERT|CERT_|SELF_SIGNED/,
    advice: 'The connection to the npm registry is not trusted. Behind a proxy: npm config set cafile FILE',
  },
  {
    pattern: /ENOSPC/,
    advice: 'The disk is full. The packages take about 350 MB, and half of that again in the cache of npm.',
  },
  {
    pattern: /EACCES|EPERM|EROFS/,
    advice: 'This user may not write there. Use a folder of your own, or give the rights to this one.',
  },
  {
    pattern: /EINTEGRITY/,
    advice:
      'A package is not the one that package-lock.json names. Try `npm cache clean --force` once; if it stays, do not trust that registry.',
  },
  {
    pattern: /EUSAGE/,
    advice:
      'package.json and package-lock.json do not agree. After an edit of package.json: npm install && npm run complete-lock',
  },
  {
    pattern: /E404|EBADPLATFORM|ETARGET/,
    advice:
      'The registry lacks a package for this machine. With a Node.js of version 24 or newer first on PATH, none has to be brought.',
  },
];

await main(process.argv[2], process.argv.slice(3));

async function main(name, args) {
  if (!Object.hasOwn(TARGETS, name))
    fail(`There is no command '${name}'.`, `Use one of: ${Object.keys(TARGETS).join(', ')}.`);
  const target = TARGETS[name];

  const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const isNewEnough = majorOf(process.versions.node) >= majorOf(manifest.engines.node.replace('>=', ''));
  // Running on the Node.js in node_modules says nothing about what the machine has.
  const needsOwnNode = !isNewEnough || process.execPath.startsWith(MODULES + path.sep);
  const hash = hashOfWhatIsInstalled(manifest);
  if (!isInstalled(hash, needsOwnNode)) await install(manifest, hash, needsOwnNode);
  if (target === undefined) return;

  const file = path.join(ROOT, target.file);
  // npm runs every script in the root of the checkout.
  if (target.asTyped && process.env.INIT_CWD !== undefined) process.chdir(process.env.INIT_CWD);
  if (isNewEnough) {
    process.argv = [process.execPath, file, ...target.args, ...args];
    await import(pathToFileURL(file).href);
  } else {
    await runInOwnNode([file, ...target.args, ...args]);
  }
}

function majorOf(version) {
  return Number.parseInt(version, 10);
}

/** The dependencies as asked for and as locked, on this kind of machine. */
function hashOfWhatIsInstalled({ dependencies, devDependencies, optionalDependencies, overrides, allowScripts }) {
  const asked = JSON.stringify([dependencies, devDependencies, optionalDependencies, overrides, allowScripts]);
  const locked = readFileSync(path.join(ROOT, 'package-lock.json'));
  return createHash('sha256').update(`${process.platform} ${process.arch}\n${asked}\n`).update(locked).digest('hex');
}

function isInstalled(hash, needsOwnNode) {
  if (!existsSync(STAMP)) return false;
  const [installed, node] = readFileSync(STAMP, 'utf8').split('\n');
  return installed === hash && (node === 'with node' || !needsOwnNode);
}

/** Installs everything, and returns only if that worked. */
async function install(manifest, hash, needsOwnNode) {
  const started = performance.now();
  tell(`Vouch: installing its packages${existsSync(STAMP) ? ' again, since they changed' : ''} ...`);
  rmSync(STAMP, { force: true });

  const { code, signal, output } = await npmCi(needsOwnNode);
  if (signal !== null) {
    tell('Vouch: the install was interrupted; the next start does it again.');
    process.exit(128 + constants.signals[signal]);
  }
  if (code !== 0) {
    const known = NPM_ERRORS.find(({ pattern }) => pattern.test(output));
    fail(
      `Vouch could not install its packages: \`npm ci\` ended with code ${code} in ${ROOT}`,
      known?.advice ?? 'The words of npm are above.',
      'Then run the same command again; nothing outside node_modules was changed.',
    );
  }
  if (needsOwnNode) checkOwnNode(manifest.devDependencies.node);

  writeFileSync(STAMP, `${hash}\n${needsOwnNode ? 'with node' : 'without node'}\n`);
  tell(`Vouch: installed in ${secondsSince(started)}.`);
}

/** Runs `npm ci`, shows what it complains about, and on a terminal that time passes. */
function npmCi(needsOwnNode) {
  const flags = ['--include=dev', '--prefer-offline', '--loglevel=error', '--no-audit', '--no-fund'];
  // Somebody waits in front of it: give up after seconds, not after minutes.
  flags.push('--fetch-retries=3', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000');
  // The only install script that is allowed brings Node.js: 120 MB that a new enough machine need not fetch.
  if (!needsOwnNode) flags.push('--ignore-scripts');

  return new Promise((resolve) => {
    // A process group of its own, so that it can be ended at once with all that it started: npm would finish first.
    const child = spawn(NPM[0], [...NPM.slice(1), 'ci', ...flags], {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let interrupted = null;
    const stopListening = onSignals((signal) => {
      // A Ctrl-C may come twice: from the terminal, and passed on by the npm that runs this script.
      if (interrupted !== null) return;
      interrupted = signal;
      process.kill(-child.pid, 'SIGKILL');
    });
    const started = performance.now();
    const ticker = setInterval(() => process.stderr.isTTY && process.stderr.write(`\r${secondsSince(started)} `), 1000);
    let output = '';
    const hear = (text) => {
      output += text;
      process.stderr.write(text);
    };
    const settle = (code, signal) => {
      stopListening();
      clearInterval(ticker);
      if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
      resolve({ code, signal: interrupted ?? signal, output });
    };
    child.stderr.setEncoding('utf8').on('data', hear);
    child.once('error', (error) => {
      hear(`${error.message}\n`);
      settle(1, null);
    });
    child.once('close', settle);
  });
}

/** Checks that the Node.js that came is the pinned one and runs here. */
function checkOwnNode(pinned) {
  const found = spawnSync(OWN_NODE, ['--version'], { encoding: 'utf8' }).stdout?.trim();
  if (found === `v${pinned}`) return;
  const state = found ? `is ${found}` : existsSync(OWN_NODE) ? 'does not run on this machine' : 'is missing';
  const ignoresScripts =
    spawnSync(NPM[0], [...NPM.slice(1), 'config', 'get', 'ignore-scripts'], {
      cwd: ROOT,
      encoding: 'utf8',
    }).stdout?.trim() === 'true';
  fail(
    `Vouch needs Node.js ${pinned}, which comes as the npm package \`node\`, but what came ${state}: ${OWN_NODE}`,
    ignoresScripts
      ? 'npm is set to run no install scripts, and that package unpacks itself in one. To allow it once: npm_config_ignore_scripts=false npm start'
      : 'That package is made for Linux (glibc), macOS and Windows.',
    'Or put a Node.js of version 24 or newer first on PATH, and run the same command again: then none has to be brought.',
  );
}

/** Runs a file under the Node.js of this checkout, and ends as it ends. */
async function runInOwnNode(args) {
  const child = spawn(OWN_NODE, args, { stdio: 'inherit' });
  const stopForwarding = onSignals((signal) => child.kill(signal));
  const [code, signal] = await new Promise((resolve) => {
    child.once('error', (error) =>
      fail(`Vouch could not run ${OWN_NODE}: ${error.message}`, 'Delete node_modules and run the same command again.'),
    );
    child.once('close', (...ending) => resolve(ending));
  });
  stopForwarding();
  if (signal === null) process.exit(code);
  process.kill(process.pid, signal);
}

/** Listens to what ends a process; the function that comes back ends that. */
function onSignals(listener) {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}

function secondsSince(started) {
  return `${((performance.now() - started) / 1000).toFixed(0)} s`;
}

function tell(line) {
  process.stderr.write(`${line}\n`);
}

function fail(what, ...advice) {
  tell(['', what, ...advice.map((line) => `  ${line}`)].join('\n'));
  process.exit(1);
}
