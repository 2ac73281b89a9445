import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';

import fc from 'fast-check';

import { addressOf, AddressTable, parseAddressRange } from './address-range.ts';

test('an address is in the ranges that hold it, also where it comes mapped into IPv6', () => {
  const cases: readonly (readonly [range: string, remote: string, isIn: boolean])[] = [
    ['10.0.0.0/8', '10.255.0.1:1', true],
    ['10.0.0.0/8', '11.0.0.1:1', false],
    ['10.0.0.0/8', '[::ffff:10.0.0.1]:1', true],
    ['10.0.0.0/8', '[::ffff:a00:1]:1', true],
    ['::ffff:10.0.0.1', '10.0.0.1:1', true],
    ['::ffff:10.0.0.0/104', '10.255.0.1:1', true],
    ['::ffff:10.0.0.0/104', '11.0.0.1:1', false],
    ['64:ff9b::192.0.2.1', '[64:ff9b::c000:201]:1', true],
    ['::/0', '[2001:db8::1]:1', true],
    ['192.0.2.7', '192.0.2.7:50123', true],
    ['192.0.2.7', '192.0.2.8:50123', false],
    ['0.0.0.0/0', '192.0.2.7:1', true],
    ['0.0.0.0/0', '[2001:db8::1]:1', false],
    ['2001:db8::/32', '[2001:db8:1::1]:1', true],
    ['fe80::/10', '[fe80::1%eth0]:1', true],
    ['::1', '[::1]:1', true],
    ['::/0', 'unknown', false],
    ['::/0', '', false],
  ];
  for (const [text, remote, isIn] of cases) {
    assert.equal(parseAddressRange(text)?.holds(addressOf(remote)), isIn, `${text} ${remote}`);
  }
});

test('what is no address, or has too long a prefix, is none', () => {
  for (const text of [
    '',
    '10',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'localhost',
    'fe80::1%eth0',
    '10.0.0.0/-1',
  ]) {
    assert.equal(parseAddressRange(text), undefined, text);
  }
});

test('ranges, one by one and in a table, hold what Node.js says that they hold', () => {
  const version = fc.constantFrom<4 | 6>(4, 6);
  // Few different bits, so that addresses meet.
  const address = fc.record({
    version,
    bits: fc.array(fc.constantFrom(0, 1, 128, 255), { minLength: 16, maxLength: 16 }),
  });
  const show = ({ version: ip, bits }: { readonly version: 4 | 6; readonly bits: readonly number[] }): string => {
    if (ip === 4) return bits.slice(0, 4).join('.');
    const groups = Array.from({ length: 8 }, (_, index) => (bits[2 * index] ?? 0) * 256 + (bits[2 * index + 1] ?? 0));
    // Not one that is mapped.
    return [0x2001, ...groups.slice(1)].map((group) => group.toString(16)).join(':');
  };
  const range = fc.tuple(address, fc.nat(128));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 10 }), address, (ranges, peer) => {
      const table = new AddressTable<number>();
      const expected: number[] = [];
      for (const [index, [first, length]] of ranges.entries()) {
        const prefix = first.version === 4 ? length % 33 : length;
        const parsed = parseAddressRange(`${show(first)}/${prefix}`);
        assert.ok(parsed !== undefined);
        table.add(parsed, index);
        const list = new BlockList();
        list.addSubnet(show(first), prefix, `ipv${first.version}`);
        const holds = peer.version === first.version && list.check(show(peer), `ipv${peer.version}`);
        assert.equal(parsed.holds(show(peer)), holds);
        if (index % 3 === 2) table.remove(parsed, index);
        else if (holds) expected.push(index);
      }
      assert.deepEqual(new Set(table.find(show(peer))), new Set(expected));
    }),
  );
});
