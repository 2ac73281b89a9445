// Floods that use up what all of a broker has but once: the files of its process, its memory, the patience for clients that come and
// go, the room for those that have said nothing yet. Each is run against a broker that has little of it, which is to do
// something about it, as it counts itself.

import type { Socket } from 'node:net';

import { connect, publish, subscribe } from '../../conformance/wire/write.ts';
import type { Flood } from './flood.ts';
import { frameOpening, openUpgraded } from './web-sockets.ts';
import { open, openClient, pace, withClients } from './wire.ts';

const KIBIBYTE = 1024;
const MEBIBYTE = KIBIBYTE * KIBIBYTE;
/** What the broker of the flood of memory may take, in MiB. */
const LITTLE_MEMORY = 80;

/** Clients that come to stay, more than there are files. */
export const FILES: Flood = {
  sentence: 'clients that connect and stay, 400 a second, to a process that may open 384 files',
  unit: 'connections',
  broker: { filesMax: 384 },
  limit: 'openFiles',
  async run(run) {
    const held = new Set<Socket>();
    let opening = 0;
    await pace(run, 400, (n) => {
      // What is refused comes again, and again.
      if (opening > 50) return;
      opening++;
      void openClient(run.target.tcp, connect(5, { clientId: `stay${n}` })).then((socket) => {
        opening--;
        run.did(1);
        if (socket === undefined) return;
        held.add(socket);
        socket.once('close', () => held.delete(socket));
        if (run.stop.aborted) socket.destroy();
      });
    });
    for (const socket of held) socket.destroy();
  },
};

/** Subscribers that never acknowledge, for whom the broker keeps what comes. */
export const MEMORY: Flood = {
  sentence: `QoS 1 messages of 64 KiB, 400 a second, for 20 subscribers that never acknowledge, to a broker with ${LITTLE_MEMORY} MiB of memory`,
  unit: 'messages',
  broker: { flags: ['--memory-max', `${LITTLE_MEMORY} MiB`] },
  limit: 'memoryMax',
  // What was in use is free again, and for the process to use, not for the system (docs/decisions/024).
  residentGrowthMax: 2 * LITTLE_MEMORY * MEBIBYTE,
  secondsMin: 3,
  async run(run) {
    const subscriptions = subscribe(5, 1, [['flood/memory', 1]]);
    const joining = withClients(
      run,
      20,
      20,
      (n) => openClient(run.target.tcp, connect(5, { clientId: `greedy${n}`, properties: { receiveMaximum: 10 } })),
      // Once more: those that were ended come back.
      (socket) => void socket.write(subscriptions),
    );
    const message = publish(5, { topic: 'flood/memory', qos: 1, id: 1, payload: 'x'.repeat(64 * KIBIBYTE) });
    const pouring = withClients(
      run,
      4,
      400,
      (n) => openClient(run.target.tcp, connect(5, { clientId: `pour${n}` })),
      (socket) => {
        socket.write(message);
        run.did(1);
      },
    );
    await Promise.all([joining, pouring]);
  },
};

/** Clients that come and go. */
export const FLAPPING: Flood = {
  sentence: 'ten clients that connect and vanish, 200 times a second, to a broker that takes 10 in a minute from each',
  unit: 'connections',
  broker: { flags: ['--flapping-connects-max', '10', '--flapping-hold', '2 s'] },
  limit: 'flappingConnectsMax',
  async run(run) {
    let count = 0;
    await pace(run, 200, (n) => {
      if (count > 200) return;
      count++;
      void openClient(run.target.tcp, connect(5, { clientId: `flapping${n % 10}` })).then((socket) => {
        socket?.destroy();
        count--;
        run.did(1);
      });
    });
  },
};

/** WebSockets whose first message is large, and never whole. */
export const FIRST_MESSAGES: Flood = {
  sentence:
    'WebSockets that send 100 KiB of a first message of 8 MiB and wait, 200 a second, to a broker with 4 MiB for such',
  unit: 'connections',
  broker: { flags: ['--connect-pending-bytes-max', '4 MiB'] },
  limit: 'connectPendingBytesMax',
  async run(run) {
    const part = Buffer.concat([frameOpening(8 * KIBIBYTE * KIBIBYTE), new Uint8Array(100 * KIBIBYTE)]);
    const held = new Set<Socket>();
    await pace(run, 200, () => {
      if (held.size >= 1_000) return;
      void open(run.target.webSocket).then(async (socket) => {
        if (socket === undefined || !(await openUpgraded(socket))) return;
        held.add(socket);
        socket.once('close', () => held.delete(socket));
        socket.write(part);
        run.did(1);
        if (run.stop.aborted) socket.destroy();
      });
    });
    for (const socket of held) socket.destroy();
  },
};
