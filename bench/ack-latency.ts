// How long a publisher waits for PUBACK: so many connections with one message in flight each, for some
// seconds, into one absent persistent session. A process of its own, so that it can be bound to a core:
//   node bench/ack-latency.ts PORT PUBLISHERS SECONDS
// Prints one JSON line: count, and p50, p99, p99.9 and max in milliseconds.

import type { Socket } from 'node:net';
import { openClient, publishBytes, subscribeClient } from './wire.ts';

const [port = 1883, publishers = 1, seconds = 5] = process.argv.slice(2).map(Number);
const WARM_UP_MILLIS = 1000;
const PUBACK_BYTES = 4;
const PUBLISH = publishBytes('latency/x', 1, false, new Uint8Array(256));

const subscriber = await openClient(port, 'ack-latency-subscriber', false);
await subscribeClient(subscriber.socket, 'latency/#');
subscriber.socket.destroy();

const waits: number[] = [];
const clients = await Promise.all(
  Array.from({ length: publishers }, (_, i) => openClient(port, `ack-latency-${i}`, true)),
);
const countFrom = performance.now() + WARM_UP_MILLIS;
const endAt = countFrom + seconds * 1000;
await Promise.all(clients.map(({ socket }) => publishUntilEnd(socket)));

waits.sort((one, other) => one - other);
const at = (share: number): number => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0;
console.log(JSON.stringify({ count: waits.length, p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) }));

/** Sends the next message when the one before is acknowledged. */
function publishUntilEnd(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let sentAt = performance.now();
    let received = 0;
    socket.once('close', () => reject(new Error('The broker closed the connection.')));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received < PUBACK_BYTES) return;
      received = 0;
      const now = performance.now();
      if (sentAt > countFrom) waits.push(now - sentAt);
      if (now > endAt) {
        socket.destroy();
        resolve();
        return;
      }
      sentAt = now;
      socket.write(PUBLISH);
    });
    socket.write(PUBLISH);
  });
}
