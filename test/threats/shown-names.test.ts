// What the other side has chosen, where people read it: the tools show a broker's words, and do not obey them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';

import { connack } from '../../conformance/wire/write.ts';
import { ClientProcess } from '../cli/client-process.ts';

test("threat 65: a broker's Reason String moves no cursor, begins no line and turns no direction in what a tool says", async (context) => {
  const reasonString = 'a\u001b[2J\r\nvouch pub: all is well\u009b31m\u202e\u200f\u2028';
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(connack(5, { reasonCode: 0x87, properties: { reasonString } })));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  context.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const { code, stderr } = await new ClientProcess(context, [
    'pub',
    '-p',
    `${address.port}`,
    '-t',
    'a',
    '-m',
    'x',
  ]).end();
  assert.equal(code, 1);
  assert.match(stderr, /all is well/);
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about.
  assert.doesNotMatch(stderr.trimEnd(), /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
});
