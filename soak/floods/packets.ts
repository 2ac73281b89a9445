// Floods of packets from clients that were let in.

import type { Socket } from 'node:net';

import { connect, PINGREQ, publish, subscribe, unsubscribe } from '../../conformance/wire/write.ts';
import type { Flood, FloodRun } from './flood.ts';
import { openClient, withClients } from './wire.ts';

/** Flooding clients at a time. */
const CLIENTS = 20;
const KIBIBYTE = 1024;

/** Bytes a few times over. */
function times(count: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat(Array.from({ length: count }, () => bytes));
}

/** The same burst from every client, at a pace. */
async function bursts(run: FloodRun, perSecond: number, burst: Uint8Array, countInBurst: number): Promise<void> {
  await withClients(
    run,
    CLIENTS,
    perSecond / countInBurst,
    (n) => openClient(run.target.tcp, connect(5, { clientId: `flood${n}` })),
    (socket) => {
      socket.write(burst);
      run.did(countInBurst);
    },
  );
}

/** PINGREQ. */
export const PING_FLOOD: Flood = {
  sentence: 'PINGREQ from 20 clients, 20,000 a second',
  unit: 'packets',
  run: (run) => bursts(run, 20_000, times(100, PINGREQ), 100),
};

/** Subscriptions that come and go: every one changes what topics mean. */
export const SUBSCRIPTION_CHURN: Flood = {
  sentence: 'SUBSCRIBE and UNSUBSCRIBE of 10 filters by 20 clients, 400 packets a second',
  unit: 'packets',
  run: (run) => {
    const filters = Array.from({ length: 10 }, (_, n) => `churn/${n}/+/x/#`);
    const on = subscribe(
      5,
      1,
      filters.map((filter) => [filter, 1] as const),
    );
    return bursts(run, 400, Buffer.concat([on, unsubscribe(5, 2, filters)]), 2);
  },
};

/** Packets that are small and cause much: many filters, and one that brings all of `$SYS` each time that it is named. */
export const MANY_FILTERS: Flood = {
  sentence:
    'SUBSCRIBE and UNSUBSCRIBE of 1,000 filters, and one of 100 times $SYS/#, by 20 clients, 30 packets a second',
  unit: 'packets',
  run: (run) => {
    const filters = Array.from({ length: 1_000 }, (_, n) => `many/${n}/+/x/#`);
    const on = subscribe(
      5,
      1,
      filters.map((filter) => [filter, 1] as const),
    );
    const all = subscribe(
      5,
      3,
      Array.from({ length: 100 }, () => ['$SYS/#', 0] as const),
    );
    return bursts(run, 30, Buffer.concat([on, unsubscribe(5, 2, filters), all]), 3);
  },
};

/** Messages that cost their publisher nothing. */
export const PUBLISH_FLOOD: Flood = {
  sentence: 'QoS 0 messages of 200 bytes from 20 clients to nobody, 10,000 a second',
  unit: 'messages',
  run: (run) => bursts(run, 10_000, times(50, publish(5, { topic: 'flood/nobody', payload: 'x'.repeat(200) })), 50),
};

/** A QoS 2 message that is never released. */
export const SAME_IDENTIFIER: Flood = {
  sentence: 'one QoS 2 message again and again under one identifier, from 20 clients, 10,000 a second',
  unit: 'packets',
  run: (run) =>
    bursts(run, 10_000, times(50, publish(5, { topic: 'flood/qos2', qos: 2, id: 1, dup: true, payload: 'x' })), 50),
};

/** Packets near what is allowed. */
export const BIG_PACKETS: Flood = {
  sentence: 'QoS 1 messages of 1 MiB from 20 clients, 20 a second',
  unit: 'messages',
  run: (run) => {
    const header = publish(5, { topic: 'flood/big', qos: 1, id: 1 });
    const payload = Buffer.alloc(KIBIBYTE * KIBIBYTE, 'x');
    // The Remaining Length of what write.ts makes of an empty one, with the payload added to it.
    const body = Buffer.concat([header.subarray(2), payload]);
    const length: number[] = [];
    for (let left = body.length; left > 0; left >>= 7) length.push(left > 127 ? (left & 127) | 128 : left);
    return bursts(run, 20, Buffer.concat([header.subarray(0, 1), Uint8Array.from(length), body]), 1);
  },
};

/** Subscribers that do not take what is sent to them. */
export const SLOW_READERS: Flood = {
  sentence: '20 subscribers that read nothing, and 2,000 messages of 1 KiB a second for each of them',
  unit: 'messages',
  async run(run) {
    const readers: Socket[] = [];
    for (let n = 0; n < CLIENTS; n++) {
      const socket = await openClient(run.target.tcp, connect(5, { clientId: `slow${n}` }));
      if (socket === undefined) continue;
      socket.write(subscribe(5, 1, [['flood/slow', 1]]));
      socket.pause();
      readers.push(socket);
    }
    const burst = times(20, publish(5, { topic: 'flood/slow', payload: 'x'.repeat(KIBIBYTE) }));
    await withClients(
      run,
      1,
      100,
      () => openClient(run.target.tcp, connect(5, { clientId: 'flood' })),
      (socket) => {
        socket.write(burst);
        run.did(20);
      },
    );
    for (const socket of readers) socket.destroy();
  },
};
