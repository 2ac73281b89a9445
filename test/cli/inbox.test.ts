// `vouch sub --inbox` as a process: what the broker has handed over is printed, whatever becomes of the network, the broker or the
// process itself; what is printed twice, because the process ended in that moment, has the same key both times.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { ClientProcess } from './client-process.ts';
import { Door } from './door.ts';

/** An open door, and a directory for the inbox. */
class Place {
  readonly door: Door;
  private readonly inbox: string;
  private readonly context: TestContext;

  private constructor(context: TestContext, door: Door, folder: string) {
    this.context = context;
    this.door = door;
    this.inbox = path.join(folder, 'inbox');
  }

  static async make(context: TestContext): Promise<Place> {
    const folder = await mkdtemp(path.join(tmpdir(), 'vouch-inbox-'));
    context.after(() => rm(folder, { recursive: true }));
    return new Place(context, await (await Door.hang(context)).open(), folder);
  }

  sub(...args: readonly string[]): ClientProcess {
    return new ClientProcess(this.context, ['sub', '--inbox', this.inbox, ...this.door.args, ...args]);
  }

  /** Starts it, and waits until it is subscribed. */
  async subscribed(...args: readonly string[]): Promise<ClientProcess> {
    return await this.sub('-d', '-t', 'lines', ...args).says('Subscribed to');
  }
}

/** The lines `<name> 0`, `<name> 1`, ... */
function numbered(name: string, count: number): string {
  return Array.from({ length: count }, (_, index) => `${name} ${index}\n`).join('');
}

/** Ends it with Ctrl-C; yields what it has printed. */
async function stop(subscriber: ClientProcess): Promise<string> {
  const { code, stdout, stderr } = await subscriber.signal('SIGINT').end();
  assert.equal(code, 0, stderr);
  return stdout.toString();
}

test('killed while it prints, it prints the rest at the next start; what comes twice has the same key', async (context) => {
  const place = await Place.make(context);
  const { door } = place;
  const lines = numbered('line', 3_000);
  const first = await place.subscribed('-F', '%k %p');
  const publishing = door.publish('lines', lines);
  await first.prints('line 100\n');
  const { stdout } = await first.signal('SIGKILL').end();
  await publishing;
  const second = await place.subscribed('-F', '%k %p');
  await second.prints('line 2999\n');
  const printed = stdout.toString().slice(0, stdout.lastIndexOf('\n') + 1) + (await stop(second));

  const byKey = new Map<number, string>();
  for (const line of printed.trimEnd().split('\n')) {
    const [key = '', ...words] = line.split(' ');
    const known = byKey.get(Number(key));
    assert.ok(known === undefined || known === words.join(' '));
    byKey.set(Number(key), words.join(' '));
  }
  assert.equal(Array.from(byKey.values(), (line) => `${line}\n`).join(''), lines);
  assert.deepEqual(
    Array.from(byKey.keys()),
    Array.from(byKey.keys()).sort((a, b) => a - b),
  );
});

test('what comes while it does not run is printed at the next start, once, under keys that go on', async (context) => {
  const place = await Place.make(context);
  const { door } = place;
  const first = await place.subscribed('-F', '%k %p');
  await door.publish('lines', 'before');
  await first.prints('before\n');
  const [key = ''] = (await stop(first)).split(' ');
  await door.publish('lines', 'meanwhile 1\nmeanwhile 2');
  const { code, stdout } = await place.sub('-t', 'lines', '-F', '%k %p', '-C', '2').end();
  assert.equal(code, 0);
  const keys = [...stdout.toString().matchAll(/^(\d+) meanwhile \d$/gm)].map(([, each]) => Number(each));
  assert.equal(keys.length, 2);
  assert.deepEqual(
    [Number(key), ...keys].toSorted((a, b) => a - b),
    [Number(key), ...keys],
  );
  assert.equal(new Set([Number(key), ...keys]).size, 3);
});

test('what -C left over is printed at the next start', async (context) => {
  const place = await Place.make(context);
  await stop(await place.subscribed());
  await place.door.publish('lines', '1\n2\n3\n4\n5');
  const first = await place.sub('-t', 'lines', '-C', '2').end();
  const second = await place.sub('-t', 'lines', '-C', '3').end();
  assert.deepEqual([first.code, second.code], [0, 0]);
  assert.equal(Buffer.concat([first.stdout, second.stdout]).toString(), '1\n2\n3\n4\n5\n');
});

test('a network that breaks and a broker that is started again cost no message', async (context) => {
  const place = await Place.make(context);
  const { door } = place;
  const subscriber = await place.subscribed();
  await door.publish('lines', numbered('a', 100));
  await subscriber.prints('a 99\n');
  await door.cut().publish('lines', numbered('b', 100));
  await door.open();
  await subscriber.prints('b 99\n');
  await door.shut();
  await subscriber.says('Trying again.');
  await door.open();
  await door.publish('lines', numbered('c', 100));
  await subscriber.prints('c 99\n');
  assert.equal(await stop(subscriber), numbered('a', 100) + numbered('b', 100) + numbered('c', 100));
});

test('it can be started before the broker, and Ctrl-C ends it there, too', async (context) => {
  const place = await Place.make(context);
  place.door.cut();
  const subscriber = await place.sub('-t', 'lines').says('Trying again.');
  assert.equal(await stop(subscriber), '');
});

test('a session that the broker has lost is told', async (context) => {
  const place = await Place.make(context);
  const subscriber = await place.subscribed();
  await place.door.replace();
  await subscriber.says('The broker has lost the session');
  await stop(subscriber);
});

test('two processes cannot have one inbox', async (context) => {
  const place = await Place.make(context);
  await place.subscribed();
  const { code, stderr } = await place.sub('-t', 'lines').end();
  assert.equal(code, 1);
  assert.match(stderr, /^vouch sub: The data directory .+ is in use by another process\. .+ another directory\.\n$/);
});

test('QoS 0, which is not stored, is refused', async (context) => {
  const place = await Place.make(context);
  const { code, stderr } = await place.sub('-t', 'lines', '-q', '0').end();
  assert.equal(code, 2);
  assert.match(stderr, /--inbox needs -q 1 or -q 2/);
});
