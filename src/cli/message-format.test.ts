import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ReceivedMessage } from '../client/received-message.ts';
import { NO_MESSAGE_PROPERTIES } from '../packet/properties.ts';
import { customFormat, jsonFormat, payloadFormat, verboseFormat, withoutControls } from './message-format.ts';

function message(more: Partial<ReceivedMessage> = {}): ReceivedMessage {
  return {
    topic: 'a/b',
    payload: Buffer.from('{"x":1}'),
    qos: 1,
    retain: true,
    dup: false,
    subscriptionIdentifiers: [],
    properties: NO_MESSAGE_PROPERTIES,
    key: 41,
    packetId: 7,
    ack: () => undefined,
    ...more,
  };
}

const RICH = message({
  subscriptionIdentifiers: [4, 9],
  properties: {
    payloadFormatIndicator: 1,
    messageExpiryInterval: 50,
    contentType: 'text/plain',
    responseTopic: 'r/t',
    correlationData: Buffer.from('abc'),
    userProperties: [
      ['k', 'v'],
      ['k2', 'v2'],
    ],
  },
});

const MOMENT = new Date('2026-08-10T09:47:38.045Z');

function shown(format: string, of: ReceivedMessage = message(), endsLine = false): string {
  return Buffer.from(customFormat(format, endsLine, () => MOMENT)(of)).toString('utf8');
}

test('a payload is printed as it is, with or without a line feed', () => {
  const binary = message({ payload: Uint8Array.of(0xff, 0, 10) });
  assert.deepEqual([...payloadFormat(true)(binary)], [0xff, 0, 10, 10]);
  assert.deepEqual([...payloadFormat(false)(binary)], [0xff, 0, 10]);
});

test('-v puts the topic before the payload, and (null) where there is none, as mosquitto_sub does', () => {
  const format = verboseFormat(true, (topic) => `<${topic}>`);
  assert.equal(Buffer.from(format(message())).toString(), '<a/b> {"x":1}\n');
  assert.equal(Buffer.from(format(message({ payload: new Uint8Array(0) }))).toString(), '<a/b> (null)\n');
  assert.deepEqual(
    [...verboseFormat(false, (topic) => topic)(message({ topic: 't', payload: Uint8Array.of(0xff) }))],
    [0x74, 0x20, 0xff],
  );
});

test('a format has the parameters of mosquitto_sub', () => {
  assert.equal(shown('%t|%p|%x|%X|%l|%q|%r|%%'), 'a/b|{"x":1}|7b2278223a317d|7B2278223A317D|7|1|1|%');
  assert.equal(shown('%C|%D|%E|%F|%P|%R|%S', RICH), 'text/plain|abc|50|1|k:v k2:v2|r/t|4 9');
  assert.equal(shown('%C|%D|%E|%F|%P|%R|%S'), '||||||');
  assert.equal(shown('\\t\\n\\0\\e\\\\ @@ é', message(), true), '\t\n\0\x1b\\ @ é\n');
});

test('%k is the key of a message that may be printed again; one of QoS 0 has none', () => {
  assert.equal(shown('%k %p', message({ payload: Buffer.from('x') })), '41 x');
  assert.equal(shown('%k|', message({ qos: 0 })), '|');
});

test('%m is the Packet Identifier, and 0 where there is none', () => {
  assert.equal(shown('%m %04m'), '7 0007');
  assert.equal(shown('%m', message({ qos: 0, packetId: 0 })), '0');
});

test('a payload in a format keeps its bytes', () => {
  const format = customFormat('%p', false, () => MOMENT);
  assert.deepEqual([...format(message({ payload: Uint8Array.of(0xff, 0xfe) }))], [0xff, 0xfe]);
});

