// `vouch connect`: a console at which one publishes, subscribes and looks at the session. On a terminal it has a prompt, and what comes
// appears above it, so that a line that is being typed stays whole; elsewhere the lines of standard input are a script.

import { createInterface, type Interface } from 'node:readline';
import { styleText } from 'node:util';

import { OperationError, UsageError } from '../base/errors.ts';
import { visible } from '../base/visible.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { tellConnection } from './connection-news.ts';
import {
  CONNECTION_OPTIONS,
  type ConnectionOptions,
  type ConnectionValues,
  clientOptions,
  connectClient,
  placeOf,
} from './connection-options.ts';
import { commandNamed, completions } from './console-commands.ts';
import { Desk, sayingLog } from './console-desk.ts';
import { verboseFormat, withoutControls } from './message-format.ts';
import { stopSignal } from './stop-signal.ts';
import { splitLine, wordAtEnd } from './typed-line.ts';

const NAME = 'vouch connect';

const OPTIONS: ConnectionOptions = CONNECTION_OPTIONS;

/** `vouch connect`. */
export const command: Command = defineCommand(
  {
    command: NAME,
    sentence: 'Opens a console: publish, subscribe, look at the session.',
    usage: ['[URL] [options]'],
    operands: ['[URL]'],
    options: OPTIONS,
    readsDefaults: true,
    examples: [
      { line: 'vouch connect', sentence: 'To the broker on this machine; "help" says what can be typed.' },
      { line: 'vouch connect mqtts://anna@broker.example -P secret', sentence: 'To another one, as somebody.' },
      { line: "printf 'subscribe a/#\\nwait 5\\n' | vouch connect", sentence: 'What is no terminal is a script.' },
    ],
    notes: ['Exit codes: 0 ended as asked, 1 no connection, or a line of the script failed, 2 called wrongly.'],
  },
  converse,
);

async function converse(values: ConnectionValues, [url]: readonly string[]): Promise<number> {
  if (url !== undefined && values.url !== undefined) {
    throw new UsageError('invalid-option', 'URL and -L do not go together: choose one.');
  }
  const meant = { ...values, url: url ?? values.url };
  const stop = stopSignal();
  const options = clientOptions(meant);
  const place = placeOf(meant);
  const screen = process.stdin.isTTY && process.stdout.isTTY ? new PromptScreen(place) : new PlainScreen();
  const say = (text: string): void => screen.show(Buffer.from(`${text}\n`));
  const log = sayingLog(say, values.debug);
  const desk = new Desk({
    options,
    connect: async (wanted) => {
      const client = await connectClient(NAME, wanted, meant, stop, log);
      tellConnection(client, log, values.disableCleanSession);
      return client;
    },
    say,
    print: (bytes) => screen.show(bytes),
    format: verboseFormat(true, (topic) => styleText('cyan', withoutControls(topic), { stream: process.stdout })),
    changed: () => screen.setState(desk.state),
  });
  try {
    await desk.open();
    return await screen.run(desk, stop);
  } finally {
    screen.close();
    await desk.close();
  }
}

/** Runs a line; what is wrong with it is thrown. */
async function obey(desk: Desk, line: string): Promise<'go on' | 'quit'> {
  const split = splitLine(line);
  if (split.kind === 'open') throw new UsageError('invalid-argument', `A second ${split.mark} is missing.`);
  const [name, ...words] = split.words;
  if (name === undefined || name.startsWith('#')) return 'go on';
  if (name === 'quit' || name === 'exit') return 'quit';
  await commandNamed(name).run(desk, words);
  return 'go on';
}

/** Somebody wants all of it to end, whatever is waited for. */
function untilStopped(stop: AbortSignal): Promise<'quit'> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve('quit');
    stop.addEventListener('abort', () => resolve('quit'), { once: true });
  });
}

/** What is wrong, for the user; a bug is thrown on. */
function problemText(error: unknown): string {
  if (error instanceof UsageError || error instanceof OperationError) {
    // A line for each problem.
    return error.message.split('\n').map(visible).join('\n');
  }
  // Such as an option's value: it has a sentence for people, too.
  if (error instanceof Error && error.name === 'BadValue') return `It ${error.message}.`;
  throw error;
}

/** Where messages and answers appear, and lines come from. */
interface Screen {
  show(bytes: Uint8Array): void;
  setState(state: Desk['state']): void;
  /** Until there are no more lines; yields the exit code. */
  run(desk: Desk, stop: AbortSignal): Promise<number>;
  close(): void;
}

/** A script. The first line that fails ends it. */
class PlainScreen implements Screen {
  show(bytes: Uint8Array): void {
    process.stdout.write(bytes);
  }

