// Names that peers choose: to the broker they are strings without meaning, even where JavaScript, a terminal or a
// log would see one in them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import { hex } from '../../src/packet/wire.arbitrary.ts';
import { TestBroker } from './harness.ts';

/** Names that an object would have already. */
const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
  'length',
];

describe('a name that objects have already is a name like others', () => {
  for (const name of NAMES) {
    test(name, async () => {
      const broker = await TestBroker.open({
        authenticator: { authenticate: ({ userName }) => ({ kind: 'accepted', principal: userName }) },
      });
      const lasting = { clean: false, properties: { sessionExpiryInterval: 60 } } as const;
      const will = {
        topic: `will/${name}`,
        payload: Buffer.from(name),
        qos: 0,
        retain: true,
        delayInterval: 0,
        properties: NO_MESSAGE_PROPERTIES,
      } as const;
      const subscriber = broker.connect({ ...lasting, clientId: name, userName: name, will });
      assert.equal(subscriber.connack?.sessionPresent, false);
      assert.deepEqual(subscriber.subscribe(name, { qos: 1 }), [1]);
      assert.deepEqual(subscriber.subscribe(`+/${name}/#`, { qos: 1 }), [1]);
      assert.deepEqual(subscriber.subscribe(`$share/${name}/shared/x/${name}`, { qos: 1 }), [1]);
      const publisher = broker.connect({ clientId: `${name}2`, properties: { topicAliasMaximum: 5 } });
      const properties = {
        contentType: name,
        responseTopic: name,
        userProperties: [
          [name, name],
          [name, ''],
        ] as const,
      };
      publisher.publish(name, 'x', { properties, topicAlias: 1 });
      publisher.publish('', 'by alias', { topicAlias: 1 });
      publisher.publish(`a/${name}/b`, 'x', { retain: true });
      publisher.publish(`shared/x/${name}`, 'x');
      assert.deepEqual(publisher.publish(`a/not-${name}`, 'nobody'), undefined);
      const [first, ...more] = subscriber.publishes();
      assert.deepEqual(first?.properties, { ...NO_MESSAGE_PROPERTIES, ...properties });
      assert.deepEqual(
        more.map((packet) => packet.topic),
        [name, `a/${name}/b`, `shared/x/${name}`],
      );
      subscriber.cut();
      assert.equal(broker.knock({ ...lasting, clientId: name, userName: `not ${name}` }).ended, 'end');
      const back = broker.connect({ ...lasting, clientId: name, userName: name });
      assert.equal(back.connack?.sessionPresent, true);
      back.subscribe(`will/${name}`);
      assert.deepEqual(back.messages(), [`will/${name}=${name}`]);
      assert.deepEqual(back.unsubscribe(name), [0]);
      assert.deepEqual(back.unsubscribe(name), [0x11]);
      assert.equal(broker.broker.sizes.retained, 2);
    });
  }

  test('and objects are as they were', () => {
    for (const name of NAMES) assert.ok(!Object.hasOwn(Object.create(null) as object, name));
    assert.deepEqual(Object.keys(Object.prototype), []);
    assert.equal(({} as Record<string, unknown>)['x'], undefined);
  });
});

test('threat 65, 67: no sentence of the log has a line break or an escape sequence that a peer has chosen', async () => {
  const nasty = 'a\nERROR fake line\r\t\u001b[2J\u0007"\\';
  const broker = await TestBroker.open({
    limits: { topicLevelsMax: 2, sessionQueueMessagesMax: 1, clientIdBytesMax31: 100 },
    authenticator: {
      authenticate: ({ userName }) =>
        userName === nasty
          ? { kind: 'refused', reasonCode: 0x87, detail: 'no' }
          : { kind: 'accepted', principal: userName },
    },
    authorizer: {
      allowsAll: false,
      allows: (_, action, topic) => !topic.includes('secret') && !(action === 'receive' && topic.includes('deaf')),
    },
  });
  const lasting = { clean: false, properties: { sessionExpiryInterval: 1 } } as const;
  const will = {
    topic: nasty,
    payload: Buffer.from(''),
    qos: 1,
    retain: false,
    delayInterval: 0,
    properties: NO_MESSAGE_PROPERTIES,
  } as const;
  for (const version of [3, 4, 5] as const) {
    broker.knock({ version, clientId: nasty, userName: nasty });
    broker.knock({ version, clientId: nasty, will: { ...will, topic: `${nasty}/b/c` } });
    broker.knock({ version, clientId: nasty, will: { ...will, topic: `${nasty}/secret` } });
    broker.knock({ version, clientId: nasty, properties: { authenticationMethod: nasty } });
    const client = broker.connect({ ...lasting, version, clientId: nasty, will });
    broker.connect({ ...lasting, version, clientId: nasty, will });
    broker.knock({ version, clientId: nasty, userName: 'other' });
    assert.equal(client.ended, 'end');
    const again = broker.connect({ ...lasting, version, clientId: nasty });
    again.subscribe(nasty, { qos: 1 });
    again.subscribe(`${nasty}/deaf`, { qos: 1 });
    again.requestSubscription([`${nasty}/#/x`, `${nasty}/secret`, '$share/\n']);
    again.publish(`${nasty}/deaf`, 'x');
    again.publish(nasty, 'x', { qos: 1 });
    again.cut();
    for (const payload of ['1', '2']) broker.connect({ version: 5, clientId: 'p' }).publish(nasty, payload, { qos: 1 });
    broker.pass(1_000_000);
    const refused = broker.connect({ version, clientId: nasty });
    refused.publish(`${nasty}/secret`, 'x', { qos: 1 });
    broker.dial(4).sendBytes(hex('10 0f 00 06 "MQ" 0a 0a 1b 41 04 02 00 00 00 01 "a"'));
  }
  const unprintable = broker.log.filter((line) => /[\u0000-\u001f]/.test(line.sentence)); // oxlint-disable-line no-control-regex -- that is what this is about.
  assert.deepEqual(
    unprintable.map((line) => JSON.stringify(line.sentence)),
    [],
  );
  const told = broker.log.filter((line) => line.sentence.includes('ERROR fake'));
  assert.ok(told.length > 40, 'all of this was told');
});
