// A disk that stalls: one sync takes five seconds. What must be durable waits for it, and nothing else does.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { skipUnless } from '../require.ts';
import { BrokerProcess } from './broker-process.ts';
import { temporaryDirectory, VOUCH } from './data-directory.ts';
import { endProcesses } from './killable.ts';
import { Probe } from './probe.ts';
import { canAttach, SyncTamper } from './system-calls.ts';

const STALL_MILLIS = 5000;
/** What a promise that needs no disk may take meanwhile, on a machine that is busy too. Whatever waits for the disk takes longer. */
const QUICK_MILLIS_MAX = STALL_MILLIS / 2;

const skip = skipUnless('strace', canAttach(), 'strace is not installed, or may not attach to a process');

after(endProcesses);

test('a disk that stalls for five seconds delays what must be durable, and nothing else', { skip }, async (context) => {
  const broker = BrokerProcess.spawn(temporaryDirectory(context), VOUCH);
  const port = await broker.port();
  const archive = { clientId: 'archive', clean: false, isPersistent: true };
  const absent = await Probe.connect(port, archive);
  assert.equal(await absent.subscribe('kept/#', 2), 2);
  absent.cut();
  const durable = await Promise.all(['one', 'two'].map((clientId) => Probe.connect(port, { clientId })));
  const clean = await Probe.connect(port, { clientId: 'clean' });
  const reader = await Probe.connect(port, { clientId: 'reader', version: 4 });
  assert.equal(await reader.subscribe('fleeting', 1), 1);
  const idle = await Probe.connect(port, { clientId: 'idle', keepAlive: 2 });

  const tamper = await SyncTamper.attach(broker.processId, `delay_enter=${STALL_MILLIS * 1000}:when=1`);
  const started = performance.now();
  const acknowledging = Promise.all(
    durable.map((each, index) => each.publish('kept/x', `${index}`, { qos: index === 0 ? 1 : 2 })),
  );
  let isStalled = true;
  void acknowledging.then(() => (isStalled = false));
  let slowest = 0;
  let rounds = 0;
  while (isStalled) {
    const asked = performance.now();
    // PINGREQ has no identifier: each client has one under way.
    await Promise.all([idle.ping(), ...durable.map((each) => each.ping()), clean.publish('fleeting', `${rounds}`)]);
    await reader.untilReceived(++rounds);
    slowest = Math.max(slowest, performance.now() - asked);
  }
  const waited = performance.now() - started;
  await tamper.end();

  context.diagnostic(
    `acknowledged after ${waited.toFixed(0)} ms; ${rounds} rounds meanwhile, the slowest ${slowest.toFixed(0)} ms`,
  );
  assert.deepEqual(await acknowledging, [0, 0]);
  assert.ok(waited > STALL_MILLIS * 0.9, `acknowledged after ${waited} ms`);
  assert.ok(slowest < QUICK_MILLIS_MAX, `something took ${slowest} ms`);
  assert.deepEqual(
    [...durable, clean, reader, idle].map(({ isClosed }) => isClosed),
    [false, false, false, false, false],
  );
  const back = await Probe.connect(port, archive);
  await back.untilReceived(2);
  assert.deepEqual(back.received.toSorted(), ['0', '1']);
});
