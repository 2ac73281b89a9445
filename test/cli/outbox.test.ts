// `vouch pub --outbox` as a process: what it has once put on disk arrives exactly once and in order, whatever becomes of the network, the
// broker or the process itself.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { ClientProcess, type Ended } from './client-process.ts';
import { Door, FORBIDDEN } from './door.ts';
import { Witness } from './witness.ts';

/** A door, a directory for the outbox, and somebody who sees what gets through. */
class Place {
  readonly door: Door;
  readonly witness: Witness;
  readonly outbox: string;
  private readonly context: TestContext;

  private constructor(context: TestContext, door: Door, witness: Witness, folder: string) {
    this.context = context;
    this.door = door;
    this.witness = witness;
    this.outbox = path.join(folder, 'outbox');
  }

  static async make(context: TestContext): Promise<Place> {
    const folder = await mkdtemp(path.join(tmpdir(), 'vouch-outbox-'));
    context.after(() => rm(folder, { recursive: true }));
    const door = await (await Door.hang(context)).open();
    return new Place(context, door, await Witness.call(context, door), folder);
  }

  pub(...args: readonly string[]): ClientProcess {
    return new ClientProcess(this.context, ['pub', '--outbox', this.outbox, ...this.door.args, ...args]);
  }

  /** Publishes the lines of its standard input. */
  lines(...args: readonly string[]): ClientProcess {
    return this.pub('-t', 'lines', '-l', ...args);
  }
}

/** The lines `<name> 0`, `<name> 1`, ... */
function numbered(name: string, count: number): string {
  return Array.from({ length: count }, (_, index) => `${name} ${index}\n`).join('');
}

function assertEnded({ code, stderr }: Ended, expected: number, says = /(?:)/): void {
  assert.equal(code, expected, stderr);
  assert.match(stderr, says);
}

test('lines read without a broker outlive SIGKILL, and go first at the next start, exactly once and in order', async (context) => {
  const place = await Place.make(context);
  const { door, witness } = place;
  door.cut();
  const first = place.lines('-d');
  first.child.stdin.write(numbered('first', 300));
  await first.says('Lines in the outbox: 300.');
  await first.signal('SIGKILL').end();

  await door.open();
  const second = await place.lines().input(numbered('second', 100)).end();
  assertEnded(second, 0, /^vouch pub: 300 messages of an earlier run go first\.\n$/);
  assert.equal((await witness.sees('second 99\n')).seen, numbered('first', 300) + numbered('second', 100));
});

test('SIGKILL in the midst of sending: the next start sends the rest, and nothing comes twice', async (context) => {
  const place = await Place.make(context);
  const { door, witness } = place;
  door.cut();
  const first = place.lines('-d').input(numbered('line', 5_000));
  await first.says('Lines in the outbox: 5000.');
  await door.open();
  await witness.sees('line 0\n');
  await first.signal('SIGKILL').end();
  assertEnded(await place.pub().end(), 0, /messages of an earlier run go first/);
  assert.equal((await witness.sees('line 4999\n')).seen, numbered('line', 5_000));
});

test('a network that breaks and a broker that is started again cost no line', async (context) => {
  const place = await Place.make(context);
  const { door, witness } = place;
  const publisher = place.lines();
  publisher.child.stdin.write(numbered('a', 100));
  await witness.sees('a 99\n');
  door.cut();
  await publisher.says('Trying again.');
  publisher.child.stdin.write(numbered('b', 100));
  await door.open();
  await publisher.says('Connected again.');
  await witness.sees('b 99\n');
  await door.shut();
  publisher.input(numbered('c', 100));
  await door.open();
  assertEnded(await publisher.end(), 0);
  await witness.sees('c 99\n');
  assert.equal(witness.seen, numbered('a', 100) + numbered('b', 100) + numbered('c', 100));
});

