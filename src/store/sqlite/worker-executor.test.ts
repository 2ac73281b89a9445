import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ENGINE_TUNING } from './engine.ts';
import type { ExecutorOwner } from './executor.ts';
import { WorkerExecutor } from './worker-executor.ts';

/** A thread that does as its data directory is called, and what its owner was told, until it was told as much as was waited for. */
class Thread {
  readonly executor: WorkerExecutor;
  private readonly told: string[] = [];
  private wake: () => void = () => {};

  constructor(behaviour: string, file = './false-thread.fixture.ts') {
    this.executor = new WorkerExecutor(new URL(file, import.meta.url), {
      path: behaviour,
      reserveBytes: 0,
      bytesMax: 0,
      synchronous: 'full',
      tuning: ENGINE_TUNING,
    });
    const tell = (what: string): void => {
      this.told.push(what);
      this.wake();
    };
    const owner: ExecutorOwner = {
      found: () => tell('found'),
      opening: () => tell('opening'),
      opened: ({ messageIdMax }) => tell(`opened ${messageIdMax}`),
      refused: ({ code, message }) => tell(`refused ${code}: ${message}`),
      committed: (spent) => tell(`committed ${spent.join(' ')}`),
      page: (page) => tell(page === undefined ? 'no page' : 'page'),
      full: (isFull) => tell(`full ${isFull}`),
      failed: ({ code, message }) => tell(`failed ${code}: ${message}`),
      closed: () => tell('closed'),
    };
    this.executor.open(owner);
  }

  /** What the owner was told next. */
  async next(): Promise<string> {
    while (this.told.length === 0) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return this.told.shift() ?? '';
  }
}

const BY_ITSELF = "store-failed: The store's thread has ended by itself, so what it did is not known:";

describe('the thread of the durable store', () => {
  it('is asked in order, answers in order, and has ended when it is closed', async () => {
    const thread = new Thread('works');
    assert.equal(await thread.next(), 'opened 2');
    const batch = Uint8Array.of(9, 8, 7).subarray(1);
    thread.executor.apply(batch);
    assert.equal(batch.buffer.byteLength, 0, 'the buffer is given away');
    thread.executor.read(1, 0, { messagesMax: 1, bytesMax: 1 });
    thread.executor.close();
    assert.equal(await thread.next(), 'committed 8 7');
    assert.equal(await thread.next(), 'no page');
    assert.equal(await thread.next(), 'closed');
  });

  it('that is refused ends when it is closed', async () => {
    const thread = new Thread('is refused');
    assert.equal(await thread.next(), 'refused store-in-use: because');
    thread.executor.close();
    assert.equal(await thread.next(), 'closed');
  });

  it('that breaks down while it opens is refused', async () => {
    const thread = new Thread('throws at once');
    assert.equal(await thread.next(), `refused ${BY_ITSELF} no reason`);
    thread.executor.close();
    assert.equal(await thread.next(), 'closed');
  });

  it('that is not there is refused', async () => {
    const thread = new Thread('', './no-such-file.ts');
    assert.match(await thread.next(), /^refused store-failed: .*no-such-file/);
    thread.executor.close();
    assert.equal(await thread.next(), 'closed');
  });

  for (const [way, reason] of [
    ['throws', 'no reason'],
    ['exits', 'it did not say why'],
  ]) {
    it(`that ${way} is a failed store`, async () => {
      const thread = new Thread(`${way} at apply`);
      assert.equal(await thread.next(), 'opened 2');
      thread.executor.apply(Uint8Array.of(1));
      assert.equal(await thread.next(), `failed ${BY_ITSELF} ${reason}`);
      thread.executor.apply(Uint8Array.of(1));
      thread.executor.close();
      assert.equal(await thread.next(), 'closed');
    });

    it(`that ${way} while it closes is a failed store that is closed`, async () => {
      const thread = new Thread(`${way} at close`);
      assert.equal(await thread.next(), 'opened 2');
      thread.executor.close();
      assert.equal(await thread.next(), `failed ${BY_ITSELF} ${reason}`);
      assert.equal(await thread.next(), 'closed');
    });
  }
});
