// Every acknowledgement of the real broker, held against its own system calls: none leaves before the sync of what it promises.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, type TestContext, test } from 'node:test';

import { skipUnless } from '../require.ts';
import { type AckOrder, checkAckOrder } from './ack-order.ts';
import { BrokerProcess, type BrokerStart } from './broker-process.ts';
import { Company } from './company.ts';
import { composedBroker, temporaryDirectory, VOUCH } from './data-directory.ts';
import { endProcesses } from './killable.ts';
import { canTrace, parseTrace, tracingTo } from './system-calls.ts';

/** Acknowledgements under load; strace makes each of them slow. */
const ACKNOWLEDGEMENTS = 400;

const skip = skipUnless('strace', canTrace, 'strace is not installed, or may not trace');

after(endProcesses);

/** Puts a broker under load while all its reads, writes and syncs are traced. */
async function trace(context: TestContext, start: BrokerStart): Promise<AckOrder> {
  const directory = temporaryDirectory(context);
  const file = path.join(temporaryDirectory(context), 'trace');
  const company = new Company(1);
  const broker = BrokerProcess.spawn(directory, { ...start, under: tracingTo(file) });
  const port = await broker.port();
  await company.enrol(port);
  company.load(port);
  await company.untilAcknowledged(ACKNOWLEDGEMENTS);
  await company.stop(broker);
  return checkAckOrder(parseTrace(readFileSync(file, 'utf8')), '-wal');
}

test('each PUBACK and PUBREC leaves after a sync that began after its message was written', {
  skip,
}, async (context) => {
  const { early, late, syncs } = await trace(context, VOUCH);
  context.diagnostic(`${late} acknowledgements, ${syncs} syncs`);
  assert.deepEqual(early.slice(0, 5), []);
  assert.ok(late >= ACKNOWLEDGEMENTS && syncs > 0, `${late} acknowledgements, ${syncs} syncs`);
});

test('a broker that acknowledges before the commit is found out by its system calls', { skip }, async (context) => {
  const { early } = await trace(context, composedBroker('lies'));
  assert.ok(early.length > 0);
});
