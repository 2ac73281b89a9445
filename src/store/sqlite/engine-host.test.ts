import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';

import { millis } from '../../base/millis.ts';
import type { Message } from '../../packet/message.ts';
import { NO_MESSAGE_PROPERTIES } from '../../packet/properties.ts';
import { ChangeWriter } from './change-writer.ts';
import { type DataDirectory, dataDirectory } from './data-directory.ts';
import { temporaryDirectory } from './directory.fixture.ts';
import { type Engine, ENGINE_TUNING } from './engine.ts';
import { EngineHost } from './engine-host.ts';
import type { ExecutorOptions } from './executor.ts';
import { type OpenDirectory, openDirectory } from './open-directory.ts';
import { type FaultKind, StoreFault } from './store-fault.ts';

const SIZE = { messagesMax: 10, bytesMax: 1_000_000 };
const MESSAGE: Message = {
  topic: 'a',
  payload: new Uint8Array(10_000),
  qos: 1,
  retain: false,
  properties: NO_MESSAGE_PROPERTIES,
  expiresAt: undefined,
};

/** A host over a real engine, whose turns and faults are in the hands of a test, and what it told. */
class Hosting {
  readonly directory: DataDirectory;
  readonly host: EngineHost;
  readonly told: string[] = [];
  /** What the host has opened. */
  held: OpenDirectory | undefined;
  private readonly tasks: (() => void)[] = [];

  constructor(path: string, options: Partial<ExecutorOptions> = {}, change?: (opened: OpenDirectory) => OpenDirectory) {
    this.directory = dataDirectory(path);
    const chosen = { path, reserveBytes: 65_536, bytesMax: 0, synchronous: 'full', tuning: ENGINE_TUNING } as const;
    const tell = (what: string): void => void this.told.push(what);
    this.host = new EngineHost(
      { ...chosen, ...options },
      {
        found: () => tell('found'),
        opening: () => {},
        opened: () => tell('opened'),
        refused: ({ code }) => tell(`refused ${code}`),
        committed: () => tell('committed'),
        page: (page) => tell(page === undefined ? 'no page' : 'page'),
        full: (isFull) => tell(`full ${isFull}`),
        failed: ({ code, message }) => tell(`failed ${code}: ${message}`),
        closed: () => tell('closed'),
      },
      {
        clock: { monotonic: () => millis(0), wall: () => millis(1_700_000_000_000) },
        later: (task) => this.tasks.push(task),
        openDirectory: (asked) => {
          const opened = openDirectory(asked);
          this.held = change?.(opened) ?? opened;
          return this.held;
        },
      },
    );
    this.host.open();
  }

  get engine(): Engine {
    assert.ok(this.held !== undefined);
    return this.held.engine;
  }

  /** Applies what the writer is told. */
  apply(change: (writer: ChangeWriter) => void): void {
    const writer = new ChangeWriter(false);
    change(writer);
    this.host.apply(writer.seal(new Uint8Array(1)));
  }

  /** Lets the work between batches be done. */
  turn(): void {
    for (const task of this.tasks.splice(0)) task();
  }

  takeTold(): string[] {
    return this.told.splice(0);
  }
}

/** A method that cannot do what it should. */
function faulty(kind: FaultKind): () => never {
  return () => {
    throw new StoreFault(kind, `The disk is ${kind}.`);
  };
}

/** A session that is owed a message. */
function oweOne(writer: ChangeWriter): void {
  const record = { key: 1, clientId: 'c', principal: undefined, expiryInterval: millis(1), disconnectedAt: undefined };
  writer.saveSession(record);
  owe(writer, 1);
}

function owe(writer: ChangeWriter, id: number): void {
  const recipients = [{ key: 1, qos: 1, retain: false, subscriptionIdentifiers: [], sharedFilter: '' }] as const;
  writer.append(id, MESSAGE, recipients, undefined);
}

