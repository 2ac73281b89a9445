import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PROXY_HEADER_BYTES_MAX, type ProxyHeader, parseProxyHeader } from './proxy-header.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';

function parse(text: string): ProxyHeader {
  return parseProxyHeader(Buffer.from(text, 'latin1'));
}

function parseHex(hex: string): ProxyHeader {
  return parseProxyHeader(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
}

test('version 1 names the client', () => {
  const line = 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 1883\r\n';
  assert.deepEqual(parse(`${line}rest`), {
    kind: 'complete',
    length: line.length,
    peer: { address: '192.0.2.7', port: 56_324 },
  });
  const six = 'PROXY TCP6 2001:db8::7 2001:db8::1 0 65535\r\n';
  assert.deepEqual(parse(six), { kind: 'complete', length: six.length, peer: { address: '2001:db8::7', port: 0 } });
});

test('IPv4 that is mapped into IPv6 is IPv4, and an address has one spelling', () => {
  const addressOf = (header: ProxyHeader): string | undefined =>
    header.kind === 'complete' ? header.peer?.address : undefined;
  const ports = '0bb8 075b';
  const mapped = '00000000 00000000 0000ffff cb007109';
  assert.equal(addressOf(parseHex(`${SIGNATURE} 21 21 0024 ${mapped} ${mapped} ${ports}`)), '203.0.113.9');
  for (const source of ['::ffff:203.0.113.9', '::FFFF:cb00:7109', '0:0:0:0:0:ffff:cb00:7109'])
    assert.equal(addressOf(parse(`PROXY TCP6 ${source} ::1 1 2\r\n`)), '203.0.113.9');
  assert.equal(addressOf(parse('PROXY TCP6 2001:0DB8:0::7 ::1 1 2\r\n')), '2001:db8::7');
});

test('version 1 may know nobody, and says whatever it likes behind that', () => {
  for (const line of ['PROXY UNKNOWN\r\n', 'PROXY UNKNOWN ffff::1 a b c\r\n']) {
    assert.deepEqual(parse(line), { kind: 'complete', length: line.length, peer: undefined });
  }
});

test('a line that is not exactly of the form is invalid', () => {
  for (const line of [
    'PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 56324 1883 \r\n',
    'PROXY TCP4  192.0.2.7 198.51.100.1 56324 1883\r\n',
    'PROXY TCP4 192.0.2.07 198.51.100.1 56324 1883\r\n',
    'PROXY TCP4 192.0.2.256 198.51.100.1 56324 1883\r\n',
    'PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n',
    'PROXY TCP6 192.0.2.7 198.51.100.1 56324 1883\r\n',
    'PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 056324 1883\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 -1 1883\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 65536 1883\r\n',
    'PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n',
    'PROXY tcp4 192.0.2.7 198.51.100.1 1 2\r\n',
    'PROXY \r\n',
    'proxy TCP4',
    'PROXY  TCP4 192.0.2.7 198.51.100.1 1 2\r\n',
    `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`,
    `PROXY ${'x'.repeat(101)}`,
    'GET / HTTP/1.1\r\n',
    '\x10\x10',
  ]) {
    assert.deepEqual(parse(line), { kind: 'invalid' }, JSON.stringify(line));
  }
});

test('the longest line of version 1 is 107 bytes', () => {
  const line = `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`;
  assert.equal(line.length, 107);
  assert.equal(parse(line).kind, 'complete');
});

test('version 2 names the client; what it carries besides is skipped', () => {
  const four = `${SIGNATURE} 21 11 000c c0000207 c6336401 dc04 075b`;
  assert.deepEqual(parseHex(`${four} 101000`), {
    kind: 'complete',
    length: 28,
    peer: { address: '192.0.2.7', port: 56_324 },
  });
  const withTlv = `${SIGNATURE} 21 11 0013 c0000207 c6336401 dc04 075b 04 0004 00000000`;
  assert.deepEqual(parseHex(withTlv), { kind: 'complete', length: 35, peer: { address: '192.0.2.7', port: 56_324 } });
  const six = `${SIGNATURE} 21 21 0024 20010db8000000000000000000000007 20010db8000000000000000000000001 0001 0002`;
  assert.deepEqual(parseHex(six), { kind: 'complete', length: 52, peer: { address: '2001:db8::7', port: 1 } });
});

test('version 2 may speak for the proxy itself, for a Unix socket, or for nobody known', () => {
  const none = { kind: 'complete', peer: undefined };
  assert.deepEqual(parseHex(`${SIGNATURE} 20 00 0000`), { ...none, length: 16 });
  assert.deepEqual(parseHex(`${SIGNATURE} 20 11 000c c0000207 c6336401 dc04 075b`), { ...none, length: 28 });
  assert.deepEqual(parseHex(`${SIGNATURE} 21 00 0003 040000`), { ...none, length: 19 });
  assert.deepEqual(parseHex(`${SIGNATURE} 21 31 00d8 ${'00'.repeat(216)}`), { ...none, length: 232 });
});

test('what is not exactly of version 2 is invalid, before it is complete where that shows', () => {
  for (const hex of [
    `${SIGNATURE} 11 11 000c`,
    `${SIGNATURE} 31 11 000c`,
    `${SIGNATURE} 22 11 000c`,
    `${SIGNATURE} 21 12 000c`,
    `${SIGNATURE} 21 22 0024`,
    `${SIGNATURE} 21 11 000b`,
    `${SIGNATURE} 21 21 0023`,
    `${SIGNATURE} 21 41 0000`,
    `${SIGNATURE} 21 11 ffff`,
    `${SIGNATURE} 20 00 0ff1`,
    '0d0a0d0a000d0a515549540b',
  ]) {
    assert.deepEqual(parseHex(hex), { kind: 'invalid' }, hex);
  }
});

test('any beginning of a header is incomplete, and nothing else is', () => {
  const headers = [
    Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 56324 1883\r\n'),
    Buffer.from(`${SIGNATURE}211100 0c c0000207c6336401dc04075b`.replaceAll(' ', ''), 'hex'),
  ];
  for (const header of headers) {
    for (let length = 0; length < header.length; length++) {
      assert.deepEqual(parseProxyHeader(header.subarray(0, length)), { kind: 'incomplete' }, String(length));
    }
    assert.equal(parseProxyHeader(header).kind, 'complete');
  }
});

test('threat 62: any bytes have an answer, and what is incomplete is short', () => {
  const start = fc.constantFrom('', 'PROXY ', 'PROXY TCP4 ', Buffer.from(SIGNATURE, 'hex').toString('latin1'));
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 5_000, size: 'max' }), (signature, rest) => {
      const bytes = Buffer.concat([Buffer.from(signature, 'latin1'), rest]);
      const header = parseProxyHeader(bytes);
      if (header.kind === 'complete') assert.ok(header.length <= bytes.length);
      if (header.kind === 'incomplete') assert.ok(bytes.length < PROXY_HEADER_BYTES_MAX);
    }),
  );
});
