// One raw connection in a check's hands, whichever side opened it: bytes go out as they are, frames come in one by one,
// and each wait has an end. What nobody waited for stays until somebody looks: nothing that came is ever overlooked.

import { FrameSplitter, type Frame } from '../wire/frame.ts';
import { type Received, read } from '../wire/read.ts';
import type { PacketName } from '../wire/types.ts';
import type { Level } from '../wire/write.ts';
import type { Pipe } from '../../test/support/dial.ts';
import { demand, fault } from './fault.ts';
import type { Transcript } from './transcript.ts';

/** How long to wait, in milliseconds. */
export interface Patience {
  /** For what must come. */
  readonly answer: number;
  /** For what must not come and cannot be flushed out. */
  readonly quiet: number;
}

/** A raw connection. */
export class Line {
  readonly level: Level;
  readonly patience: Patience;
  private readonly pipe: Pipe;
  private readonly number: number;
  private readonly transcript: Transcript;
  private readonly splitter: FrameSplitter;
  private readonly frames: Frame[];
  private isOver: boolean;
  private wake: () => void;

  constructor(pipe: Pipe, level: Level, number: number, transcript: Transcript, patience: Patience) {
    this.pipe = pipe;
    this.level = level;
    this.number = number;
    this.transcript = transcript;
    this.patience = patience;
    this.splitter = new FrameSplitter();
    this.frames = [];
    this.isOver = false;
    this.wake = () => undefined;
    const { stream } = pipe;
    stream.on('data', (chunk: Buffer) => {
      for (const frame of this.splitter.push(chunk)) {
        transcript.received(number, frame);
        this.frames.push(frame);
      }
      this.wake();
    });
    // A reset is an end like another: what counts is whether it was due.
    stream.on('error', () => undefined);
    const end = (): void => {
      if (this.isOver) return;
      this.isOver = true;
      transcript.noted(number, 'the other side closed');
      this.wake();
    };
    stream.on('end', end);
    stream.on('close', end);
  }

  /** Whether the other side has closed. */
  get isClosed(): boolean {
    return this.isOver;
  }

  /** Sends bytes as they are, in one piece. */
  send(...parts: readonly Uint8Array[]): void {
    for (const part of parts) {
      this.transcript.sent(this.number, part);
      this.pipe.stream.write(part);
    }
  }

  /** The next frame, not read yet. */
  async nextFrame(): Promise<Frame> {
    const frame = await this.frameWithin(this.patience.answer);
    if (frame !== undefined) return frame;
    if (this.isOver) throw fault('The connection was closed where an answer was due.');
    throw fault(`No answer came within ${this.patience.answer} ms.`);
  }

  /** The next packet, whatever it is. */
  async next(): Promise<Received> {
    return read(await this.nextFrame(), this.level);
  }

  /**
   * The next packet, which must be of that kind.
   * @throws {Fault} when it is another one, when none comes, when the connection ends.
   */
  async expect(kind: PacketName): Promise<Received> {
    const received = await this.next();
    demand(received.kind === kind, `${say(received)} came where ${kind.toUpperCase()} was due.`);
    return received;
  }

  /**
   * The next packet that is no PUBLISH, which must be of that kind. A broker may send messages before it answers
   * (section 3.8.4): they wait for whoever looks next.
   */
  async expectPastPublish(kind: PacketName): Promise<Received> {
    const passed: Frame[] = [];
    try {
      for (;;) {
        const frame = await this.nextFrame();
        const received = read(frame, this.level);
        if (received.kind === 'publish') {
          passed.push(frame);
          continue;
        }
        demand(received.kind === kind, `${say(received)} came where ${kind.toUpperCase()} was due.`);
        return received;
      }
    } finally {
      this.frames.unshift(...passed);
    }
  }

  /** The next packet; `undefined`: the connection ended instead. */
  async peek(): Promise<Received | undefined> {
    const frame = await this.peekFrame();
    return frame === undefined ? undefined : read(frame, this.level);
  }

  /** The same, not read: it may be of any version. */
  async peekFrame(): Promise<Frame | undefined> {
    const frame = await this.frameWithin(this.patience.answer);
    demand(frame !== undefined || this.isOver, `Neither an answer nor the end came within ${this.patience.answer} ms.`);
    return frame;
  }

  /** Looks at a packet that may come within the time for silence; `undefined`: none did. */
  async peekQuietly(): Promise<Received | undefined> {
    const frame = await this.frameWithin(this.patience.quiet);
    return frame === undefined ? undefined : read(frame, this.level);
  }

  /** Demands that nothing comes within the time for silence, and that the connection stays. */
  async expectSilence(): Promise<void> {
    const received = await this.peekQuietly();
    demand(received === undefined, `${received === undefined ? '' : say(received)} came where nothing was due.`);
    demand(!this.isOver, 'The connection was closed where nothing was due.');
  }

  /**
   * Demands that the other side closes, saying nothing before but DISCONNECT, and that only in 5.0.
   * @returns that DISCONNECT.
   */
  async expectClosed(): Promise<Received | undefined> {
    let farewell: Received | undefined;
    for (;;) {
      const frame = await this.frameWithin(this.patience.answer);
      if (frame === undefined) break;
      const received = read(frame, this.level);
      demand(
        received.kind === 'disconnect' && this.level === 5,
        `${say(received)} came where the connection had to be closed.`,
      );
      demand(farewell === undefined, 'DISCONNECT came twice.');
      farewell = received;
    }
    demand(this.isOver, `The connection was not closed within ${this.patience.answer} ms.`);
    return farewell;
  }

  /** As `expectClosed`; in 5.0 a DISCONNECT, where one comes, has one of these reason codes. */
  async expectClosedWith(...reasonCodes: readonly number[]): Promise<void> {
    const farewell = await this.expectClosed();
    if (farewell === undefined) return;
    const hex = (code: number): string => `0x${code.toString(16).padStart(2, '0')}`;
    demand(
      reasonCodes.includes(farewell.reasonCode),
      `DISCONNECT said ${hex(farewell.reasonCode)}; due was ${reasonCodes.map(hex).join(' or ')}.`,
    );
  }

  /** Closes this side in order: FIN. */
  close(): void {
    this.transcript.noted(this.number, 'closes');
    this.pipe.stream.end();
  }

  /** Lets the connection go without a word: RST. */
  cut(): void {
    this.transcript.noted(this.number, 'cuts the connection');
    this.pipe.cut();
  }

  /** The play is over: lets go of the connection. */
  drop(): void {
    this.pipe.stream.destroy();
  }

  private async frameWithin(milliseconds: number): Promise<Frame | undefined> {
    const until = performance.now() + milliseconds;
    for (;;) {
      const frame = this.frames.shift();
      if (frame !== undefined || this.isOver) return frame;
      const left = until - performance.now();
      if (left <= 0) return undefined;
      await this.waitAtMost(left);
    }
  }

  private waitAtMost(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Codes in a few words; `-`: none. */
export function sayCodes(codes: readonly (number | undefined)[]): string {
  return codes.map((code) => (code === undefined ? '-' : `0x${code.toString(16).padStart(2, '0')}`)).join(' ');
}

/** A packet in a few words. */
export function say(received: Received): string {
  const kind = (received.kind ?? 'reserved').toUpperCase();
  const codes =
    received.kind === 'disconnect' || received.kind === 'connack'
      ? ` 0x${received.reasonCode.toString(16).padStart(2, '0')}`
      : '';
  return `${kind}${codes}`;
}
