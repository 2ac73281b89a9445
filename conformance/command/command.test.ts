// The command as people type it, with a broker that breaks a statement.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { type Liar, startLiar } from '../liar/liar.ts';
import { serverAlters, withByte } from '../liar/lie.ts';
import { type Brokers, startBrokers } from '../stage/brokers.ts';
import type { Report } from './report.ts';

const MAIN = path.resolve(import.meta.dirname, '..', 'main.ts');

let brokers: Brokers;
let liar: Liar;
let folder: string;

before(async () => {
  brokers = await startBrokers();
  const honest = brokers.addresses.default;
  assert.ok(honest !== undefined);
  const lie = serverAlters('suback', 'answers with another identifier', (frame) => withByte(frame, 0, 0x7f));
  liar = await startLiar(honest, lie);
  folder = mkdtempSync(path.join(tmpdir(), 'vouch-conformance-'));
});
after(async () => {
  liar.close();
  await brokers.close();
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function conformance(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

function urlOf(port: number | undefined): string {
  return `mqtt://127.0.0.1:${port}`;
}

test('--help says what there is', async () => {
  const { code, stdout } = await conformance('--help');
  assert.equal(code, 0);
  assert.match(stdout, /^Usage: npm run conformance -- /);
});

test('what makes no sense is refused with code 2, in a line', async () => {
  const { code, stdout, stderr } = await conformance('--version', '2');
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^conformance: .+\n$/);
});

test('where no broker listens, it says so with code 2', async () => {
  const { code, stderr } = await conformance('--url', 'mqtt://127.0.0.1:1', '--only', 'MQTT-3.12');
  assert.equal(code, 2);
  assert.match(stderr, /^conformance: 127\.0\.0\.1:1 cannot be played with\. .+ECONNREFUSED.+\n$/);
});

test('a broker that keeps a statement passes, with code 0', async () => {
  const url = urlOf(brokers.addresses.default?.port);
  const { code, stdout } = await conformance('--url', url, '--only', 'MQTT-3.12');
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^ {2}pass +MQTT-3\.12\.4-1 /m);
  assert.match(stdout, /^MQTT 5\.0, server: 1 pass$/m);
  assert.match(stdout, /^MQTT 3\.1\.1, server: 1 pass$/m);
});

test('a broker that breaks a statement fails, with the bytes, a report and code 1', async () => {
  const args = [
    '--url',
    urlOf(liar.address.port),
    '--version',
    '5',
    '--only',
    'MQTT-3.8.4-2',
    '--report',
    'report.json',
  ];
  const { code, stdout } = await conformance(...args);
  assert.equal(code, 1, stdout);
  assert.match(stdout, /^ {2}FAIL +MQTT-3\.8\.4-2 /m);
  assert.match(stdout, /SUBACK has the packet identifier 32513; SUBSCRIBE had 1\./);
  assert.match(stdout, /^ +1 < 90 04 7f 01 00 00 {2}SUBACK$/m);
  assert.match(stdout, /^The report is in report\.json$/m);
  const report = JSON.parse(readFileSync(path.join(folder, 'report.json'), 'utf8')) as Report;
  assert.deepEqual(
    report.statements.map(({ id, verdict }) => `${id} ${verdict}`),
    ['MQTT-3.8.4-2 fail'],
  );
});

test('without an address Vouch and its client are played', async () => {
  const { code, stdout } = await conformance('--only', 'MQTT-3.14.4-1');
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^MQTT 5\.0, server: 1 pass$/m);
  assert.match(stdout, /^MQTT 5\.0, client: 1 pass$/m);
});