function openNew(context: TestContext, options: Partial<ExecutorOptions> = {}): Hosting {
  const hosting = new Hosting(temporaryDirectory(context), options);
  assert.deepEqual(hosting.takeTold(), ['opened']);
  hosting.turn();
  return hosting;
}

/** Says that the disk failed while the store was in use, and that the next start is refused until somebody has looked. */
function assertFailed({ directory, told }: Hosting, expected: readonly string[]): void {
  assert.deepEqual(
    told.map((each) => each.replace(/: .*/, '')),
    expected,
  );
  assert.match(readFileSync(directory.failed, 'utf8'), /^2023-11-14T22:13:20.000Z The disk is failed\./);
  assert.deepEqual(new Hosting(directory.path).told, ['refused store-not-accepted']);
}

describe('a disk that fails', () => {
  it('is a failed store, whatever was being done', (context) => {
    for (const [method, act] of [
      ['apply', (hosting: Hosting) => hosting.apply(oweOne)],
      ['statistics', (hosting: Hosting) => hosting.apply(oweOne)],
      ['read', (hosting: Hosting) => hosting.host.read(1, 0, SIZE)],
    ] as const) {
      const hosting = openNew(context);
      hosting.engine[method] = faulty('failed');
      act(hosting);
      hosting.turn();
      hosting.apply(oweOne);
      hosting.host.read(1, 0, SIZE);
      hosting.host.tick();
      hosting.turn();
      hosting.host.close();
      assertFailed(hosting, ['failed store-failed', 'closed']);
    }
  });

  it('between batches is a failed store, after the batch was announced', (context) => {
    const hosting = openNew(context);
    hosting.engine.maintain = faulty('failed');
    hosting.apply(oweOne);
    hosting.turn();
    hosting.host.close();
    assertFailed(hosting, ['committed', 'failed store-failed', 'closed']);
  });

  it('while the store is closed is a failed store that is closed', (context) => {
    const hosting = openNew(context);
    const { engine } = hosting;
    engine.close = () => {
      engine.abandon();
      faulty('failed')();
    };
    hosting.host.close();
    assertFailed(hosting, ['failed store-failed', 'closed']);
  });

  it('while it was full is a failed store', (context) => {
    const hosting = openNew(context);
    hosting.engine.apply = faulty('full');
    hosting.engine.applyAgain = faulty('failed');
    hosting.apply(oweOne);
    hosting.host.close();
    assertFailed(hosting, ['full true', 'failed store-failed', 'closed']);
  });

  it('is told from a bug, which is thrown', (context) => {
    const hosting = openNew(context);
    hosting.engine.apply = () => assert.fail('a bug');
    assert.throws(() => hosting.apply(oweOne), /a bug/);
    assert.ok(!existsSync(hosting.directory.failed));
    hosting.host.abandon();
  });
});

