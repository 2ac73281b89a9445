import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PACKET_ID_MAX, packetId } from '../packet/packet-id.ts';
import { InFlight } from './in-flight.ts';

interface Named {
  readonly name: number;
}

function inFlight(): InFlight<Named> {
  return new InFlight();
}

function publishNames(table: InFlight<Named>): number[] {
  const names: number[] = [];
  table.forEachPublish((_, { name }) => names.push(name));
  return names;
}

test('identifiers begin at 1 and are unused ones, also when the table grows in the middle of a turn of the ring', () => {
  const table = inFlight();
  const used = new Set<number>();
  const order: number[] = [];
  for (let name = 0; name < 5_000; name++) {
    const id = table.add({ name }, 1);
    assert.ok(id >= 1 && id <= PACKET_ID_MAX && !used.has(id), `${id} is unused`);
    used.add(id);
    order.push(id);
    // Two of three are acknowledged at once, the oldest first, so that free places lie all over the ring.
    if (name % 3 === 0) continue;
    const done = order.shift();
    assert.ok(done !== undefined);
    table.remove(packetId(done));
    used.delete(done);
  }
  assert.equal(table.count, used.size);
  assert.equal(publishNames(table).length, used.size);
});

test('an identifier is used again as late as the table allows', () => {
  const table = inFlight();
  const ids: number[] = [];
  for (let name = 0; name < 40; name++) {
    const id = table.add({ name }, 1);
    ids.push(id);
    table.remove(id);
  }
  const turn = Array.from({ length: 16 }, (_, index) => index + 1);
  assert.deepEqual(ids, [...turn, ...turn, ...turn.slice(0, 8)]);
});

test('all 65,535 identifiers can be in flight, no more, and each that ends makes room for one', () => {
  const table = inFlight();
  for (let name = 1; name <= PACKET_ID_MAX; name++) assert.equal(table.add({ name }, 2), name);
  assert.equal(table.hasFreeIds(1), false);
  assert.equal(table.lend(), undefined);
  assert.throws(() => table.add({ name: 0 }, 1), { name: 'AssertionError' });
  table.remove(packetId(40_000));
  assert.equal(table.hasFreeIds(1), true);
  assert.equal(table.hasFreeIds(2), false);
  assert.equal(table.add({ name: 0 }, 1), 40_000);
});

test('with fewer identifiers than MQTT has they come round sooner, and no other is ever given out', () => {
  const table = new InFlight<Named>(3);
  for (let name = 1; name <= 3; name++) assert.equal(table.add({ name }, 1), name);
  assert.equal(table.hasFreeIds(1), false);
  assert.equal(table.lend(), undefined);
  table.remove(packetId(2));
  assert.equal(table.add({ name: 4 }, 2), 2);
  assert.deepEqual(publishNames(table), [1, 3, 4]);
});

test('what is in flight keeps its order when the table grows and when the middle is taken out', () => {
  const table = inFlight();
  for (let name = 1; name <= 40; name++) table.add({ name }, 2);
  for (const id of [1, 20, 40]) table.remove(packetId(id));
  for (const id of [30, 2]) table.release(packetId(id));
  const rest = Array.from({ length: 40 }, (_, index) => index + 1).filter((id) => ![1, 20, 40, 30, 2].includes(id));
  assert.deepEqual(publishNames(table), rest);
  const released: number[] = [];
  table.forEachRelease((id) => released.push(id));
  assert.deepEqual(released, [30, 2]);
});

test('any identifier can be restored, once, and new ones go round it', () => {
  for (const id of [1, 16, 17, 32_768, 32_769, 65_535]) {
    const table = inFlight();
    table.restore(packetId(id), { name: id }, 'awaiting-puback');
    assert.throws(() => table.restore(packetId(id), { name: 0 }, 'awaiting-pubrec'), { name: 'AssertionError' });
    table.prepare();
    assert.equal(table.state(packetId(id)), 'awaiting-puback');
    for (let name = 0; name < 100; name++) assert.notEqual(table.add({ name }, 1), id);
    assert.equal(publishNames(table)[0], id);
  }
});

test('a full window can be restored in any order of identifiers', () => {
  const table = inFlight();
  for (let step = 0; step < PACKET_ID_MAX; step++) {
    // 7,919 and 65,535 have no common divisor: every identifier comes once.
    const id = ((step * 7_919) % PACKET_ID_MAX) + 1;
    table.restore(packetId(id), { name: step }, step % 2 === 0 ? 'awaiting-puback' : 'awaiting-pubcomp');
  }
  table.prepare();
  assert.equal(table.count, PACKET_ID_MAX);
  assert.equal(table.hasFreeIds(1), false);
  assert.deepEqual(publishNames(table).slice(0, 3), [0, 2, 4]);
});

test('no identifier is given out between restore and prepare', () => {
  const table = inFlight();
  table.restore(packetId(1), { name: 1 }, 'awaiting-puback');
  assert.throws(() => table.lend(), { name: 'AssertionError' });
});

test('an identifier that nobody uses is free, whatever its number', () => {
  const table = inFlight();
  table.add({ name: 1 }, 1);
  for (const id of [2, 16, 17, 65_535]) assert.equal(table.state(packetId(id)), 'free');
  assert.throws(() => table.delivery(packetId(2)), { name: 'AssertionError' });
  assert.throws(() => table.remove(packetId(17)), { name: 'AssertionError' });
  assert.throws(() => table.release(packetId(1)), { name: 'AssertionError' });
});

test('trimming keeps what is in flight and what is lent', () => {
  const table = inFlight();
  const id = table.add({ name: 1 }, 1);
  table.trim();
  assert.equal(table.state(id), 'awaiting-puback');
  table.remove(id);
  const lent = table.lend();
  assert.ok(lent !== undefined);
  table.trim();
  assert.equal(table.state(lent), 'request');
  table.takeBackAll();
  table.trim();
  assert.equal(table.state(lent), 'free');
  assert.equal(table.add({ name: 2 }, 1), 1);
});

test('visiting allows the visited one to be removed', () => {
  const table = inFlight();
  for (let name = 1; name <= 3; name++) table.add({ name }, 1);
  table.forEachPublish((id) => table.remove(id));
  assert.equal(table.count, 0);
});
