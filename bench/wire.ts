// The few packets that the bench's own clients speak, MQTT 3.1.1, over plain sockets: for work that mqload does not know.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ByteWriter } from '../src/base/byte-writer.ts';
import { encodePacket } from '../src/packet/encode.ts';
import type { Packet, QoS } from '../src/packet/packet.ts';
import { packetId } from '../src/packet/packet-id.ts';
import { NO_CONNECT_PROPERTIES, NO_MESSAGE_PROPERTIES, NO_SUBSCRIBE_PROPERTIES } from '../src/packet/properties.ts';

/** In MQTT 3.1.1 every PUBACK has as many. */
const PUBACK_BYTES = 4;

/** A packet as bytes of its own. */
export function bytesOf(packet: Packet): Buffer {
  const writer = new ByteWriter(new Uint8Array(1024));
  encodePacket(writer, packet, 4);
  return Buffer.from(writer.bytes.subarray(0, writer.position));
}

/** A PUBLISH. */
export function publishBytes(topic: string, id: number, retain: boolean, payload: Uint8Array, qos: QoS = 1): Buffer {
  return bytesOf({
    kind: 'publish',
    dup: false,
    qos,
    retain,
    topic,
    id: qos === 0 ? undefined : packetId(id),
    topicAlias: 0,
    subscriptionIdentifiers: [],
    properties: NO_MESSAGE_PROPERTIES,
    payload,
  });
}

/** A CONNECT without user name or Will. */
export function connectBytes(clientId: string, clean: boolean): Buffer {
  return bytesOf({
    kind: 'connect',
    version: 4,
    bridge: false,
    clean,
    keepAlive: 0,
    clientId,
    will: undefined,
    userName: undefined,
    password: undefined,
    properties: NO_CONNECT_PROPERTIES,
  });
}

/** A SUBSCRIBE for one filter. */
export function subscribeBytes(filter: string, qos: QoS): Buffer {
  const options = { qos, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  return bytesOf({
    kind: 'subscribe',
    id: packetId(1),
    subscriptions: [{ filter, options }],
    properties: NO_SUBSCRIBE_PROPERTIES,
  });
}

/** A connected client, whether its session was there, and what came right behind CONNACK. */
export async function openClient(
  port: number,
  clientId: string,
  clean: boolean,
): Promise<{ readonly socket: Socket; readonly isPresent: boolean; readonly early: Buffer }> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const answered = once(socket, 'data') as Promise<[Buffer]>;
  socket.write(connectBytes(clientId, clean));
  const [connack] = await answered;
  if (connack[0] !== 0x20 || connack[3] !== 0) throw new Error(`${clientId} was not accepted.`);
  return { socket, isPresent: connack[2] === 1, early: connack.subarray(4) };
}

/** Subscribes, and waits for SUBACK. */
export async function subscribeClient(socket: Socket, filter: string, qos: QoS = 1): Promise<void> {
  const answered = once(socket, 'data');
  socket.write(subscribeBytes(filter, qos));
  await answered;
}

/**
 * Publishes QoS 1 with so many unacknowledged; what may go goes in one write. Fulfilled with the last PUBACK.
 * @param packetOf  The PUBLISH of a number from 0, of QoS 1.
 */
export function publishAll(
  stream: Duplex,
  count: number,
  window: number,
  packetOf: (n: number) => Buffer,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let acknowledgedBytes = 0;
    const closed = (): void => reject(new Error('The broker closed the connection.'));
    const fill = (): void => {
      const packets: Buffer[] = [];
      const acknowledged = Math.floor(acknowledgedBytes / PUBACK_BYTES);
      for (; sent < count && sent - acknowledged < window; sent++) packets.push(packetOf(sent));
      if (packets.length > 0) stream.write(Buffer.concat(packets));
      if (acknowledged < count) return;
      stream.off('close', closed);
      resolve();
    };
    stream.once('close', closed);
    stream.on('data', (chunk: Buffer) => {
      acknowledgedBytes += chunk.length;
      fill();
    });
    fill();
  });
}
