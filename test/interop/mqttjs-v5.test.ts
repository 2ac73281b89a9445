// What MQTT 5 adds, under MQTT.js: properties, options of a subscription, reasons, and flow control.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { IClientOptions } from 'mqtt';
import { startTestBroker, type TestBroker, unique } from '../support/broker.ts';
import { endPrograms, Program } from './mqttjs-client.ts';

describe('MQTT.js, what MQTT 5 adds', () => {
  let broker: TestBroker;
  before(async () => {
    broker = await startTestBroker();
  });
  after(async () => {
    await endPrograms();
    await broker.close();
  });
  const program = (options: IClientOptions = {}): Promise<Program> =>
    Program.connect(broker, { protocolVersion: 5, clientId: unique('js'), ...options });

  it('a request with all its properties arrives, and so does its answer', async () => {
    const [requester, responder] = await Promise.all([program(), program()]);
    const [question, answer] = [unique('question'), unique('answer')];
    await Promise.all([responder.client.subscribeAsync(question), requester.client.subscribeAsync(answer)]);
    const correlationData = Buffer.from([0, 255, 1]);
    await requester.client.publishAsync(question, 'how much?', {
      qos: 1,
      properties: {
        payloadFormatIndicator: true,
        messageExpiryInterval: 100,
        contentType: 'text/plain',
        responseTopic: answer,
        correlationData,
        userProperties: { unit: ['EUR', 'USD'], language: 'de' },
      },
    });
    const { properties } = (await responder.message()).packet;
    assert.equal(properties?.payloadFormatIndicator, true);
    assert.equal(properties.contentType, 'text/plain');
    assert.equal(properties.responseTopic, answer);
    assert.deepEqual(properties.correlationData, correlationData);
    assert.deepEqual({ ...properties.userProperties }, { unit: ['EUR', 'USD'], language: 'de' });
    assert.ok(Number(properties.messageExpiryInterval) > 0 && Number(properties.messageExpiryInterval) <= 100);

    await responder.client.publishAsync(answer, '42', { properties: { correlationData } });
    const reply = await requester.message();
    assert.equal(reply.payload, '42');
    assert.deepEqual(reply.packet.properties?.correlationData, correlationData);
    await Promise.all([requester.leave(), responder.leave()]);
  });

  it('overlapping subscriptions bring one message, with the identifiers of all and the highest QoS', async () => {
    const root = unique('overlap');
    const one = await program();
    const subscribe = (filter: string, qos: 0 | 1 | 2, subscriptionIdentifier: number): Promise<unknown> =>
      one.client.subscribeAsync(filter, { qos, properties: { subscriptionIdentifier } });
    await subscribe(`${root}/#`, 0, 11);
    await subscribe(`${root}/+`, 2, 12);
    await one.client.publishAsync(`${root}/x`, 'once', { qos: 2 });
    await one.client.publishAsync(`${root}/x`, 'twice', { qos: 2 });
    const { payload, packet } = await one.message();
    assert.deepEqual([payload, packet.qos], ['once', 2]);
    assert.deepEqual(new Set([packet.properties?.subscriptionIdentifier].flat()), new Set([11, 12]));
    assert.deepEqual(await one.payloads(1), ['twice']);
    await one.leave();
  });

  it('no local, retain as published and retain handling do what they say', async () => {
    const topic = unique('options');
    const [one, other] = await Promise.all([program(), program()]);
    await other.client.publishAsync(topic, 'old', { qos: 1, retain: true });
    await one.client.subscribeAsync(topic, { qos: 1, nl: true, rap: true, rh: 2 });
    await one.client.publishAsync(topic, 'mine', { qos: 1 });
    await other.client.publishAsync(topic, 'new', { qos: 1, retain: true });
    const { payload, packet } = await one.message();
    assert.deepEqual([payload, packet.retain], ['new', true]);

    await other.client.subscribeAsync(topic, { qos: 1, rh: 1 });
    assert.deepEqual(await other.payloads(1), ['new']);
    await other.client.subscribeAsync(topic, { qos: 1, rh: 1 });
    await one.client.publishAsync(topic, 'only this', { qos: 1 });
    assert.deepEqual(await other.payloads(1), ['only this']);
    await one.client.publishAsync(topic, '', { qos: 1, retain: true });
    await Promise.all([one.leave(), other.leave()]);
  });

  it('a publisher may use topic aliases', async () => {
    const topic = unique('alias');
    const [publisher, subscriber] = await Promise.all([program({ autoAssignTopicAlias: true }), program()]);
    await subscriber.client.subscribeAsync(topic, { qos: 1 });
    for (const payload of ['a', 'b', 'c']) await publisher.client.publishAsync(topic, payload, { qos: 1 });
    for (const expected of ['a', 'b', 'c']) {
      const { payload, topic: arrivedAt } = await subscriber.message();
      assert.deepEqual([payload, arrivedAt], [expected, topic]);
    }
    await Promise.all([publisher.leave(), subscriber.leave()]);
  });

  it('a subscriber that takes topic aliases gets every topic right', async () => {
    const topics = [unique('alias'), unique('alias'), unique('alias')];
    const [publisher, subscriber] = await Promise.all([program(), program({ properties: { topicAliasMaximum: 2 } })]);
    await subscriber.client.subscribeAsync(topics, { qos: 1 });
    const sent = [...topics, ...topics, ...topics.toReversed()];
    for (const topic of sent) await publisher.client.publishAsync(topic, topic, { qos: 1 });
    for (const expected of sent) {
      const { payload, topic } = await subscriber.message();
      assert.deepEqual([topic, payload], [expected, expected]);
    }
    await Promise.all([publisher.leave(), subscriber.leave()]);
  });

  it('a slow subscriber is never sent more than its Receive Maximum at once', async () => {
    const topic = unique('flow');
    const publisher = await program();
    let unacknowledged = 0;
    let most = 0;
    const subscriber = await program({
      properties: { receiveMaximum: 3 },
      customHandleAcks: (_topic, _payload, _packet, done) => {
        unacknowledged++;
        most = Math.max(most, unacknowledged);
        setImmediate(() => {
          unacknowledged--;
          done(0);
        });
      },
    });
    await subscriber.client.subscribeAsync(topic, { qos: 1 });
    const payloads = Array.from({ length: 100 }, (_, index) => `${index}`);
    await Promise.all(payloads.map((payload) => publisher.client.publishAsync(topic, payload, { qos: 1 })));
    assert.deepEqual(await subscriber.payloads(100), payloads);
    assert.ok(most <= 3, `${most} were in flight`);
    await Promise.all([publisher.leave(), subscriber.leave()]);
  });

  it('a client without an identifier is told the one that it gets', async () => {
    const one = await program({ clientId: '' });
    assert.match(one.connack.properties?.assignedClientIdentifier ?? '', /./u);
    await one.leave();
  });

  it('a client that another takes the place of is told why', async () => {
    const clientId = unique('me');
    const first = await program({ clientId });
    const told = first.disconnected();
    const second = await program({ clientId });
    assert.equal(await told, 0x8e);
    await Promise.all([first.leave(), second.leave()]);
  });

  it('a subscription to a bad filter is refused, and the client stays', async () => {
    const one = await program();
    await assert.rejects(one.client.subscribeAsync('$share/no-filter'));
    await one.client.publishAsync(unique('any'), 'still here', { qos: 1 });
    await one.leave();
  });
});
