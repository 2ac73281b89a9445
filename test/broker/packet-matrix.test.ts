// Every packet type in every state of a connection: nothing said yet, CONNECT being decided, open. Sixteen types,
// three states, three versions; what comes back, and whether the connection goes on.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Authentication } from '../../src/auth/contract.ts';
import { hex } from '../../src/packet/wire.arbitrary.ts';
import { sceneWithBystander } from './bystander.ts';

/** What an open connection makes of a packet: the lines it answers with, or the code with which it ends; `gone`: it just ends. */
type Verdict = readonly string[] | number | 'gone';

/** One packet type: its name, a good packet of it for 3.x and for 5, and what becomes of it when the connection is open. */
interface Row {
  readonly name: string;
  readonly bytes3: string;
  readonly bytes5: string;
  readonly open3: Verdict;
  readonly open5: Verdict;
}

const ROWS: readonly Row[] = [
  { name: 'type 0', bytes3: '00 00', bytes5: '00 00', open3: 0x81, open5: 0x81 },
  {
    name: 'CONNECT',
    bytes3: '10 0d 00 04 "MQTT" 04 02 00 00 00 01 "c"',
    bytes5: '10 0e 00 04 "MQTT" 05 02 00 00 00 00 01 "c"',
    open3: 0x82,
    open5: 0x82,
  },
  { name: 'CONNACK', bytes3: '20 02 00 00', bytes5: '20 03 00 00 00', open3: 0x82, open5: 0x82 },
  {
    name: 'PUBLISH',
    bytes3: '32 05 00 01 "a" 00 07',
    bytes5: '32 06 00 01 "a" 00 07 00',
    open3: ['PUBACK 7'],
    open5: ['PUBACK 7'],
  },
  { name: 'PUBACK', bytes3: '40 02 00 07', bytes5: '40 02 00 07', open3: [], open5: [] },
  { name: 'PUBREC', bytes3: '50 02 00 07', bytes5: '50 02 00 07', open3: ['PUBREL 7'], open5: ['PUBREL 7 0x92'] },
  { name: 'PUBREL', bytes3: '62 02 00 07', bytes5: '62 02 00 07', open3: ['PUBCOMP 7'], open5: ['PUBCOMP 7 0x92'] },
  { name: 'PUBCOMP', bytes3: '70 02 00 07', bytes5: '70 02 00 07', open3: [], open5: [] },
  {
    name: 'SUBSCRIBE',
    bytes3: '82 06 00 07 00 01 "b" 01',
    bytes5: '82 07 00 07 00 00 01 "b" 01',
    open3: ['SUBACK 7 0x01'],
    open5: ['SUBACK 7 0x01'],
  },
  { name: 'SUBACK', bytes3: '90 03 00 07 00', bytes5: '90 04 00 07 00 00', open3: 0x82, open5: 0x82 },
  {
    name: 'UNSUBSCRIBE',
    bytes3: 'a2 05 00 07 00 01 "b"',
    bytes5: 'a2 06 00 07 00 00 01 "b"',
    open3: ['UNSUBACK 7'],
    open5: ['UNSUBACK 7 0x11'],
  },
  { name: 'UNSUBACK', bytes3: 'b0 02 00 07', bytes5: 'b0 04 00 07 00 00', open3: 0x82, open5: 0x82 },
  { name: 'PINGREQ', bytes3: 'c0 00', bytes5: 'c0 00', open3: ['PINGRESP'], open5: ['PINGRESP'] },
  { name: 'PINGRESP', bytes3: 'd0 00', bytes5: 'd0 00', open3: 0x82, open5: 0x82 },
  { name: 'DISCONNECT', bytes3: 'e0 00', bytes5: 'e0 00', open3: 'gone', open5: 'gone' },
  { name: 'AUTH', bytes3: 'f0 00', bytes5: 'f0 06 19 04 15 00 01 "m"', open3: 0x81, open5: 0x82 },
];

for (const version of [3, 4, 5] as const) {
  describe(`version ${version}`, () => {
    for (const row of ROWS) {
      const bytes = hex(version === 5 ? row.bytes5 : row.bytes3);
      const verdict = version === 5 ? row.open5 : row.open3;
      // [MQTT-3.1.0-1]: DISCONNECT would be no answer to who has not connected [MQTT-3.14.0-1].
      test(`${row.name} as the first packet ${row.name === 'CONNECT' ? 'opens the connection' : 'ends it without a word'}`, async () => {
        const { broker, complaints, expectUnnoticed } = await sceneWithBystander();
        const client = broker.dial(version);
        client.sendBytes(bytes);
        assert.deepEqual(client.said(), row.name === 'CONNECT' ? ['CONNACK'] : []);
        assert.equal(client.ended, row.name === 'CONNECT' ? 'not yet' : 'end');
        assert.equal(complaints().length, row.name === 'CONNECT' ? 0 : 1);
        expectUnnoticed();
      });

      // Section 3.1.4: it may be sent, and waits until CONNECT is decided.
      test(`${row.name} while CONNECT is being decided waits, and is then taken as on an open connection`, async () => {
        const { promise, resolve } = Promise.withResolvers<Authentication>();
        let isFirst = true;
        const accepted: Authentication = { kind: 'accepted', principal: undefined };
        const authenticate = (): Authentication | Promise<Authentication> => {
          if (!isFirst) return promise;
          isFirst = false;
          return accepted;
        };
        const { broker, bystander, expectUnnoticed } = await sceneWithBystander({ authenticator: { authenticate } });
        const client = broker.knock({ version, clientId: 'c' });
        client.sendBytes(bytes);
        assert.deepEqual(client.take(), []);
        assert.deepEqual(bystander.take(), []);
        assert.equal(client.ended, 'not yet');
        resolve(accepted);
        for (let turn = 0; turn < 5; turn++) await Promise.resolve();
        assert.deepEqual(client.said(), ['CONNACK', ...answers(verdict, version)]);
        assert.equal(client.ended, Array.isArray(verdict) ? 'not yet' : 'end');
        bystander.take();
        expectUnnoticed();
      });

      test(`${row.name} on an open connection ${describeVerdict(verdict)}`, async () => {
        const { broker, bystander, complaints, expectUnnoticed } = await sceneWithBystander();
        const client = broker.connect({ version, clientId: 'c' });
        client.sendBytes(bytes);
        assert.deepEqual(client.said(), answers(verdict, version));
        assert.equal(client.ended, Array.isArray(verdict) ? 'not yet' : 'end');
        assert.equal(complaints().length, typeof verdict === 'number' ? 1 : 0);
        assert.deepEqual(bystander.said(), row.name === 'PUBLISH' ? ['PUBLISH a= QoS 1 id 1'] : []);
        expectUnnoticed();
      });
    }
  });
}

function answers(verdict: Verdict, version: 3 | 4 | 5): readonly string[] {
  if (typeof verdict === 'number') return version === 5 ? [`DISCONNECT 0x${verdict.toString(16)}`] : [];
  return verdict === 'gone' ? [] : verdict;
}

function describeVerdict(verdict: Verdict): string {
  if (verdict === 'gone') return 'ends it';
  if (typeof verdict === 'number') return `ends it with 0x${verdict.toString(16)}`;
  return verdict.length === 0 ? 'is taken' : `is answered with ${verdict.join(', ')}`;
}
