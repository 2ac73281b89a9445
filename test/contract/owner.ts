// The owner of a connection under test: remembers what it was told, and can be waited for.

import type { NetworkHandler } from '../../src/transport/contract.ts';

/** An owner that remembers; `onChunk` is for a test that acts at that moment. */
export class Owner implements NetworkHandler {
  onChunk: (() => void) | undefined = undefined;
  readonly chunks: Buffer[] = [];
  readonly told: string[] = [];
  cause: Error | undefined = undefined;
  private wake: (() => void) | undefined = undefined;

  receive(bytes: Uint8Array, start: number, end: number): void {
    this.chunks.push(Buffer.from(bytes.slice(start, end)));
    this.onChunk?.();
    this.wake?.();
  }

  drained(): void {
    this.told.push('drained');
    this.wake?.();
  }

  closed(cause: Error | undefined): void {
    this.told.push('closed');
    this.cause = cause;
    this.wake?.();
  }

  received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** Waits until a claim about this owner holds; it is asked again whenever the owner is told something. */
  async until(claim: () => boolean): Promise<void> {
    while (!claim()) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  async untilReceived(byteCount: number): Promise<Buffer> {
    await this.until(() => this.chunks.reduce((sum, chunk) => sum + chunk.length, 0) >= byteCount);
    return this.received();
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.told.includes('closed'));
  }
}
