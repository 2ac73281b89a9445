// Threats that are topics and filters: those that broke other brokers' parsers, tries and rules. Each is tried in every version, with
// somebody who is subscribed to everything and must be served as before.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect, PINGREQ, publish, subscribe, unsubscribe } from '../../conformance/wire/write.ts';
import { type Caller, freshId, hex, sayFrame, Stage, TRANSPORTS, V311, V5, type Version, VERSIONS } from './stage.ts';

/** Topics that clients may not publish to. */
const OF_THE_BROKER = [
  '$SYS/broker/uptime',
  '$SYS',
  '$SYS/../new/clients',
  '$SYS/a/new/clients',
  '$',
  '$foo/x',
  '$/',
  '$share/g/t',
];

/** What a client hears that publishes there with QoS 1: 3.x is cut off. */
async function publishes(stage: Stage, version: Version, topic: string): Promise<string> {
  const client = await stage.connect(version);
  client.send(publish(version.level, { topic, qos: 1 }));
  const frame = await client.next();
  client.cut();
  return frame === undefined ? 'the end' : sayFrame(frame);
}

test('threat 16, 17: topics of the broker are read-only for every client, as messages, retained or not, and as Wills', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  for (const version of VERSIONS) {
    for (const topic of OF_THE_BROKER) {
      const heard = await publishes(stage, version, topic);
      assert.match(heard, version.level === 5 ? /^puback 0x(?:87|90)$/ : /^the end$/, `${topic} in ${version.name}`);
      const client = await stage.connect(version);
      client.send(publish(version.level, { topic, retain: true }), hex('e0 00'));
      await client.ending();
      const willing = await stage.dial();
      willing.send(connect(version.level, { ...version.fields, clientId: freshId(), will: { topic } }));
      const [said = 'the end'] = await willing.ending();
      const refusal = version.level === 5 ? /^connack 0x(?!00)/ : /^(?:the end|connack 0x(?!00).*)$/;
      assert.match(said, refusal, `a Will to ${topic} in ${version.name}`);
    }
  }
  const reader = await stage.connect();
  reader.send(subscribe(5, 1, [['$foo/#', 0]]), subscribe(5, 2, [['$SYS/a/#', 0]]), subscribe(5, 3, [['$/#', 0]]));
  assert.deepEqual(await reader.untilPong(), ['suback 0x00', 'suback 0x00', 'suback 0x00']);
  await stage.expectUnharmed();
});

test('threat 16: where topics with $ are allowed, they are topics like others, but for $SYS', async (context) => {
  const stage = await Stage.open(context, { rules: { dollarTopics: 'allow' } });
  for (const topic of ['$foo/x', '$', '$/'])
    assert.match(await publishes(stage, V5, topic), /^puback 0x(?:00|10)$/, topic);
  for (const topic of ['$SYS/x', '$SYS'])
    assert.match(await publishes(stage, V5, topic), /^puback 0x(?:87|90)$/, topic);
});

test('threat 18: 65,535 levels are refused wherever a topic or filter stands, over every transport', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  const deep = '/'.repeat(65_535);
  for (const transport of TRANSPORTS) {
    for (const version of VERSIONS) {
      const { level } = version;
      const publisher = await stage.connect(version, {}, transport);
      publisher.send(publish(level, { topic: deep, qos: 1 }));
      const frame = await publisher.next();
      assert.equal(frame === undefined ? 'the end' : sayFrame(frame), level === 5 ? 'puback 0x90' : 'the end');
      const subscriber = await stage.connect(version, {}, transport);
      for (const [n, filter] of [deep, `${deep.slice(2)}/#`, `$share/g/${deep.slice(20)}`].entries()) {
        subscriber.send(subscribe(level, n + 1, [[filter, 1]]));
        assert.equal(sayFrame(await subscriber.expect('suback')), level === 5 ? 'suback 0x8f' : 'suback 0x80');
        subscriber.send(unsubscribe(level, n + 1, [filter]));
        await subscriber.expect('unsuback');
      }
      const willing = await stage.dial(transport);
      willing.send(connect(level, { ...version.fields, clientId: freshId(), will: { topic: deep } }));
      const [said = 'nothing'] = await willing.ending();
      // A CONNECT of that size is not even read.
      assert.match(said, /^(?:nothing|connack 0x(?!00))/, version.name);
    }
  }
  await stage.expectUnharmed();
});

test('threat 18: topics of 128 levels are taken, and those of one more are not', async (context) => {
  const stage = await Stage.open(context);
  const levels = (count: number): string => Array.from({ length: count }, () => 'a').join('/');
  assert.match(await publishes(stage, V5, levels(128)), /^puback 0x(?:00|10)$/);
  assert.equal(await publishes(stage, V5, levels(129)), 'puback 0x90');
});

test('threat 20: thousands of filters of wildcards behind wildcards do not make a message dear', async (context) => {
  const stage = await Stage.open(context, { limits: { subscriptionsMax: 20_000 } });
  const subscriber = await stage.connect();
  // Every way to put + and a into twelve levels: 4,096 filters, all of which match a/a/a/...
  const filters = Array.from({ length: 4_096 }, (_, n) =>
    Array.from({ length: 12 }, (__, level) => ((n >> level) & 1 ? '+' : 'a')).join('/'),
  );
  for (let start = 0; start < filters.length; start += 512) {
    const some = filters.slice(start, start + 512).map((filter) => [filter, 0] as const);
    subscriber.send(subscribe(5, 1, some));
    await subscriber.expect('suback');
  }
  // What matches none of them, but goes down all branches, and is never in a cache.
  const publisher = await stage.connect();
  const before = process.cpuUsage();
  for (let n = 0; n < 20; n++) publisher.send(publish(5, { topic: `${'a/'.repeat(11)}b/${n}` }));
  await publisher.untilPong();
  const { user, system } = process.cpuUsage(before);
  // A visit of the trie is at most 2 to the 12th nodes; every filter by itself would be as dear, all pairs of them a thousand times that.
  assert.ok(user + system < 1_000_000, `${user + system} microseconds for 20 messages`);
  publisher.send(publish(5, { topic: 'a/'.repeat(11).concat('a') }));
  await publisher.untilPong();
  assert.deepEqual(await subscriber.untilPong(), [`publish ${'a/'.repeat(11)}a`]);
});

