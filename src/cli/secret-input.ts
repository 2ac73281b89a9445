// A password that somebody types without its being shown, or that comes from a pipe or a file: never from the command line, which
// everybody on the machine can read. A line break at its end is not part of it.

import { readFileSync } from 'node:fs';

import { OperationError, UsageError } from '../base/errors.ts';

/** How a password is asked for. */
export interface SecretRequest {
  /** The file that has it; `undefined`: it is typed, or standard input has it. */
  readonly file: string | undefined;
  /** What is asked on a terminal: `Password of anna`. */
  readonly prompt: string;
  /** It is typed twice, since nobody sees it. */
  readonly isNew: boolean;
}

const [CTRL_C, CTRL_D, BACKSPACE, DELETE, CTRL_U] = ['\u0003', '\u0004', '\b', '\u007f', '\u0015'];

/**
 * Asks for a password.
 * @throws {UsageError} `invalid-argument`: it is empty, or was typed differently the second time.
 * @throws {OperationError} `file-unavailable`, or `closed` for Ctrl-C.
 */
export async function readSecret({ file, prompt, isNew }: SecretRequest): Promise<Uint8Array> {
  const secret = file !== undefined ? readFile(file) : process.stdin.isTTY ? await typed(prompt) : await piped();
  if (secret.length === 0) throw new UsageError('invalid-argument', 'The password is empty.');
  if (!isNew || file !== undefined || !process.stdin.isTTY) return secret;
  if (Buffer.compare(secret, await typed(`${prompt} again`)) === 0) return secret;
  throw new UsageError('invalid-argument', 'The two passwords are not the same: nothing was changed.');
}

function readFile(file: string): Uint8Array {
  try {
    return withoutLineBreak(readFileSync(file));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperationError('file-unavailable', `The password cannot be read: ${reason}.`, undefined, {
      cause: error,
    });
  }
}

async function piped(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return withoutLineBreak(Buffer.concat(chunks));
}

function withoutLineBreak(bytes: Buffer): Uint8Array {
  if (bytes.at(-1) !== 0x0a) return bytes;
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1);
}

/** What is typed up to the end of the line. The terminal shows nothing of it, and is as before afterwards. */
async function typed(prompt: string): Promise<Uint8Array> {
  const { stdin, stderr } = process;
  stdin.setRawMode(true); // Before somebody is asked, who may be quick.
  stderr.write(`${prompt}: `);
  stdin.setEncoding('utf8');
  try {
    let characters: string[] = [];
    for (;;) {
      const text = await nextText();
      for (const character of text) {
        if (character === '\r' || character === '\n' || character === CTRL_D) return Buffer.from(characters.join(''));
        if (character === CTRL_C) throw new OperationError('closed', 'Stopped; nothing was changed.');
        if (character === CTRL_U) characters = [];
        else if (character === BACKSPACE || character === DELETE) characters.pop();
        else characters.push(character);
      }
    }
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}

function nextText(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  process.stdin.once('data', (text) => resolve(String(text)));
  process.stdin.once('end', () => resolve(String.fromCharCode(4)));
  process.stdin.resume();
  return promise;
}
