// `npm run bench:kept`: what an acknowledgement is worth. A session subscribes and goes; messages are published to it; at the last
// PUBACK the broker is ended with SIGKILL and started again on the same files; the session comes back and counts. Each broker
// keeps its data in the way that its documentation names first.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { PacketDecoder } from '../src/packet/decoder.ts';
import { createTopicTable } from '../src/packet/topic-name.ts';
import { type BrokerKind, keepingKinds, startBroker } from './brokers.ts';
import { openClient, publishAll, publishBytes, subscribeClient } from './wire.ts';

const HELP = `Usage: npm run bench:kept -- [options]

Kills brokers right after an acknowledgement, and counts what is still there. Needs Linux; brokers that are not installed are
left out by name.

  --messages N   Of QoS 1, for one absent session. Default: 5000.
`;

const SESSION = 'archive';
const TOPIC = 'greetings/world';
const RETAINED_TOPIC = 'state/world';
const PAYLOAD_BYTES = 64;
/** So long after the last message nothing more is expected. */
const QUIET_MILLIS = 1000;

/** What was there after the kill. */
interface Kept {
  readonly isSessionPresent: boolean;
  readonly messages: number;
  readonly isRetained: boolean;
}

const { values } = parseArgs({
  options: { messages: { type: 'string', default: '5000' }, help: { type: 'boolean', default: false } },
});
if (values.help) console.log(HELP);
else await measure(Number(values.messages));

async function measure(count: number): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-kept-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  console.log('| broker | acknowledged | its session | of these delivered | acknowledged retained message |');
  console.log('|---|--:|---|--:|---|');
  for (const kind of keepingKinds()) {
    const ready = kind.prepare();
    if ('missing' in ready) {
      console.log(`| ${kind.name} | ${ready.missing} | | | |`);
      continue;
    }
    const { isSessionPresent, messages, isRetained } = await killAndCount(kind, folder, count);
    const there = (isThere: boolean): string => (isThere ? 'there' : 'gone');
    console.log(
      `| ${kind.name} ${ready.version} | ${count} | ${there(isSessionPresent)} | ${messages} | ${there(isRetained)} |`,
    );
  }
}

async function killAndCount(kind: BrokerKind, folder: string, count: number): Promise<Kept> {
  const first = await startBroker(kind, folder, 'main-thread');
  const subscriber = await openClient(first.port, SESSION, false);
  await subscribeClient(subscriber.socket, TOPIC);
  subscriber.socket.destroy();
  const publisher = await openClient(first.port, 'publisher', true);
  await publishAll(publisher.socket, 1, 1, (n) => publishBytes(RETAINED_TOPIC, n + 1, true, Buffer.from('on')));
  publisher.socket.removeAllListeners('data');
  await publishAll(publisher.socket, count, 100, (n) => publishBytes(TOPIC, (n % 65_000) + 1, false, numbered(n)));
  await first.kill();
  const second = await startBroker(kind, folder, 'main-thread');
  const { socket, isPresent, early } = await openClient(second.port, SESSION, false);
  const seen = new Set<number>();
  let isRetained = false;
  let lastAt = performance.now();
  const decoder = new PacketDecoder({
    receives: 'from-server',
    maximumPacketSize: 65_536,
    version: 4,
    topics: createTopicTable(),
  });
  const take = (chunk: Buffer): void => {
    decoder.push(chunk, 0, chunk.length);
    for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
      if (packet.kind !== 'publish') continue;
      lastAt = performance.now();
      if (packet.topic === RETAINED_TOPIC) isRetained = true;
      else seen.add(Number(Buffer.from(packet.payload).toString('latin1')));
      if (packet.id !== undefined) socket.write(Buffer.from([0x40, 2, packet.id >> 8, packet.id & 255]));
    }
    decoder.keep();
  };
  take(early);
  socket.on('data', take);
  await subscribeClient(socket, RETAINED_TOPIC);
  while (performance.now() - lastAt < QUIET_MILLIS) await wait(50);
  socket.destroy();
  await second.stop();
  return { isSessionPresent: isPresent, messages: seen.size, isRetained };
}

function numbered(n: number): Buffer {
  return Buffer.from(`${n}`.padStart(PAYLOAD_BYTES, '0'));
}
