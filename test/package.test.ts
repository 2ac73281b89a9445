// What is published: packed as `npm publish` would pack it, installed in a project of its own, and used
// there as a stranger would. Nothing of this checkout is in reach of that project.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '..');
const PACKAGE: unknown = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));

const EMBED = `
  import { createBroker } from 'vouch';
  import { PacketDecoder, createTopicTable } from 'vouch/packet';

  const broker = createBroker();
  const listener = await broker.listen({ port: 0 });
  const { reasonCode } = await broker.publish('greetings/world', 'hello', { qos: 1, retain: true });
  await broker.close();
  new PacketDecoder({ receives: 'from-client', maximumPacketSize: 1024, version: undefined, topics: createTopicTable() });
  console.log(JSON.stringify({ port: listener.port, reasonCode }));
`;

/** A client whose outbox and inbox are on disk, beside the broker that it talks to. */
const CLIENT = `
  import { createBroker } from 'vouch';
  import { connect } from 'vouch/client';

  const broker = createBroker();
  const { url } = await broker.listen({ port: 0 });
  const client = await connect(url, { clientId: 'meter', store: './meter' });
  const readings = await client.subscribe('meter/#', { qos: 2 });
  const delivery = client.publish('meter/1', '4711', { qos: 2 });
  await delivery.stored;
  await delivery;
  for await (const { topic, payload } of readings) {
    console.log(topic, new TextDecoder().decode(payload));
    break;
  }
  await client.disconnect();
  await broker.close();
`;

/** A broker, and beside it a program with what bundlers for browsers get; Node.js has enough of the web to run that. */
const PAGE = `
  import { connect } from 'vouch/client';

  const client = await connect(process.argv[2]);
  const { reasonCode } = await client.publish('meter/1', '4711', { qos: 1 });
  await client.disconnect();
  console.log(import.meta.resolve('vouch/client').split('/dist/')[1], reasonCode);
  process.exit(); // The page's turns would go on for ever.
`;
const BESIDE_PAGE = `
  import { spawn } from 'node:child_process';
  import { createBroker } from 'vouch';

  const broker = createBroker();
  const { url } = await broker.listen({ port: 0, webSocket: {} });
  const page = spawn(process.execPath, ['--conditions=browser', 'page.js', url], { stdio: 'inherit' });
  page.once('close', () => broker.close());
`;

/** Publishes with its first argument 'write' and dies of SIGKILL; else shows what a broker on the same data has. */
const DURABLE = `
  import { spawn } from 'node:child_process';
  import { createBroker } from 'vouch';

  const broker = createBroker({ data: 'data' });
  if (process.argv[2] === 'write') {
    await broker.publish('greetings/world', 'still here', { qos: 1, retain: true });
    process.kill(process.pid, 'SIGKILL');
  }
  const { port } = await broker.listen({ port: 0 });
  const args = ['--no-install', 'vouch', 'sub', '-p', String(port), '-t', 'greetings/#', '-C', '1'];
  spawn('npx', args, { stdio: 'inherit' }).once('close', () => broker.close());
`;

const TYPED = `
  import type { EmbeddedBroker } from 'vouch';
  import { createBroker, OperationError } from 'vouch';
  import type { Packet } from 'vouch/packet';
  import { ByteWriter, encodePacket } from 'vouch/packet';

  const limits = { connectionsMax: 10, queuesBytesPolicy: 'drop-oldest' } as const;
  const broker: EmbeddedBroker = createBroker({ log: 'silent', data: './data', limits });
  const { port }: { readonly port: number } = await broker.listen({ host: '127.0.0.1', port: 0 });
  const packet: Packet = { kind: 'pingreq' };
  encodePacket(new ByteWriter(), packet, 5);
  export { OperationError, port };
  // @ts-expect-error Options are checked.
  createBroker({ limit: {} });
`;

const TYPED_CLIENT = `
  import type { Client, ClientEnd, ClientOptions, Publishing, ReceivedMessage, Subscription } from 'vouch/client';
  import { connect, OperationError } from 'vouch/client';

  const options: ClientOptions = { store: './meter', reconnect: { attemptsMax: 3 }, onMessage: ({ key }) => use(key) };
  const client: Client = await connect('mqtt://localhost', options);
  const delivery: Publishing = client.publish('meter/1', new Uint8Array(), { qos: 2, signal: AbortSignal.abort() });
  await delivery.stored;
  const { reasonCode }: { readonly reasonCode: number } = await delivery;
  const subscription: Subscription = await client.subscribe([{ filter: 'meter/#', qos: 2 }]);
  for await (const message of subscription) {
    const received: ReceivedMessage = message;
    received.ack();
  }
  client.on('disconnected', (end: ClientEnd, retryMillis) => use(end.kind, retryMillis));
  export { OperationError, reasonCode };
  // @ts-expect-error Options are checked.
  await connect('mqtt://localhost', { username: 'a' });
  // @ts-expect-error Events are checked.
  client.on('message', () => {});

  function use(...values: readonly unknown[]): void {
    void values;
  }
`;

/** Where the types of AbortSignal and Symbol.asyncDispose come from: Node.js, or the web. */
const TYPE_SOURCES = {
  'Node.js': { lib: ['es2024'], types: ['node'], typeRoots: [path.join(ROOT, 'node_modules', '@types')] },
  'the web': { lib: ['es2024', 'esnext.disposable', 'dom'], types: [] },
} as const;