test('%j is one line of JSON with the payload as a string, %J with the payload as JSON', () => {
  const facts = { topic: 'a/b', qos: 1, retain: 1, payloadlen: 7, mid: 7 };
  const { tst, ...plain } = JSON.parse(shown('%j')) as { tst: string };
  assert.match(tst, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.045000[+-]\d{4}$/);
  assert.deepEqual(plain, { ...facts, payload: '{"x":1}' });
  assert.partialDeepStrictEqual(JSON.parse(shown('%J')), { ...facts, payload: { x: 1 } });
  assert.partialDeepStrictEqual(JSON.parse(shown('%J', message({ payload: Buffer.from('no "json"') }))), {
    payload: 'no "json"',
  });
  assert.partialDeepStrictEqual(JSON.parse(shown('%j', RICH)), {
    properties: {
      'content-type': 'text/plain',
      'user-properties': { k: 'v', k2: 'v2' },
      'subscription-identifier': 9,
      'response-topic': 'r/t',
      'correlation-data': 'abc',
      'payload-format-indicator': 1,
      'message-expiry-interval': 50,
    },
  });
});

test('the time is told in local ISO form and in seconds since 1970', () => {
  assert.equal(shown('%U'), '1786355258.045000000');
  const local = shown('%I');
  assert.match(local, /^2026-08-\d\dT\d\d:\d\d:38[+-]\d{4}$/);
  assert.equal(new Date(local.replace(/(\d\d)$/, ':$1')).getTime(), MOMENT.getTime() - 45);
});

test('fields are cut and padded as mosquitto_sub does it, and payloads are never cut by a width', () => {
  const of = message({ payload: Buffer.from('h\xe9llo"x') });
  assert.equal(
    shown('[%10t][%-10t][%.2t][%010l][%5l][%-5l]', of),
    '[       a/b][a/b       ][a/][0000000008][    8][8    ]',
  );
  assert.equal(shown('[%010p][%10p][%-10p][%3p]', of), '[00h\xe9llo"x][  h\xe9llo"x][h\xe9llo"x  ][h\xe9llo"x]');
  assert.equal(
    shown('[%10C][%-010E][%010E][%5S][%10R]', RICH),
    '[text/plain][50        ][0000000050][  4 9][       r/t]',
  );
  assert.equal(shown('[%3C][%03E][%m]', message({ qos: 0, packetId: 0 })), '[   ][000][0]');
  assert.equal(shown('[%4t][%.1t]', message({ topic: 'äö' })), '[  äö][ä]');
});

test('a format has the letters of strftime, and nanoseconds', () => {
  assert.equal(shown('@@ @s.@N @Y@m'), '@ 1786355258.045000000 202608');
});

test('--json is one object a line from which the message can be read back, whatever bytes it has', () => {
  const json = (of: ReceivedMessage): unknown =>
    JSON.parse(Buffer.from(jsonFormat(false, () => MOMENT)(of)).toString());
  const facts = { time: '2026-08-10T09:47:38.045Z', topic: 'a/b', qos: 1, retain: true, key: 41 };
  assert.deepEqual(json(message()), { ...facts, payload: '{"x":1}' });
  assert.deepEqual(json(message({ payload: Uint8Array.of(0xff) })), { ...facts, payloadBase64: '/w==' });
  assert.deepEqual(json(message({ payload: Buffer.from('\ufeffx') })), { ...facts, payload: '\ufeffx' });
  assert.partialDeepStrictEqual(json(RICH), {
    contentType: 'text/plain',
    correlationData: 'abc',
    subscriptionIdentifiers: [4, 9],
    userProperties: [
      ['k', 'v'],
      ['k2', 'v2'],
    ],
  });
});

test('a payload is shown in hexadecimal, in base64, and as JSON on lines of its own', () => {
  const print = (encoding: 'hex' | 'base64' | 'json', of = message()): string =>
    Buffer.from(payloadFormat(true, encoding)(of)).toString();
  assert.equal(print('hex'), '7b2278223a317d\n');
  assert.equal(print('base64'), 'eyJ4IjoxfQ==\n');
  assert.equal(print('json'), '{\n  "x": 1\n}\n');
  assert.equal(print('json', message({ payload: Buffer.from('no {') })), 'no {\n');
});

test('a sequence that has no meaning here is refused with those that have one', () => {
  for (const format of ['%z', '%', '\\q', '\\', '@Q', '@', '%5', '%-.t.', '%5.t']) {
    assert.throws(() => shown(format), { name: 'BadValue', message: /^knows / });
  }
});

test('control characters are written out for a terminal', () => {
  assert.equal(withoutControls('a\x1b[2J\nb\x9b é'), 'a\\x1b[2J\\x0ab\\x9b é');
});
