#!/usr/bin/env node
// The `vouch` command: finds the command that is meant, runs it, and turns whatever ends it into one
// sentence on standard error and an exit code. Commands are loaded only when they are needed.

import { OperationError, UsageError } from '../base/errors.ts';
import { visible } from '../base/visible.ts';
import { nearest } from '../config/nearest.ts';
import { quote } from '../config/spelling.ts';
import { EXIT } from '../server/exit-codes.ts';
import { bugReport, endOnBug } from '../server/bug.ts';
import { readVersion } from '../server/version.ts';
import type { Command } from './command.ts';
import { definitionLines, heading, pageWidth } from './help-page.ts';

/** Every command, in the order of the list that `vouch --help` prints. */
const COMMANDS: ReadonlyMap<string, () => Promise<{ readonly command: Command }>> = new Map([
  ['start', () => import('./start.ts')],
  ['pub', () => import('./pub.ts')],
  ['sub', () => import('./sub.ts')],
  ['rr', () => import('./rr.ts')],
  ['connect', () => import('./connect.ts')],
  ['stats', () => import('./stats.ts')],
  ['bench', () => import('./bench.ts')],
  ['ctl', () => import('./ctl.ts')],
  ['store', () => import('./store.ts')],
  ['explain', () => import('./explain.ts')],
  ['rules', () => import('./rules.ts')],
  ['passwd', () => import('./passwd.ts')],
  ['certs', () => import('./certs.ts')],
  ['completion', async () => ({ command: (await import('./completion.ts')).completionCommand(COMMANDS) })],
]);

/** What a failed command left open keeps the process alive no longer than this. */
const LEFTOVERS_MILLIS_MAX = 1000;

process.exitCode = await main(process.argv.slice(2));
setTimeout(() => process.exit(), LEFTOVERS_MILLIS_MAX).unref();

async function main(args: readonly string[]): Promise<number> {
  const [first, ...rest] = args;
  process.stdout.on('error', leaveOnBrokenPipe);
  endOnBug(() => {});
  try {
    if (first === '--version' || first === 'version') return say(`vouch ${readVersion()}\n`);
    if (first === '--help' || first === '-h' || (first === 'help' && rest.length === 0)) return say(await overview());
    if (first === undefined) {
      process.stderr.write(await overview());
      return EXIT.usage;
    }
    if (first === 'help') return await (await load(rest[0] ?? '')).run(['--help']);
    return await (await load(first)).run(rest);
  } catch (error) {
    return await complain(error, args);
  }
}

function say(text: string): number {
  process.stdout.write(text);
  return EXIT.ok;
}

async function load(name: string): Promise<Command> {
  const found = COMMANDS.get(name);
  if (found !== undefined) return (await found()).command;
  const near = nearest(name, COMMANDS.keys());
  const known = near === undefined ? `the commands are ${[...COMMANDS.keys()].join(', ')}` : `did you mean ${near}?`;
  throw new UsageError('invalid-argument', `${quote(name)} is not a command; ${known}`);
}

async function overview(): Promise<string> {
  const width = pageWidth(process.stdout.columns);
  const commands = await Promise.all([...COMMANDS.values()].map(async (loadOne) => (await loadOne()).command));
  return [
    'Usage: vouch COMMAND [options]',
    '',
    'An MQTT broker and client whose acknowledgements are promises.',
    '',
    heading('Commands'),
    ...commands.flatMap((command) => definitionLines(command.name, command.sentence, width, 14)),
    '',
    heading('Options'),
    ...definitionLines('--help', "Show this page; after a command, that command's own.", width, 14),
    ...definitionLines('--version', 'Print the version.', width, 14),
    '',
    '"vouch COMMAND --help" shows everything about a command.',
    '',
  ].join('\n');
}

/** Says on standard error what ended the command, in the voice that fits whose fault it is. */
async function complain(error: unknown, args: readonly string[]): Promise<number> {
  const [command] = args;
  const name = command !== undefined && COMMANDS.has(command) ? `vouch ${command}` : 'vouch';
  if (error instanceof UsageError || error instanceof OperationError) {
    for (const line of error.message.split('\n')) process.stderr.write(`${name}: ${visible(line)}\n`);
    if (error instanceof OperationError) return EXIT.failure;
    process.stderr.write(`Try "${['vouch', ...(await meantBy(args))].join(' ')} --help".\n`);
    return EXIT.usage;
  }
  process.stderr.write(bugReport(error));
  return EXIT.bug;
}

/** The words that name the command that was meant: `ctl kick` is two. */
async function meantBy(args: readonly string[]): Promise<readonly string[]> {
  const [first = ''] = args;
  const found = COMMANDS.get(first);
  if (found === undefined) return [];
  let { command } = await found();
  for (const word of args.slice(1)) {
    const { commands } = await command.outline();
    const next = commands.find(({ name }) => name === `${command.name} ${word}`);
    if (next === undefined) break;
    command = next;
  }
  return command.name.split(' ');
}

/** Whoever read our output has gone (`vouch sub | head -1`): nobody is left to work for. */
function leaveOnBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.ok);
}
