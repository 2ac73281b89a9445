// Bad input in the place of CONNECT: what is not MQTT at all, and every rule of CONNECT broken once, in every version
// that has it. The connection ends, with CONNACK where the version can say why (MQTT 3.1.1 [MQTT-3.1.4-1] [MQTT-3.2.2-6]:
// else without), never with DISCONNECT [MQTT-3.14.0-1]; the log says once who, what and against which statement.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import { hex } from '../../src/packet/wire.arbitrary.ts';
import { expectComplaint, sceneWithBystander } from './bystander.ts';

/** What must not be processed behind a bad packet: PUBLISH to `x`, for 3.x and for 5. */
const PUBLISH_BEHIND = { 3: hex('30 03 00 01 "x"'), 4: hex('30 03 00 01 "x"'), 5: hex('30 04 00 01 "x" 00') } as const;

/** The head of a CONNECT up to its flags, by version: `10 {length} {name} {level}`. */
const CONNECT_3 = '00 06 "MQIsdp" 03';
const CONNECT_4 = '00 04 "MQTT" 04';
const CONNECT_5 = '00 04 "MQTT" 05';

/** A CONNECT whose Remaining Length is counted here. */
function connect(body: string): string {
  const bytes = hex(body);
  assert.ok(bytes.length < 128);
  return `10 ${bytes.length.toString(16).padStart(2, '0')} ${body}`;
}

/** Bad bytes at the start: the reason code of CONNACK, in the words of the version; `silent`: closed without a word. */
type FirstRow = readonly [
  claim: string,
  version: ProtocolVersion,
  bytes: string,
  reasonCode: number | 'silent',
  statement: string,
];