test('when the input ends without a broker, it says so and waits', async (context) => {
  const place = await Place.make(context);
  place.door.cut();
  const publisher = await place.lines().input('1\n2\n').says('2 messages wait for the broker');
  await place.door.open();
  assertEnded(await publisher.end(), 0, /Connected\.\n$/);
});

test('Ctrl-C without a broker: what was read stays, it says how much, and ends with exit code 1', async (context) => {
  const place = await Place.make(context);
  const { door, witness } = place;
  door.cut();
  const publisher = place.lines('-d');
  publisher.child.stdin.write('1\n2\n3\nhalf a li');
  await publisher.says('Lines in the outbox: 3.');
  const ended = await publisher.signal('SIGINT').end();
  assertEnded(ended, 1, /vouch pub: 3 messages stay in the outbox ".+"; the next start sends them\.\n$/);
  await door.open();
  assertEnded(await place.pub().end(), 0);
  assert.equal((await witness.sees('3\n')).seen, '1\n2\n3\n');
});

test('Ctrl-C with a broker: what was read is sent, with exit code 0', async (context) => {
  const place = await Place.make(context);
  const publisher = place.lines();
  publisher.child.stdin.write('1\n');
  await place.witness.sees('1\n');
  assertEnded(await publisher.signal('SIGTERM').end(), 0, /^$/);
});

test('an empty outbox has nothing to wait for', async (context) => {
  const place = await Place.make(context);
  assertEnded(await place.pub().end(), 0, /^$/);
});

test('one message and all of standard input are kept as lines are', async (context) => {
  const place = await Place.make(context);
  assertEnded(await place.pub('-t', 'a', '-m', 'text').end(), 0);
  assertEnded(await place.pub('-t', 'a', '-s', '-q', '1').input('in\nput').end(), 0);
  assert.equal((await place.witness.sees('put\n')).seen, 'text\nin\nput\n');
});

test('what the broker refuses is told and leaves the outbox, with exit code 1, also when an earlier run has left it', async (context) => {
  const place = await Place.make(context);
  place.door.cut();
  const first = await place.pub('-t', FORBIDDEN, '-m', 'x').says('1 message waits for the broker');
  await first.signal('SIGKILL').end();
  await place.door.open();
  const second = await place.pub('-t', 'allowed', '-m', 'x').end();
  assertEnded(second, 1, /refused the message to "forbidden": .+\nvouch pub: 1 message was not delivered\.\n$/);
  assertEnded(await place.pub().end(), 0, /^$/);
});

test('two processes cannot have one outbox', async (context) => {
  const place = await Place.make(context);
  const first = place.lines('-d');
  first.child.stdin.write('1\n');
  await first.says('Lines in the outbox: 1.');
  assertEnded(
    await place.pub().end(),
    1,
    /^vouch pub: The data directory .+ is in use by another process\. .+ another directory\.\n$/,
  );
});

test('an outbox is that of one client identifier', async (context) => {
  const place = await Place.make(context);
  assertEnded(await place.pub('-i', 'one').end(), 0);
  assertEnded(await place.pub('-i', 'other').end(), 2, /is that of client "one"/);
  assertEnded(await place.pub().end(), 0);
});

test('a directory that cannot be made is a failure in one line', async (context) => {
  const place = await Place.make(context);
  await writeFile(place.outbox, 'a file');
  assertEnded(
    await place.lines().input('1\n').end(),
    1,
    /^vouch pub: .+ a file of that name is there; .+ another directory .+\n$/,
  );
});

test('called wrongly, it says what is wrong, before the directory is touched', async (context) => {
  const place = await Place.make(context);
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['-t', 'a', '-m', 'x', '-q', '0'], /--outbox needs -q 1 or -q 2/],
    [['-m', 'x'], /-t TOPIC/],
    [['-t', 'a'], /-m TEXT, -n, -f FILE, -s or -l/],
    [['--outbox', ''], /takes the path of a directory/],
  ];
  await Promise.all(cases.map(async ([args, message]) => assertEnded(await place.pub(...args).end(), 2, message)));
  assert.equal(existsSync(place.outbox), false);
});
