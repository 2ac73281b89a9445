// Table 2-6 as the specification prints it, held against the sets, and every code tried in every packet.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Direction } from './packet-type.ts';
import { REASON_CODES } from './reason-code-table.ts';
import { ProtocolError } from './protocol-error.ts';
import { decodeAll, hex } from './wire.arbitrary.ts';

/** Codes and packets, as printed. */
const TABLE_2_6 = `
  00 CONNACK PUBACK PUBREC PUBREL PUBCOMP UNSUBACK AUTH DISCONNECT SUBACK
  01 SUBACK
  02 SUBACK
  04 DISCONNECT
  10 PUBACK PUBREC
  11 UNSUBACK
  18 AUTH
  19 AUTH
  80 CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT
  81 CONNACK DISCONNECT
  82 CONNACK DISCONNECT
  83 CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT
  84 CONNACK
  85 CONNACK
  86 CONNACK
  87 CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT
  88 CONNACK
  89 CONNACK DISCONNECT
  8a CONNACK
  8b DISCONNECT
  8c CONNACK DISCONNECT
  8d DISCONNECT
  8e DISCONNECT
  8f SUBACK UNSUBACK DISCONNECT
  90 CONNACK PUBACK PUBREC DISCONNECT
  91 PUBACK PUBREC SUBACK UNSUBACK
  92 PUBREL PUBCOMP
  93 DISCONNECT
  94 DISCONNECT
  95 CONNACK DISCONNECT
  96 DISCONNECT
  97 CONNACK PUBACK PUBREC SUBACK DISCONNECT
  98 DISCONNECT
  99 CONNACK PUBACK PUBREC DISCONNECT
  9a CONNACK DISCONNECT
  9b CONNACK DISCONNECT
  9c CONNACK DISCONNECT
  9d CONNACK DISCONNECT
  9e SUBACK DISCONNECT
  9f CONNACK DISCONNECT
  a0 DISCONNECT
  a1 SUBACK DISCONNECT
  a2 SUBACK DISCONNECT`;

interface Carrier {
  readonly packet: string;
  readonly receives: Direction;
  readonly bytes: (code: string) => string;
}

const CARRIERS: readonly Carrier[] = [
  { packet: 'CONNACK', receives: 'from-server', bytes: (code) => `20 03 00 ${code} 00` },
  { packet: 'PUBACK', receives: 'from-client', bytes: (code) => `40 03 00 01 ${code}` },
  { packet: 'PUBREC', receives: 'from-server', bytes: (code) => `50 03 00 01 ${code}` },
  { packet: 'PUBREL', receives: 'from-client', bytes: (code) => `62 03 00 01 ${code}` },
  { packet: 'PUBCOMP', receives: 'from-server', bytes: (code) => `70 03 00 01 ${code}` },
  { packet: 'SUBACK', receives: 'from-server', bytes: (code) => `90 04 00 01 00 ${code}` },
  { packet: 'UNSUBACK', receives: 'from-server', bytes: (code) => `b0 04 00 01 00 ${code}` },
  { packet: 'DISCONNECT', receives: 'from-client', bytes: (code) => `e0 01 ${code}` },
  { packet: 'DISCONNECT', receives: 'from-server', bytes: (code) => `e0 01 ${code}` },
  { packet: 'AUTH', receives: 'from-client', bytes: (code) => `f0 06 ${code} 04 15 00 01 "m"` },
  { packet: 'AUTH', receives: 'from-server', bytes: (code) => `f0 06 ${code} 04 15 00 01 "m"` },
];

const ALL_CODES = Array.from({ length: 256 }, (_, code) => code.toString(16).padStart(2, '0'));

/** The codes that a packet of MQTT 5.0 may carry, by trying. */
function taken({ receives, bytes }: Carrier, version: 4 | 5 = 5): string[] {
  return ALL_CODES.filter((code) => {
    try {
      return decodeAll(hex(bytes(code)), { version, receives }).length === 1;
    } catch (error) {
      assert.ok(error instanceof ProtocolError && error.reasonCode === 0x82, String(error));
      return false;
    }
  });
}

describe('a packet carries the Reason Codes that table 2-6 gives it, and no other', () => {
  for (const packet of new Set(CARRIERS.map((carrier) => carrier.packet))) {
    test(packet, () => {
      const printed = TABLE_2_6.trim()
        .split('\n')
        .map((line) => line.trim().split(' '))
        .filter(([, ...packets]) => packets.includes(packet))
        .map(([code]) => code);
      const both = CARRIERS.filter((carrier) => carrier.packet === packet).flatMap((carrier) => taken(carrier));
      assert.deepEqual([...new Set(both)].sort(), printed);
    });
  }
});

test('a Client does not send a DISCONNECT of Servers, nor a Server one of Clients', () => {
  const onlyServers = ['87', '89', '8b', '8d', '8e', '8f', '9a', '9b', '9c', '9d', '9e', '9f', 'a0', 'a1', 'a2'];
  for (const code of onlyServers) assert.ok(!REASON_CODES.disconnectFromClient.has(Number.parseInt(code, 16)), code);
  assert.ok(!REASON_CODES.disconnectFromServer.has(0x04));
});

test('the return codes of MQTT 3.1.1 are those of its tables', () => {
  const connack: Carrier = { packet: 'CONNACK', receives: 'from-server', bytes: (code) => `20 02 00 ${code}` };
  const suback: Carrier = { packet: 'SUBACK', receives: 'from-server', bytes: (code) => `90 03 00 01 ${code}` };
  assert.deepEqual(taken(connack, 4), ['00', '01', '02', '03', '04', '05']);
  assert.deepEqual(taken(suback, 4), ['00', '01', '02', '80']);
});