  setState(): void {
    // There is no prompt to say so.
  }

  async run(desk: Desk, stop: AbortSignal): Promise<number> {
    let number = 0;
    const lines = createInterface({ input: process.stdin, signal: stop });
    for await (const line of lines) {
      number++;
      try {
        if ((await Promise.race([obey(desk, line), untilStopped(stop)])) === 'quit') break;
      } catch (error) {
        process.stderr.write(`${NAME}: Line ${number}: ${problemText(error)}\n`);
        return error instanceof OperationError ? EXIT.failure : EXIT.usage;
      }
    }
    return EXIT.ok;
  }

  close(): void {
    process.stdin.destroy();
  }
}

/** A prompt on a terminal. */
class PromptScreen implements Screen {
  private readonly place: string;
  private readonly history: string[];
  private lines: Interface | undefined;
  /** The prompt is there, and somebody may be typing. */
  private isAsking: boolean;
  /** Stops waiting for the command that runs. */
  private giveUp: () => void;

  constructor(place: string) {
    this.place = place;
    this.history = [];
    this.lines = undefined;
    this.isAsking = false;
    this.giveUp = () => undefined;
  }

  /** Above the prompt: the line that is being typed is taken away, and written again below. */
  show(bytes: Uint8Array): void {
    const { lines } = this;
    if (lines === undefined || !this.isAsking) {
      process.stdout.write(bytes);
      return;
    }
    const { rows } = lines.getCursorPos();
    const up = rows > 0 ? `\x1b[${rows}A` : '';
    const endsLine = bytes.at(-1) === 0x0a ? '' : '\n';
    process.stdout.write(`\r${up}\x1b[0J`);
    process.stdout.write(bytes);
    // Written again, the line begins as many rows higher as its cursor was down.
    process.stdout.write(`${endsLine}${'\n'.repeat(rows)}`);
    lines.prompt(true);
  }

  setState(state: Desk['state']): void {
    const { lines } = this;
    if (lines === undefined) return;
    lines.setPrompt(this.promptText(state));
    if (this.isAsking) lines.prompt(true);
  }

  async run(desk: Desk, stop: AbortSignal): Promise<number> {
    const lines = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: true,
      removeHistoryDuplicates: true,
      completer: (line: string): [string[], string] => {
        const { before, word } = wordAtEnd(line);
        const found = completions(desk, before, word);
        const [only] = found;
        return [found.length === 1 && only !== undefined ? [`${only} `] : [...found], word];
      },
    });
    this.lines = lines;
    this.setState(desk.state);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const finish = (): void => resolve(EXIT.ok);
    let running = Promise.resolve();
    lines.on('line', (line) => {
      this.isAsking = false;
      running = running.then(() => this.answer(desk, line, finish)).catch(reject);
    });
    // As in a shell: what is waited for, or a line that was begun, is given up first.
    lines.on('SIGINT', () => {
      if (!this.isAsking) this.giveUp();
      else if (lines.line === '') finish();
      else for (const name of ['e', 'u']) lines.write(null, { ctrl: true, name });
    });
    lines.on('close', finish);
    stop.addEventListener('abort', finish, { once: true });
    process.stdout.write(`Connected to ${this.place}. "help" says what can be typed.\n`);
    this.ask();
    return await promise;
  }

  close(): void {
    const wasAsking = this.isAsking;
    this.isAsking = false;
    this.lines?.close();
    if (wasAsking) process.stdout.write('\n');
  }

  private async answer(desk: Desk, line: string, finish: () => void): Promise<void> {
    const trimmed = line.trim();
    if (trimmed === 'history') process.stdout.write(this.history.map((each) => `${each}\n`).join(''));
    else {
      try {
        const { promise: givenUp, reject } = Promise.withResolvers<never>();
        this.giveUp = () => reject(new OperationError('closed', 'Not waited for any longer.'));
        if ((await Promise.race([obey(desk, trimmed), givenUp])) === 'quit') {
          finish();
          return;
        }
      } catch (error) {
        process.stdout.write(`${styleText('red', problemText(error), { stream: process.stdout })}\n`);
      }
    }
    if (trimmed !== '') this.history.push(trimmed);
    this.ask();
  }

  private ask(): void {
    this.isAsking = true;
    // What was typed meanwhile stays, and the cursor behind it.
    this.lines?.prompt(true);
  }

  private promptText(state: Desk['state']): string {
    const word = state === 'connected' ? '' : ` (${state === 'closed' ? 'disconnected' : state})`;
    return `${this.place}${word}> `;
  }
}