test('threat 22: a $share that is none is refused; members of groups and others go on', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  const member = await stage.connect();
  member.send(subscribe(5, 1, [['$share/g/shared', 1]]));
  await member.expect('suback');
  for (const version of VERSIONS) {
    const { level } = version;
    for (const filter of [
      '$share',
      '$share/',
      '$share//t',
      '$share/g',
      '$share/g/',
      '$share/+/t',
      '$share/#/t',
      '$share/a+/t',
      '$share/#',
    ]) {
      const client = await stage.connect(version);
      client.send(subscribe(level, 1, [[filter, 1]]));
      const frame = await client.next();
      const heard = frame === undefined ? 'the end' : sayFrame(frame);
      assert.match(
        heard,
        level === 5 ? /^(?:suback 0x8f|disconnect 0x8[12f])$/ : /^(?:suback 0x80|the end)$/,
        `${filter} in ${version.name}`,
      );
      client.cut();
      const leaver = await stage.connect(version);
      leaver.send(unsubscribe(level, 1, [filter]));
      await leaver.next();
      leaver.cut();
      const publisher = await stage.connect(version);
      publisher.send(publish(level, { topic: filter }), PINGREQ);
      await publisher.next();
      publisher.cut();
    }
  }
  await stage.broker.publish('shared', 'x', { qos: 1 });
  await member.expect('publish');
  await stage.expectUnharmed('shared');
});

test('threat 23: a shared subscription may have wildcards, in every version', async (context) => {
  const stage = await Stage.open(context);
  for (const version of VERSIONS) {
    const client = await stage.connect(version);
    for (const filter of [
      '$share/g/a/#',
      '$share/g/+/b',
      '$share/g/#',
      '$share/g//',
      '$share/$g/a',
      '$share/g/$SYS/#',
    ]) {
      client.send(subscribe(version.level, 1, [[filter, 1]]));
      assert.equal(sayFrame(await client.expect('suback')), 'suback 0x01', `${filter} in ${version.name}`);
      client.send(unsubscribe(version.level, 1, [filter]));
      await client.expect('unsuback');
    }
    client.cut();
  }
});

test('threat 24: a shared subscription and a plain one on the same topic are two; members that vanish all at once leave nothing behind', async (context) => {
  const stage = await Stage.open(context);
  const both = await stage.connect();
  both.send(subscribe(5, 1, [['$share/g/t', 0]]), subscribe(5, 2, [['t', 0]]));
  both.send(unsubscribe(5, 3, ['t']));
  await both.untilPong();
  await stage.broker.publish('t', 'x');
  assert.deepEqual(await both.untilPong(), ['publish t']);
  both.send(subscribe(5, 4, [['t', 0]]), unsubscribe(5, 5, ['$share/g/t']));
  await both.untilPong();
  await stage.broker.publish('t', 'x');
  assert.deepEqual(await both.untilPong(), ['publish t']);
  both.send(unsubscribe(5, 6, ['t']));
  await both.untilPong();
  const members: Caller[] = await Promise.all(Array.from({ length: 300 }, () => stage.connect(V311)));
  for (const member of members) member.send(subscribe(4, 1, [['$share/g/t', 1]]));
  for (const member of members) await member.expect('suback');
  for (const member of members.slice(1)) member.cut();
  const [last] = members;
  assert.ok(last !== undefined);
  for (let n = 0; n < 50; n++) await stage.broker.publish('t', `${n}`, { qos: 1 });
  while (last.frames.filter((frame) => frame.type === 3).length < 50) await last.untilPong();
  last.send(hex('e0 00'));
  await last.ending();
  assert.equal((await stage.broker.publish('t', 'x', { qos: 1 })).reasonCode, 0x10, 'nobody is subscribed any more');
});

test('threat 15, 26, 40: names that are properties of objects, patterns or keys are names, on every transport', async (context) => {
  const stage = await Stage.open(context);
  const strange = [
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'toString',
    '.*',
    'a|b',
    '[-]',
    '(',
    '\\',
    'session:',
    'meta',
    '0',
    '../x',
  ];
  for (const transport of TRANSPORTS) {
    for (const name of strange) {
      const fields = { clientId: name, userName: name, password: name, clean: false };
      const client = await stage.connect(
        V5,
        { ...fields, properties: { userProperty: [name, name], sessionExpiryInterval: 60 } },
        transport,
      );
      client.send(
        subscribe(5, 1, [[`t/${name}`, 1]]),
        subscribe(5, 2, [[`$share/${name.replaceAll('/', '')}/s/${name}`, 1]]),
      );
      await client.untilPong();
      await stage.broker.publish(`t/${name}`, 'x', { qos: 1 });
      await stage.broker.publish(`t/not ${name}`, 'x', { qos: 1 });
      await stage.broker.publish(`s/${name}`, 'x', { qos: 1 });
      const said = await client.untilPong();
      assert.deepEqual(said, [`publish t/${name}`, `publish s/${name}`]);
      client.send(hex('e0 04 00 01 11 00'));
      client.cut();
    }
  }
  assert.deepEqual(Object.keys(Object.prototype), []);
});
