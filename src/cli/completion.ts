// `vouch completion`: prints what a shell needs to complete commands, options and their values. All of it comes from the tables that
// parse command lines, so that it knows what they know.

import { UsageError } from '../base/errors.ts';
import { quote } from '../config/spelling.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { type CompletedCommand, completionScript, SHELLS } from './completion-scripts.ts';

/**
 * `vouch completion`.
 * @param commands  Those of `vouch`, this one among them.
 */
export function completionCommand(
  commands: ReadonlyMap<string, () => Promise<{ readonly command: Command }>>,
): Command {
  return defineCommand(
    {
      command: 'vouch completion',
      sentence: 'Prints what bash, zsh or fish needs to complete vouch.',
      usage: [SHELLS.join('|')],
      operands: ['SHELL'],
      operandWords: { SHELL: SHELLS },
      options: {},
      examples: [
        { line: 'source <(vouch completion bash)', sentence: 'For this shell; in ~/.bashrc for every one.' },
        { line: 'source <(vouch completion zsh)', sentence: 'The same in ~/.zshrc, after compinit.' },
        {
          line: 'vouch completion fish > ~/.config/fish/completions/vouch.fish',
          sentence: 'For every fish from now on.',
        },
      ],
      notes: ['A newer version of Vouch may have more to complete: print it again.'],
    },
    async (_, [word = '']) => {
      const shell = SHELLS.find((known) => known === word);
      if (shell === undefined) {
        throw new UsageError(
          'invalid-argument',
          `SHELL is ${SHELLS.slice(0, -1).join(', ')} or ${SHELLS.at(-1)}; got ${quote(word)}.`,
        );
      }
      process.stdout.write(completionScript(shell, await completedCommands(commands)));
      return EXIT.ok;
    },
  );
}

async function completedCommands(
  commands: ReadonlyMap<string, () => Promise<{ readonly command: Command }>>,
): Promise<readonly CompletedCommand[]> {
  const loaded = await Promise.all([...commands.values()].map(async (load) => (await load()).command));
  const parts = await Promise.all(loaded.map(async (command) => await withParts(command)));
  const names = loaded.map(({ name, sentence }) => ({ name, sentence }));
  const help = { name: 'help', sentence: 'Shows the help page.' };
  const version = { name: 'version', sentence: 'Prints the version.' };
  const plain = { options: [], operands: [], commands: [] };
  const COMMAND = { name: 'COMMAND', choices: names.map(({ name }) => name) };
  return [
    { ...plain, path: '', sentence: '', commands: [...names, help, version] },
    ...parts.flat(),
    { ...plain, path: help.name, sentence: help.sentence, operands: [COMMAND] },
    { ...plain, path: version.name, sentence: version.sentence },
  ];
}

/** The command, and those that it is made of. */
async function withParts(command: Command): Promise<readonly CompletedCommand[]> {
  const { options, operands, commands } = await command.outline();
  const parts = commands.map(({ name, sentence }) => ({ name: name.replace(`${command.name} `, ''), sentence }));
  const nested = await Promise.all(commands.map(async (part) => await withParts(part)));
  const { name: path, sentence } = command;
  return [{ path, sentence, options: Object.entries(options), operands, commands: parts }, ...nested.flat()];
}
