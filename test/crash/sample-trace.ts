// Traces written by hand, as strace writes them, for the tests of what reads them. Time is the order of the lines.

import { ByteWriter } from '../../src/base/byte-writer.ts';
import { encodePacket } from '../../src/packet/encode.ts';
import type { Packet } from '../../src/packet/packet.ts';
import { packetId } from '../../src/packet/packet-id.ts';
import { labelPayload } from './label.ts';
import { answerPacket, connectPacket, publishPacket } from './packets.ts';

const LOG = 'data/vouch.db-wal';
const CONNECTION = '22<TCP:[127.0.0.1:1883->127.0.0.1:50000]>';
const MAIN = 100;
const WORKER = 107;

/** Lines of a trace; the broker is spoken to with MQTT 5. */
export const traced: {
  readonly connect: () => string;
  /** The broker reads the message with this number; unless told otherwise its identifier is one above it. */
  readonly publish: (number: number, qos: 1 | 2, id?: number) => string;
  readonly answer: (number: number, kind: 'puback' | 'pubrec') => string;
  /** The worker writes the message to the log. */
  readonly write: (number: number) => string;
  readonly sync: (outcome?: string) => string;
  /** A line in two: the call begins, and is over when the second is put further down. */
  readonly split: (line: string) => readonly [string, string];
} = {
  connect: () => {
    const choice = { version: 5, clientId: 'p', clean: true, isPersistent: false, receiveMaximum: undefined } as const;
    return reading(connectPacket(choice));
  },
  publish: (number, qos, id = number + 1) => {
    const payload = labelPayload({ publisher: 'p', number }, 20);
    return reading(publishPacket({ topic: 't', payload, qos, retain: false, dup: false, id: packetId(id) }));
  },
  answer: (number, kind) => {
    const bytes = encoded(answerPacket(kind, packetId(number + 1)));
    return `${MAIN} write(${CONNECTION}, "${hex(bytes)}", ${bytes.length}) = ${bytes.length}`;
  },
  write: (number) => {
    const page = Buffer.concat([Buffer.alloc(50, 0x41), labelPayload({ publisher: 'p', number }, 20), Buffer.alloc(9)]);
    return `${WORKER} pwrite64(31<${hex(Buffer.from(LOG))}>, "${hex(page)}", ${page.length}, 32) = ${page.length}`;
  },
  sync: (outcome = '= 0') => `${WORKER} fsync(31<${hex(Buffer.from(LOG))}>) ${outcome}`,
  split: (line) => {
    const [thread, name] = /^(\d+) (\w+)/.exec(line)?.slice(1) ?? [];
    const at = line.lastIndexOf(') =');
    return [`${line.slice(0, at)} <unfinished ...>`, `${thread} <... ${name} resumed>${line.slice(at)}`];
  },
};

function reading(packet: Packet): string {
  const bytes = encoded(packet);
  return `${MAIN} read(${CONNECTION}, "${hex(bytes)}", 65536) = ${bytes.length}`;
}

function encoded(packet: Packet): Uint8Array {
  const writer = new ByteWriter();
  encodePacket(writer, packet, 5);
  return writer.bytes.slice(0, writer.position);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}