const FIRST: readonly FirstRow[] = [
  ['a TLS hello', 4, '16 03 01 02 00 01 00 01 fc 03 03', 'silent', 'MQTT-3.1.0-1'],
  ['an HTTP request', 4, '"GET / HTTP/1.1" 0d 0a "Host: x" 0d 0a 0d 0a', 'silent', 'MQTT-3.1.0-1'],
  ['an HTTP upgrade by POST', 4, '"POST /mqtt HTTP/1.1" 0d 0a 0d 0a', 'silent', 'MQTT-3.1.0-1'],
  ['a PROXY protocol header', 4, '"PROXY TCP4 1.2.3.4 5.6.7.8 9 10" 0d 0a', 'silent', 'MQTT-3.1.0-1'],
  ['a greeting of SSH', 4, '"SSH-2.0-OpenSSH_9.2" 0d 0a', 'silent', 'MQTT-3.1.0-1'],
  ['zeros', 4, '00 00 00 00', 'silent', 'MQTT-3.1.0-1'],
  ['reserved bits of CONNECT', 4, '12 00', 'silent', 'MQTT-2.1.3-1'],
  ['a fifth byte of Remaining Length', 4, '10 ff ff ff ff 7f', 'silent', 'MQTT-1.5.5-1'],
  ['a CONNECT of 256 MB, at its header', 4, '10 ff ff ff 7f', 'silent', 'MQTT-3.2.2-15'],
  ['an empty CONNECT', 4, '10 00', 'silent', ''],
  // Section 3.1.2.1; MQTT 3.1.1 [MQTT-3.1.2-2] asks for return code 1, and nobody knows what version 6 would understand.
  ['an unknown protocol name', 4, connect('00 04 "MQTX" 04 02 00 00 00 01 "a"'), 0x84, 'MQTT-3.1.2-1'],
  ['an unknown version', 4, connect('00 04 "MQTT" 06 02 00 00 00 01 "a"'), 0x84, 'MQTT-3.1.2-2'],
  ['version 0', 4, connect('00 04 "MQTT" 00 02 00 00 00 01 "a"'), 0x84, 'MQTT-3.1.2-2'],
  ['version 3 under the new name', 4, connect('00 04 "MQTT" 03 02 00 00 00 01 "a"'), 0x84, 'MQTT-3.1.2-2'],
  ['version 4 under the old name', 4, connect('00 06 "MQIsdp" 04 02 00 00 00 01 "a"'), 0x84, 'MQTT-3.1.2-2'],
  ...([3, 4, 5] as const).flatMap((version): FirstRow[] => {
    const head = { 3: CONNECT_3, 4: CONNECT_4, 5: CONNECT_5 }[version];
    const none = version === 5 ? '00' : '';
    return [
      [`the reserved Connect Flag`, version, connect(`${head} 03 00 00 ${none} 00 01 "a"`), 0x81, 'MQTT-3.1.2-3'],
      [`Will QoS without a Will`, version, connect(`${head} 0a 00 00 ${none} 00 01 "a"`), 0x81, 'MQTT-3.1.2-11'],
      [`Will Retain without a Will`, version, connect(`${head} 22 00 00 ${none} 00 01 "a"`), 0x81, 'MQTT-3.1.2-13'],
      [
        `Will QoS 3`,
        version,
        connect(`${head} 1e 00 00 ${none} 00 01 "a" ${none} 00 01 "w" 00 00`),
        0x81,
        'MQTT-3.1.2-12',
      ],
      [
        `a Will Topic with a wildcard`,
        version,
        connect(`${head} 06 00 00 ${none} 00 01 "a" ${none} 00 01 "#" 00 00`),
        0x90,
        'MQTT-4.7.0-1',
      ],
      [
        `an empty Will Topic`,
        version,
        connect(`${head} 06 00 00 ${none} 00 01 "a" ${none} 00 00 00 00`),
        0x90,
        'MQTT-4.7.3-1',
      ],
      [
        `a Will Topic that is not UTF-8`,
        version,
        connect(`${head} 06 00 00 ${none} 00 01 "a" ${none} 00 01 ff 00 00`),
        0x81,
        'MQTT-1.5.4-1',
      ],
      [
        `a client identifier that is not UTF-8`,
        version,
        connect(`${head} 02 00 00 ${none} 00 02 c3 28`),
        0x81,
        'MQTT-1.5.4-1',
      ],
      [
        `a client identifier with a surrogate`,
        version,
        connect(`${head} 02 00 00 ${none} 00 03 ed bf bf`),
        0x81,
        'MQTT-1.5.4-1',
      ],
      [
        `a client identifier with U+0000`,
        version,
        connect(`${head} 02 00 00 ${none} 00 03 "a" 00 "b"`),
        0x81,
        'MQTT-1.5.4-2',
      ],
      [
        `a user name with U+0000`,
        version,
        connect(`${head} 82 00 00 ${none} 00 01 "a" 00 01 00`),
        0x81,
        'MQTT-1.5.4-2',
      ],
      [`a client identifier that runs past the end`, version, connect(`${head} 02 00 00 ${none} 00 09 "a"`), 0x81, ''],
      [`bytes behind the last field`, version, connect(`${head} 02 00 00 ${none} 00 01 "a" 00`), 0x81, ''],
    ];
  }),
  ['a password without a user name', 4, connect(`${CONNECT_4} 42 00 00 00 01 "a" 00 01 "p"`), 0x81, 'MQTT-3.1.2-22'],
  ['a Property Length past the end', 5, connect(`${CONNECT_5} 02 00 00 7f 00 01 "a"`), 0x81, ''],
  ['a property of PUBLISH', 5, connect(`${CONNECT_5} 02 00 00 02 01 01 00 01 "a"`), 0x81, ''],
  [
    'Session Expiry Interval twice',
    5,
    connect(`${CONNECT_5} 02 00 00 0a 11 00 00 00 01 11 00 00 00 01 00 01 "a"`),
    0x82,
    '',
  ],
  ['Receive Maximum twice', 5, connect(`${CONNECT_5} 02 00 00 06 21 00 01 21 00 01 00 01 "a"`), 0x82, ''],
  ['Receive Maximum 0', 5, connect(`${CONNECT_5} 02 00 00 03 21 00 00 00 01 "a"`), 0x82, ''],
  ['Maximum Packet Size 0', 5, connect(`${CONNECT_5} 02 00 00 05 27 00 00 00 00 00 01 "a"`), 0x82, ''],
  ['Request Problem Information 2', 5, connect(`${CONNECT_5} 02 00 00 02 17 02 00 01 "a"`), 0x82, ''],
  ['Authentication Data without a method', 5, connect(`${CONNECT_5} 02 00 00 04 16 00 01 00 00 01 "a"`), 0x82, ''],
  [
    'Will Delay Interval twice',
    5,
    connect(`${CONNECT_5} 06 00 00 00 00 01 "a" 0a 18 00 00 00 01 18 00 00 00 01 00 01 "w" 00 00`),
    0x82,
    '',
  ],
  [
    'a User Property that is not UTF-8',
    5,
    connect(`${CONNECT_5} 02 00 00 07 26 00 01 "k" 00 01 ff 00 01 "a"`),
    0x81,
    'MQTT-1.5.4-1',
  ],
];

/** Of these codes 3.x can say one: unacceptable protocol version. */
const RETURN_CODES: ReadonlyMap<number, number> = new Map([[0x84, 1]]);

describe('before CONNACK', () => {
  for (const [claim, version, bytes, reasonCode, statement] of FIRST) {
    // [MQTT-3.1.4-1] [MQTT-3.2.2-7] [MQTT-3.14.0-1] [MQTT-4.13.1-1]
    test(`${claim} (version ${version}) gets ${reasonCode === 'silent' ? 'nothing' : `0x${reasonCode.toString(16)} where the version has it`}`, async () => {
      const { broker, complaints, expectUnnoticed } = await sceneWithBystander();
      const client = broker.dial(version);
      client.sendBytes(Buffer.concat([hex(bytes), PUBLISH_BEHIND[version]]));
      const code = version === 5 || reasonCode === 'silent' ? reasonCode : RETURN_CODES.get(reasonCode);
      const packets = client.take().map((packet) => (packet.kind === 'connack' ? packet.reasonCode : packet.kind));
      assert.deepEqual(packets, code === 'silent' || code === undefined ? [] : [code]);
      assert.equal(client.ended, 'end');
      client.confirmEnd();
      assert.equal(broker.broker.sizes.connections, 1);
      assert.equal(broker.broker.nextDeadline(), undefined);
      const [line, ...more] = complaints();
      assert.deepEqual(more, []);
      expectComplaint(line, /^A peer at test:2 was disconnected: ./, statement);
      expectUnnoticed();
    });
  }
});
