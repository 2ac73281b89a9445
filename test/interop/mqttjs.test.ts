// The broker under MQTT.js, the client that programs in JavaScript use, in all three versions of MQTT.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { IClientOptions } from 'mqtt';
import { startTestBroker, type TestBroker, unique } from '../support/broker.ts';
import { endPrograms, Program } from './mqttjs-client.ts';

const QOS = [0, 1, 2] as const;
/** What makes a session outlive its connection: a flag in 3.x, a number of seconds in 5.0. */
const LASTING = { clean: false, properties: { sessionExpiryInterval: 60 } };
const VERSIONS: readonly {
  readonly name: string;
  readonly speaks: IClientOptions;
  readonly lasting: IClientOptions;
}[] = [
  { name: '3.1', speaks: { protocolVersion: 3, protocolId: 'MQIsdp' }, lasting: { clean: false } },
  { name: '3.1.1', speaks: { protocolVersion: 4 }, lasting: { clean: false } },
  { name: '5.0', speaks: { protocolVersion: 5 }, lasting: LASTING },
];

for (const { name, speaks, lasting } of VERSIONS) {
  describe(`MQTT.js, MQTT ${name}`, () => {
    let broker: TestBroker;
    before(async () => {
      broker = await startTestBroker();
    });
    after(async () => {
      await endPrograms();
      await broker.close();
    });
    const program = (options: IClientOptions = {}): Promise<Program> =>
      Program.connect(broker, { clientId: unique('js'), ...speaks, ...options });

    it('a message arrives with the lower of the QoS it was published and subscribed with', async () => {
      const [publisher, subscriber] = await Promise.all([program(), program()]);
      for (const subscribed of QOS) {
        const topic = unique('qos');
        await subscriber.client.subscribeAsync(topic, { qos: subscribed });
        for (const published of QOS) {
          await publisher.client.publishAsync(topic, `${published}`, { qos: published });
          const { payload, packet } = await subscriber.message();
          assert.deepEqual([payload, packet.qos], [`${published}`, Math.min(published, subscribed)]);
        }
      }
      await Promise.all([publisher.leave(), subscriber.leave()]);
    });

    it('a thousand messages at once arrive in order at every QoS', async () => {
      const [publisher, subscriber] = await Promise.all([program(), program()]);
      const payloads = Array.from({ length: 1000 }, (_, index) => `${index}`);
      for (const qos of QOS) {
        const topic = unique('order');
        await subscriber.client.subscribeAsync(topic, { qos });
        const [received] = await Promise.all([
          subscriber.payloads(1000),
          ...payloads.map((payload) => publisher.client.publishAsync(topic, payload, { qos })),
        ]);
        assert.deepEqual(received, payloads);
      }
      await Promise.all([publisher.leave(), subscriber.leave()]);
    });

    it('one message reaches fifty subscribers, and a publisher that subscribed', async () => {
      const topic = unique('fan');
      const programs = await Promise.all(Array.from({ length: 50 }, () => program()));
      await Promise.all(programs.map(({ client }) => client.subscribeAsync(`${topic}/+`, { qos: 1 })));
      await programs[0]?.client.publishAsync(`${topic}/x`, 'to all', { qos: 2 });
      for (const one of programs) assert.deepEqual(await one.payloads(1), ['to all']);
      await Promise.all(programs.map((one) => one.leave()));
    });

    it('a payload of 1 MiB arrives whole at every QoS', async () => {
      const [publisher, subscriber] = await Promise.all([program(), program()]);
      const topic = unique('large');
      const payload = '0123456789abcdef'.repeat(65_536);
      await subscriber.client.subscribeAsync(topic, { qos: 2 });
      for (const qos of QOS) {
        await publisher.client.publishAsync(topic, payload, { qos });
        assert.ok((await subscriber.message()).payload === payload);
      }
      await Promise.all([publisher.leave(), subscriber.leave()]);
    });

    it('a retained message greets a later subscriber, until it is cleared', async () => {
      const topic = unique('retained');
      const publisher = await program();
      await publisher.client.publishAsync(topic, 'kept', { qos: 1, retain: true });
      const subscriber = await program();
      await subscriber.client.subscribeAsync(topic, { qos: 1 });
      const greeting = await subscriber.message();
      assert.deepEqual([greeting.payload, greeting.packet.retain], ['kept', true]);

      await publisher.client.publishAsync(topic, '', { qos: 1, retain: true });
      assert.deepEqual(await subscriber.payloads(1), ['']);
      const late = await program();
      await late.client.subscribeAsync(topic, { qos: 1 });
      await publisher.client.publishAsync(topic, 'live', { qos: 1 });
      const live = await late.message();
      assert.deepEqual([live.payload, live.packet.retain], ['live', false]);
      await Promise.all([publisher.leave(), subscriber.leave(), late.leave()]);
    });

    it('a client that crashes leaves its will, one that disconnects does not', async () => {
      const topic = unique('will');
      const observer = await program();
      await observer.client.subscribeAsync(topic, { qos: 2 });
      const mortal = (payload: string): Promise<Program> =>
        program({ will: { topic, payload: Buffer.from(payload), qos: 2, retain: false } });
      await (await mortal('not this one')).leave();
      await (await mortal('gone')).crash();
      const will = await observer.message();
      assert.deepEqual([will.payload, will.packet.qos], ['gone', 2]);
      await observer.leave();
    });

    it('a persistent session keeps its subscriptions and its messages', async () => {
      const topic = unique('session');
      const clientId = unique('me');
      const first = await program({ ...lasting, clientId });
      assert.equal(first.connack.sessionPresent, false);
      await first.client.subscribeAsync(topic, { qos: 2 });
      await first.leave();

      const publisher = await program();
      for (const qos of [1, 2] as const) {
        for (const part of ['a', 'b', 'c']) await publisher.client.publishAsync(topic, `${part}${qos}`, { qos });
      }
      const second = await program({ ...lasting, clientId });
      // The CONNACK of MQTT 3.1 does not tell.
      assert.equal(second.connack.sessionPresent, name !== '3.1');
      assert.deepEqual(await second.payloads(6), ['a1', 'b1', 'c1', 'a2', 'b2', 'c2']);
      await second.crash();

      await publisher.client.publishAsync(topic, 'after a crash', { qos: 1 });
      const third = await program({ ...lasting, clientId });
      assert.deepEqual(await third.payloads(1), ['after a crash']);
      await third.leave();
      const clean = await program({ clientId, clean: true });
      assert.equal(clean.connack.sessionPresent, false);
      await Promise.all([clean.leave(), publisher.leave()]);
    });

    it('a second connection with a client identifier ends the first', async () => {
      const clientId = unique('me');
      const first = await program({ clientId });
      const closed = first.closed();
      const second = await program({ clientId });
      await closed;
      await second.client.publishAsync(unique('any'), 'still here', { qos: 1 });
      await second.leave();
    });

    it('a topic that is unsubscribed from is no longer heard', async () => {
      const [kept, dropped] = [unique('kept'), unique('dropped')];
      const one = await program();
      await one.client.subscribeAsync([kept, dropped], { qos: 1 });
      await one.client.unsubscribeAsync(dropped);
      await one.client.publishAsync(dropped, 'unheard', { qos: 1 });
      await one.client.publishAsync(kept, 'heard', { qos: 1 });
      assert.deepEqual(await one.payloads(1), ['heard']);
      await one.leave();
    });
  });
}