describe('a full disk', () => {
  it('under a limit is got over: from the reserve while it is full, and then without it', (context) => {
    const hosting = openNew(context, { bytesMax: 400_000 });
    hosting.apply(oweOne);
    let last = 1;
    while (!hosting.told.includes('full true')) hosting.apply((writer) => owe(writer, ++last));
    assert.ok(last > 20 && last < 45, `${last} messages`);
    assert.equal(hosting.told.at(-1), 'committed');
    assert.ok(!existsSync(hosting.directory.reserve));
    hosting.takeTold();
    hosting.host.tick();
    assert.deepEqual(hosting.takeTold(), [], 'there is no room yet');
    hosting.apply((writer) => {
      for (let id = 1; id <= last; id++) writer.settle(1, id);
    });
    hosting.turn();
    hosting.host.tick();
    assert.deepEqual(hosting.takeTold(), ['committed', 'full false']);
    assert.ok(existsSync(hosting.directory.reserve));
    hosting.host.close();
    assert.deepEqual(hosting.takeTold(), ['closed']);
  });

  it('that takes all of the reserve is a failed store, which may be used again at once', (context) => {
    const hosting = openNew(context, { bytesMax: 400_000 });
    hosting.apply(oweOne);
    for (let id = 2; !hosting.told.some((each) => each.startsWith('failed')); id++) {
      hosting.apply((writer) => owe(writer, id));
    }
    const fullAt = hosting.told.indexOf('full true');
    assert.ok(hosting.told.length > fullAt + 2, 'some messages went into the reserve');
    assert.match(hosting.told.at(-1) ?? '', /^failed store-full: /);
    hosting.host.close();
    const next = new Hosting(hosting.directory.path);
    assert.deepEqual(
      next.told.filter((each) => each !== 'found'),
      ['opened'],
    );
    next.host.close();
  });

  it('lets the work between batches wait', (context) => {
    const hosting = openNew(context);
    const { engine } = hosting;
    const maintain = engine.maintain.bind(engine);
    engine.maintain = faulty('full');
    hosting.apply(oweOne);
    hosting.turn();
    hosting.turn();
    assert.deepEqual(hosting.takeTold(), ['committed', 'full true']);
    let slices = 0;
    engine.maintain = () => {
      slices++;
      return maintain();
    };
    hosting.turn();
    assert.equal(slices, 0);
    hosting.host.tick();
    hosting.turn();
    assert.ok(slices > 0);
    assert.deepEqual(hosting.takeTold(), ['full false']);
    hosting.host.close();
  });

  it('from the start is told when the store is open', (context) => {
    let isFull = true;
    const withoutReserve = (opened: OpenDirectory): OpenDirectory => ({
      ...opened,
      reserve: {
        get isHeld() {
          return !isFull;
        },
        release: () => {},
        regain: () => !isFull,
      },
    });
    const hosting = new Hosting(temporaryDirectory(context), {}, withoutReserve);
    hosting.host.tick();
    assert.deepEqual(hosting.takeTold(), ['opened', 'full true']);
    isFull = false;
    hosting.host.tick();
    assert.deepEqual(hosting.takeTold(), ['full false']);
    hosting.host.close();
  });

  it('while the store is closed does no harm', (context) => {
    const hosting = openNew(context);
    const { engine } = hosting;
    engine.close = () => {
      engine.abandon();
      faulty('full')();
    };
    hosting.host.close();
    assert.deepEqual(hosting.told, ['closed']);
  });
});

describe('a data directory', () => {
  it('that is in use is refused, and is free again when it is closed, abandoned or has failed', (context) => {
    const path = temporaryDirectory(context);
    for (const end of ['close', 'abandon'] as const) {
      const first = new Hosting(path);
      assert.deepEqual(new Hosting(path).told, ['refused store-in-use']);
      first.host[end]();
    }
    const next = new Hosting(path);
    assert.deepEqual(next.takeTold(), ['opened']);
    next.host.close();
  });

  it('that cannot be read back is refused, and let go of', (context) => {
    const path = temporaryDirectory(context);
    const damage = (open: OpenDirectory): OpenDirectory => {
      open.engine.recover = faulty('damaged');
      return open;
    };
    assert.deepEqual(new Hosting(path, {}, damage).told, ['refused store-damaged']);
    const next = new Hosting(path);
    assert.deepEqual(next.takeTold(), ['opened']);
    next.host.close();
  });
});

describe('work between batches', () => {
  it('is done in turns of its own while there is more, once however many batches there were', (context) => {
    const hosting = openNew(context);
    let slices = 0;
    hosting.engine.maintain = () => ++slices < 3;
    hosting.apply(oweOne);
    hosting.apply((writer) => owe(writer, 2));
    for (const expected of [1, 2, 3, 3]) {
      hosting.turn();
      assert.equal(slices, expected);
    }
    hosting.host.close();
  });

  it('is done between batches that leave no turn for it', (context) => {
    const hosting = openNew(context);
    let slices = 0;
    hosting.engine.maintain = () => {
      slices++;
      return false;
    };
    hosting.apply(oweOne);
    for (let id = 2; id <= 20; id++) hosting.apply((writer) => owe(writer, id));
    assert.equal(slices, 5);
    hosting.host.close();
  });
});
