// A disk that fails to sync, once: the broker acknowledges nothing that was not on disk before, ends with an exit code of its
// own and one line, and does not start again before somebody has looked. That the next sync would return without error
// must not matter: the kernel forgets what it could not write, and tells it once.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { EXIT } from '../../src/server/exit-codes.ts';
import { skipUnless } from '../require.ts';
import { checkAckOrder } from './ack-order.ts';
import { BrokerProcess, runVouch } from './broker-process.ts';
import { Company } from './company.ts';
import { temporaryDirectory, VOUCH } from './data-directory.ts';
import { endProcesses } from './killable.ts';
import { canTrace, parseTrace, tamperingWithSyncs } from './system-calls.ts';

const skip = skipUnless('strace', canTrace, 'strace is not installed, or may not trace');

/**
 * Which sync of the store's thread fails. An opened directory that is in order needs none, so the first is that of the first
 * commit. The second is that of the directory, in which SQLite has made the log; SQLite does not look at its result.
 */
const SYNCS = [1, 3, 25];

after(endProcesses);

/** Everybody has a session, and there is something to lose. */
async function prepare(directory: string): Promise<Company> {
  const company = new Company(1);
  const broker = BrokerProcess.spawn(directory, VOUCH);
  await company.enrol(await broker.port());
  await company.stop(broker);
  return company;
}

/** After a failure: refused, then accepted, then everything that was promised is there. */
async function checkAcceptance(directory: string, company: Company): Promise<void> {
  const refused = await BrokerProcess.spawn(directory, VOUCH).ended;
  assert.equal(refused.code, EXIT.failure, refused.stderr);
  assert.match(refused.stderr, /vouch store check --accept/);
  const accepted = runVouch(['store', 'check', '--accept', '--data', directory]);
  assert.equal(accepted.code, EXIT.ok, accepted.stderr);
  const broker = BrokerProcess.spawn(directory, VOUCH);
  const port = await broker.port();
  await company.fetch(port);
  const { faults } = await company.check(port);
  assert.deepEqual(faults.slice(0, 10), []);
  await company.stop(broker);
}

test('after a sync that fails nothing more is promised, and the broker ends with code 74', {
  skip,
}, async (context) => {
  const directory = temporaryDirectory(context);
  const company = await prepare(directory);
  for (const nth of SYNCS) {
    const file = path.join(temporaryDirectory(context), 'trace');
    const under = tamperingWithSyncs(`error=EIO:when=${nth}`, file);
    const broker = BrokerProcess.spawn(directory, { ...VOUCH, under });
    company.load(await broker.port());
    const { code, stderr } = await broker.ended;
    await company.untilAway();
    assert.equal(code, EXIT.storeFailed, stderr);
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
    const { early } = checkAckOrder(parseTrace(readFileSync(file, 'utf8')), '-wal');
    assert.deepEqual(early.slice(0, 5), [], `sync ${nth} failed`);
    await checkAcceptance(directory, company);
  }
});
