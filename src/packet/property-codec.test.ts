// Table 2-4 as the specification prints it, held against the rows, and every property tried in
// every packet.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Direction } from './packet-type.ts';
import { PROPERTY_ROWS, PropertyOwner } from './property-codec.ts';
import { ProtocolError } from './protocol-error.ts';
import { decodeAll, hex } from './wire.arbitrary.ts';

type Owner = keyof typeof PropertyOwner;

/** Identifier, data type and packets, as printed. */
const TABLE_2_4 = `
  1  byte           publish will
  2  four-byte      publish will
  3  text           publish will
  8  text           publish will
  9  binary         publish will
  11 variable-byte  publish subscribe
  17 four-byte      connect connack disconnect
  18 text           connack
  19 two-byte       connack
  21 text           connect connack auth
  22 binary         connect connack auth
  23 byte           connect
  24 four-byte      will
  25 byte           connect
  26 text           connack
  28 text           connack disconnect
  31 text           connack acknowledgement disconnect auth
  33 two-byte       connect connack
  34 two-byte       connect connack
  35 two-byte       publish
  36 byte           connack
  37 byte           connack
  38 text-pair      connect connack publish will acknowledgement subscribe unsubscribe disconnect auth
  39 four-byte      connect connack
  40 byte           connack
  41 byte           connack
  42 byte           connack`;

const VALUES: Readonly<Record<string, string>> = {
  byte: '01',
  'two-byte': '00 01',
  'four-byte': '00 00 00 01',
  'variable-byte': '01',
  text: '00 01 "m"',
  binary: '00 01 ff',
  'text-pair': '00 01 "k" 00 01 "v"',
};

/** The bytes of a packet round a block of properties, and who sends it. */
const PACKETS: { readonly [K in Owner]: readonly [Direction, (block: string) => string, fixedHeader: string][] } = {
  connect: [['from-client', (block) => `00 04 "MQTT" 05 02 00 00 ${block} 00 01 "a"`, '10']],
  connack: [['from-server', (block) => `00 00 ${block}`, '20']],
  publish: [['from-server', (block) => `00 01 "t" ${block}`, '30']],
  will: [['from-client', (block) => `00 04 "MQTT" 05 06 00 00 00 00 01 "a" ${block} 00 01 "w" 00 01 "x"`, '10']],
  acknowledgement: [
    ['from-client', (block) => `00 01 00 ${block}`, '40'],
    ['from-client', (block) => `00 01 00 ${block}`, '50'],
    ['from-client', (block) => `00 01 00 ${block}`, '62'],
    ['from-client', (block) => `00 01 00 ${block}`, '70'],
    ['from-server', (block) => `00 01 ${block} 00`, '90'],
    ['from-server', (block) => `00 01 ${block} 00`, 'b0'],
  ],
  subscribe: [['from-client', (block) => `00 01 ${block} 00 01 "a" 00`, '82']],
  unsubscribe: [['from-client', (block) => `00 01 ${block} 00 01 "a"`, 'a2']],
  disconnect: [['from-client', (block) => `00 ${block}`, 'e0']],
  auth: [['from-client', (block) => `18 ${block}`, 'f0']],
};

const ROWS = TABLE_2_4.trim()
  .split('\n')
  .map((line) => {
    const [identifier, kind, ...owners] = line.trim().split(/ +/);
    return { identifier: Number(identifier), kind: kind ?? '', owners: (owners as Owner[]).toSorted() };
  });

/** What a packet with these properties, each written out, is answered with; `undefined` when it is taken. */
function answer(owner: Owner, properties: readonly string[]): (ProtocolError | undefined)[] {
  return PACKETS[owner].map(([receives, body, fixedHeader]) => {
    const block = properties.map((property) => hex(property).length).reduce((sum, length) => sum + length, 0);
    const content = body(`${block.toString(16).padStart(2, '0')} ${properties.join(' ')}`);
    const bytes = hex(`${fixedHeader} ${hex(content).length.toString(16).padStart(2, '0')} ${content}`);
    try {
      assert.equal(decodeAll(bytes, { version: 5, receives }).length, 1);
      return undefined;
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error));
      return error;
    }
  });
}

function written(identifier: number, kind: string): string {
  return `${identifier.toString(16).padStart(2, '0')} ${VALUES[kind]}`;
}

/** What else must be there for a property to be taken. */
function company(owner: Owner, identifier: number): string[] {
  const needsMethod = (identifier === 22 && owner === 'connect') || (owner === 'auth' && identifier !== 21);
  return needsMethod ? [written(21, 'text')] : [];
}

test('the rows are table 2-4, but for User Property', () => {
  const rows = PROPERTY_ROWS.map(({ identifier, kind, owners }) => ({
    identifier,
    kind,
    owners: Object.entries(PropertyOwner)
      .filter(([, bit]) => (owners & bit) !== 0)
      .map(([name]) => name)
      .sort(),
  }));
  assert.deepEqual(
    rows,
    ROWS.filter(({ identifier }) => identifier !== 38),
  );
});

describe('each property, in each packet', () => {
  for (const owner of Object.keys(PACKETS) as Owner[]) {
    test(`${owner} takes what table 2-4 gives it, and calls the rest malformed`, () => {
      for (const { identifier, kind, owners } of ROWS) {
        const errors = answer(owner, [...company(owner, identifier), written(identifier, kind)]);
        for (const error of errors) {
          if (owners.includes(owner)) assert.equal(error, undefined, `${identifier}: ${error?.message}`);
          else assert.equal(error?.reasonCode, 0x81, `${identifier}: ${error?.message}`);
        }
      }
    });

    test(`${owner} has no property twice, but User Property and the Subscription Identifiers of PUBLISH`, () => {
      for (const { identifier, kind, owners } of ROWS) {
        if (!owners.includes(owner)) continue;
        const one = written(identifier, kind);
        const isList = identifier === 38 || (identifier === 11 && owner === 'publish');
        for (const error of answer(owner, [...company(owner, identifier), one, one])) {
          assert.equal(error?.reasonCode, isList ? undefined : 0x82, `${identifier}: ${error?.message}`);
        }
      }
    });
  }

  test('a byte that says yes or no says nothing else', () => {
    for (const { identifier, kind, owners } of ROWS) {
      if (kind !== 'byte') continue;
      for (const owner of owners) {
        const property = `${identifier.toString(16).padStart(2, '0')} 02`;
        for (const error of answer(owner, [property])) assert.equal(error?.reasonCode, 0x82, `${identifier}`);
      }
    }
  });

  test('Receive Maximum, Maximum Packet Size and Subscription Identifier are not 0', () => {
    for (const [owner, property] of [
      ['connect', '21 00 00'],
      ['connack', '21 00 00'],
      ['connect', '27 00 00 00 00'],
      ['connack', '27 00 00 00 00'],
      ['publish', '0b 00'],
      ['subscribe', '0b 00'],
    ] as const) {
      for (const error of answer(owner, [property])) assert.equal(error?.reasonCode, 0x82, property);
    }
  });

  test('a property that is cut short at the end of its block is malformed', () => {
    for (const { identifier, kind, owners } of ROWS) {
      const bytes = [...hex(written(identifier, kind))].map((byte) => byte.toString(16).padStart(2, '0'));
      for (const owner of owners) {
        for (let length = 1; length < bytes.length; length++) {
          for (const error of answer(owner, [...company(owner, identifier), bytes.slice(0, length).join(' ')])) {
            assert.equal(error?.reasonCode, 0x81, `${identifier}, ${length} bytes: ${error?.message}`);
          }
        }
      }
    }
  });
});