describe('the published package', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-package-'));
  const project = path.join(folder, 'project');

  before(() => {
    run(ROOT, 'npm', 'pack', '--pack-destination', folder);
    const tarball = readdirSync(folder).find((file) => file.endsWith('.tgz')) ?? '';
    mkdirSync(project);
    writeFileSync(path.join(project, 'package.json'), '{ "private": true, "type": "module" }');
    run(project, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', path.join(folder, tarball));
  });
  after(() => rmSync(folder, { recursive: true }));

  test('holds the build, the licence and the readme, and no test or source', () => {
    const root = path.join(project, 'node_modules', 'vouch');
    assert.deepEqual(readdirSync(root).sort(), ['LICENSE', 'README.md', 'README.zh-CN.md', 'dist', 'package.json']);
    const files = readdirSync(path.join(root, 'dist'), { recursive: true, encoding: 'utf8' });
    assert.deepEqual(
      files.filter((file) => /(?<!\.d)\.ts$|\.(test|arbitrary|fixture)\./.test(file)),
      [],
    );
    assert.ok((statSync(path.join(root, 'dist', 'cli', 'main.js')).mode & 0o111) !== 0, 'the command is executable');
  });

  test('lets another program embed a broker with a plain import', () => {
    writeFileSync(path.join(project, 'embed.js'), EMBED);
    const told: unknown = JSON.parse(run(project, process.execPath, 'embed.js'));
    assert.ok(typeof told === 'object' && told !== null && 'port' in told && 'reasonCode' in told);
    assert.ok(Number(told.port) > 0);
    assert.equal(told.reasonCode, 0x10, 'nobody is subscribed');
  });

  test('lets another program embed a broker whose acknowledgements outlive kill -9', () => {
    writeFileSync(path.join(project, 'durable.js'), DURABLE);
    const killed = spawnSync(process.execPath, ['durable.js', 'write'], { cwd: project, encoding: 'utf8' });
    assert.deepEqual([killed.signal, killed.stderr], ['SIGKILL', '']);
    assert.equal(run(project, process.execPath, 'durable.js', 'read'), 'still here\n');
  });

  test('lets another program connect as a client that keeps its session on disk', () => {
    writeFileSync(path.join(project, 'client.js'), CLIENT);
    assert.equal(run(project, process.execPath, 'client.js'), 'meter/1 4711\n');
    assert.ok(existsSync(path.join(project, 'meter', 'vouch.db')));
  });

  test('has the client for browsers as a bundle of its own', () => {
    writeFileSync(path.join(project, 'page.js'), PAGE);
    writeFileSync(path.join(project, 'beside-page.js'), BESIDE_PAGE);
    assert.equal(run(project, process.execPath, 'beside-page.js'), 'bundle/client.js 16\n');
  });

  test('brings the command vouch', () => {
    assert.ok(typeof PACKAGE === 'object' && PACKAGE !== null && 'version' in PACKAGE);
    assert.equal(run(project, 'npx', '--no-install', 'vouch', '--version'), `vouch ${String(PACKAGE.version)}\n`);
  });

  test('has types that hold without those of Node.js', () => {
    writeFileSync(path.join(project, 'typed.ts'), TYPED);
    checkTypes({ lib: ['es2024'], types: [] }, 'typed.ts');
  });

  for (const [source, options] of Object.entries(TYPE_SOURCES)) {
    test(`has a client whose types hold with those of ${source}`, () => {
      writeFileSync(path.join(project, 'typed-client.ts'), TYPED_CLIENT);
      checkTypes(options, 'typed-client.ts');
    });
  }

  test('has a client for bundlers that build for browsers, with the same types', () => {
    writeFileSync(path.join(project, 'typed-client.ts'), TYPED_CLIENT);
    const bundler = { module: 'esnext', moduleResolution: 'bundler', customConditions: ['browser'] };
    checkTypes({ ...TYPE_SOURCES['the web'], ...bundler }, 'typed-client.ts');
  });

  test('is what the examples are made for', () => {
    cpSync(path.join(ROOT, 'examples'), path.join(project, 'examples'), { recursive: true });
    checkTypes(TYPE_SOURCES['Node.js'], ...globSync('examples/{,programs/}*.ts', { cwd: project }));
  });

  test('names every door that it has', () => {
    const doors = readdirSync(path.join(ROOT, 'src', 'exports')).filter((file) => !file.endsWith('.test.ts'));
    assert.ok(typeof PACKAGE === 'object' && PACKAGE !== null && 'exports' in PACKAGE);
    const named = JSON.stringify(PACKAGE.exports);
    for (const door of doors) assert.ok(named.includes(`./dist/exports/${door.replace('.ts', '.d.ts')}`), door);
  });

  /** Checks files of the project as whoever has installed the package would. */
  function checkTypes(options: object, ...files: readonly string[]): void {
    const compilerOptions = { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, ...options };
    writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    assert.equal(run(project, path.join(ROOT, 'node_modules', '.bin', 'tsc'), '-p', 'tsconfig.json'), '');
  }
});

/** Runs a program and yields what it printed. */
function run(folder: string, file: string, ...args: readonly string[]): string {
  // Without what npm tells the scripts it runs: the project in the folder is no part of this one.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD|NODE_TEST|NODE_COMPILE_CACHE)/i.test(name)),
  );
  const { status, stdout, stderr } = spawnSync(file, args, { cwd: folder, encoding: 'utf8', env });
  assert.equal(status, 0, `${path.basename(file)} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  return stdout;
}
