// The fixed header (section 2.1), and how lengths are written (section 1.5.5).

import { type ServerCheck, v311, v5 } from '../check.ts';
import { changed, type Lie, serverAlters } from '../liar/lie.ts';
import { demand } from '../stage/fault.ts';
import { say } from '../stage/line.ts';
import type { ServerStage } from '../stage/server-stage.ts';
import type { Received } from '../wire/read.ts';
import { type PacketName, TYPE } from '../wire/types.ts';
import { bytes, packet, PINGREQ, properties, text, u16, varint } from '../wire/write.ts';

/** The flags of packets that must have them just so (table 2-2). */
const FLAGS: Readonly<Record<Exclude<PacketName, 'publish'>, number>> = {
  connect: 0,
  connack: 0,
  puback: 0,
  pubrec: 0,
  pubrel: 2,
  pubcomp: 0,
  subscribe: 2,
  suback: 0,
  unsubscribe: 2,
  unsuback: 0,
  pingreq: 0,
  pingresp: 0,
  disconnect: 0,
  auth: 0,
};

const OVERLOOKS_FLAGS: Lie = {
  does: 'does not look at reserved flags',
  fromClient: (frame) => {
    const due = flagsOf(frame.type);
    return due === undefined ? undefined : [changed(frame, { flags: due })];
  },
};
const FLAGS_SUBACK = serverAlters('suback', 'sends SUBACK with the flags of SUBSCRIBE', (frame) =>
  changed(frame, { flags: 2 }),
);
const NO_FLAGS_PUBREL = serverAlters('pubrel', 'sends PUBREL with the flags 0', (frame) =>
  changed(frame, { flags: 0 }),
);
const SPENDS_A_BYTE = serverAlters('publish', 'writes the Remaining Length in a byte more than it needs', (frame) =>
  bytes([frame.bytes[0] ?? 0], stretched(frame.body.length), frame.body),
);
const SPENDS_A_BYTE_ON_PROPERTIES = serverAlters('suback', 'writes a Property Length of 0 in two bytes', (frame) =>
  changed(frame, { body: bytes(frame.body.subarray(0, 2), [0x80, 0x00], frame.body.subarray(3)) }),
);

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'lengths are written in as few bytes as they take',
    shows: [v5('MQTT-1.5.5-1', SPENDS_A_BYTE), v5('MQTT-1.5.5-1', SPENDS_A_BYTE_ON_PROPERTIES)],
    play: async (stage) => {
      const peer = await stage.connect();
      // The reader has an eye on the Property Length.
      await peer.subscribe(stage.topic());
      const around = text(stage.topic()).length + varint(0).length;
      for (const length of [around, 127, 128, 16_383, 16_384]) {
        peer.publish({ topic: stage.topic(), payload: new Uint8Array(length - around) });
        const { frame } = await peer.receive();
        const spent = frame.bytes.length - 1 - frame.body.length;
        const due = varint(frame.body.length).length;
        demand(spent === due, `A Remaining Length of ${frame.body.length} took ${spent} bytes; due were ${due}.`);
      }
    },
  },
  {
    claim: 'reserved flags of what the server sends are as the table says',
    shows: [
      v311('MQTT-2.2.2-1', FLAGS_SUBACK),
      v5('MQTT-2.1.3-1', FLAGS_SUBACK),
      v311('MQTT-2.2.2-1', NO_FLAGS_PUBREL),
      v5('MQTT-2.1.3-1', NO_FLAGS_PUBREL),
    ],
    play: async (stage) => {
      for (const received of await everyAnswer(stage)) {
        const due = flagsOf(received.frame.type);
        demand(received.flags === due, `${say(received)} has the flags ${received.flags}; due were ${due}.`);
      }
    },
  },
  {
    claim: 'a packet with reserved flags that are wrong closes the connection',
    shows: [v311('MQTT-2.2.2-2', OVERLOOKS_FLAGS), v5('MQTT-2.1.3-1', OVERLOOKS_FLAGS)],
    play: async (stage) => {
      for (const wrong of wrongFlags(stage)) {
        const peer = await stage.connect();
        peer.send(wrong);
        await peer.expectClosedWith(0x81, 0x82);
      }
    },
  },
  {
    claim: 'CONNECT with a reserved flag of the fixed header set is refused',
    shows: [v311('MQTT-2.2.2-2', OVERLOOKS_FLAGS), v5('MQTT-2.1.3-1', OVERLOOKS_FLAGS)],
    play: async (stage) => {
      for (const flags of [1, 2, 4, 8]) {
        const peer = await stage.dial();
        const head = bytes(text('MQTT'), [stage.level, 0x02], u16(60), stage.level === 5 ? properties() : []);
        peer.send(packet(TYPE.connect, flags, head, text(stage.clientId(`f${flags}`))));
        await peer.expectRefused();
      }
    },
  },
];

/** One packet of each kind that a server sends when all goes well, but PUBLISH. */
async function everyAnswer(stage: ServerStage): Promise<readonly Received[]> {
  const { peer, connack } = await stage.introduce();
  const suback = await peer.subscribe(stage.topic(), 2);
  const sender = await stage.connect();
  sender.publish({ topic: stage.topic('other'), qos: 1 });
  const puback = await sender.expect('puback');
  const sent = sender.publish({ topic: stage.topic(), qos: 2 });
  const pubrec = await sender.expect('pubrec');
  sender.acknowledge('pubrel', sent);
  const pubcomp = await sender.expect('pubcomp');
  const { id } = await peer.expect('publish');
  peer.acknowledge('pubrec', id);
  const pubrel = await peer.expect('pubrel');
  peer.acknowledge('pubcomp', id);
  const unsuback = await peer.unsubscribe(stage.topic());
  peer.send(PINGREQ);
  return [connack, suback, puback, pubrec, pubcomp, pubrel, unsuback, await peer.expect('pingresp')];
}

function wrongFlags(stage: ServerStage): readonly Uint8Array[] {
  const none = stage.level === 5 ? properties() : new Uint8Array(0);
  const filter = text(stage.topic());
  return [
    packet(TYPE.subscribe, 0, u16(1), none, filter, [0]),
    packet(TYPE.subscribe, 3, u16(1), none, filter, [0]),
    packet(TYPE.unsubscribe, 0, u16(1), none, filter),
    packet(TYPE.unsubscribe, 10, u16(1), none, filter),
    packet(TYPE.pingreq, 1),
    packet(TYPE.pingreq, 8),
    packet(TYPE.pubrel, 0, u16(1)),
    packet(TYPE.pubrel, 6, u16(1)),
    packet(TYPE.puback, 2, u16(1)),
    packet(TYPE.pubrec, 2, u16(1)),
    packet(TYPE.pubcomp, 2, u16(1)),
  ];
}

function flagsOf(type: number): number | undefined {
  for (const name of Object.keys(FLAGS) as (keyof typeof FLAGS)[]) if (TYPE[name] === type) return FLAGS[name];
  return undefined;
}

/** A length in a byte more than it needs. */
function stretched(length: number): Uint8Array {
  const digits = varint(length);
  return bytes(digits.subarray(0, -1), [(digits.at(-1) ?? 0) | 0x80, 0x00]);
}
