// A broker of the tests that acknowledges everything and then does not do what it said: every so manyth message it drops, sends twice or
// sends after the next one. What checks deliveries must find it out.

import { createServer, type Socket } from 'node:net';

import { ByteWriter } from '../../src/base/byte-writer.ts';
import { PacketDecoder } from '../../src/packet/decoder.ts';
import { encodePacket, PACKET_SIZE_MAX } from '../../src/packet/encode.ts';
import type { Packet, PublishPacket } from '../../src/packet/packet.ts';
import { PINGRESP } from '../../src/packet/packet.ts';
import { packetId } from '../../src/packet/packet-id.ts';
import { NO_CONNACK_PROPERTIES, NO_REASON_PROPERTIES } from '../../src/packet/properties.ts';
import { createTopicTable } from '../../src/packet/topic-name.ts';

/** What a broker does wrong with every so manyth message. */
export type Lie =
  | 'none'
  | 'drops'
  | 'doubles'
  | 'swaps'
  | 'disconnects'
  | 'refuses'
  /** It acknowledges none of these, but delivers them. */
  | 'mute'
  /** It does not answer SUBSCRIBE. */
  | 'grants nothing'
  /** These go to every member of a shared subscription. */
  | 'shares with all';

/** It lies once in so many messages. */
export const LIES_EVERY = 10;

/** A broker that runs. */
export interface LyingBroker {
  readonly url: string;
  /** Fulfilled when the first message has come. */
  readonly firstMessage: Promise<void>;
  close(): Promise<void>;
}

/** One connection of it. */
interface Client {
  readonly socket: Socket;
  filter: string;
  nextId: number;
}

/**
 * Starts one on a free port.
 * @param ackMillis  How long it thinks about the PUBACK of the how manyth message; 0: not at all.
 */
export async function startLyingBroker(
  lie: Lie,
  ackMillis: (message: number) => number = () => 0,
): Promise<LyingBroker> {
  const clients = new Set<Client>();
  let count = 0;
  const first = Promise.withResolvers<void>();
  let heldBack: PublishPacket | undefined;

  const deliver = (message: PublishPacket, isForAll = false): void => {
    for (const client of clients) {
      const shared = /^\$share\/[^/]+\/(.*)\/\+$/.exec(client.filter)?.[1];
      if (client.filter !== message.topic && (shared === undefined || !message.topic.startsWith(shared))) continue;
      client.nextId = (client.nextId % 65_535) + 1;
      const id = message.qos === 0 ? undefined : packetId(client.nextId);
      send(client.socket, { ...message, id });
      if (shared !== undefined && !isForAll) return;
    }
  };
  const route = (message: PublishPacket, from: Client): void => {
    count++;
    first.resolve();
    const isHit = count % LIES_EVERY === 0;
    if (isHit && lie === 'drops') return;
    if (isHit && lie === 'disconnects') return void from.socket.destroy();
    if (isHit && lie === 'swaps') {
      heldBack = message;
      return;
    }
    deliver(message, isHit && lie === 'shares with all');
    if (isHit && lie === 'doubles') deliver(message);
    if (heldBack !== undefined) deliver(heldBack);
    heldBack = undefined;
  };
  const take = (client: Client, packet: Packet): void => {
    const reasonCode = 0;
    const properties = NO_REASON_PROPERTIES;
    if (packet.kind === 'connect') {
      send(client.socket, { kind: 'connack', sessionPresent: false, reasonCode, properties: NO_CONNACK_PROPERTIES });
    } else if (packet.kind === 'subscribe') {
      client.filter = packet.subscriptions[0]?.filter ?? '';
      if (lie === 'grants nothing') return;
      send(client.socket, { kind: 'suback', id: packet.id, reasonCodes: [2], properties });
    } else if (packet.kind === 'publish') {
      const refused = lie === 'refuses' && count % LIES_EVERY === 1 ? 0x97 : 0;
      const isMute = lie === 'mute' && count % LIES_EVERY === 1;
      if (packet.qos === 1 && packet.id !== undefined && !isMute) {
        const puback: Packet = { kind: 'puback', id: packet.id, reasonCode: refused, properties };
        const millis = ackMillis(count);
        if (millis === 0) send(client.socket, puback);
        else setTimeout(() => send(client.socket, puback), millis);
      }
      if (packet.qos === 2 && packet.id !== undefined)
        send(client.socket, { kind: 'pubrec', id: packet.id, reasonCode, properties });
      route({ ...packet, payload: packet.payload.slice() }, client);
    } else if (packet.kind === 'pubrel')
      send(client.socket, { kind: 'pubcomp', id: packet.id, reasonCode, properties });
    else if (packet.kind === 'pubrec') send(client.socket, { kind: 'pubrel', id: packet.id, reasonCode, properties });
    else if (packet.kind === 'pingreq') send(client.socket, PINGRESP);
  };

  const server = createServer((socket) => {
    const client: Client = { socket, filter: '', nextId: 0 };
    clients.add(client);
    const decoder = new PacketDecoder({
      receives: 'from-client',
      maximumPacketSize: PACKET_SIZE_MAX,
      version: undefined,
      topics: createTopicTable(),
    });
    socket.on('data', (chunk: Buffer) => {
      decoder.push(chunk, 0, chunk.length);
      for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) take(client, packet);
      decoder.keep();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => clients.delete(client));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    firstMessage: first.promise,
    close: async () => {
      for (const { socket } of clients) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function send(socket: Socket, packet: Packet): void {
  if (!socket.writable) return;
  const writer = new ByteWriter();
  encodePacket(writer, packet, 5);
  socket.write(writer.bytes.slice(0, writer.position));
}
