// The broker under mosquitto_pub and mosquitto_sub: what every user tries first. Everything that
// MQTT 3.1 has, for all three versions.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startTestBroker, type TestBroker, unique } from '../support/broker.ts';
import { endTools } from '../support/tool.ts';
import { publish, publishInput, Subscriber, VERSIONS, WITHOUT_TOOLS } from './mosquitto-tools.ts';

const QOS = [0, 1, 2] as const;

for (const version of VERSIONS) {
  describe(`mosquitto_pub and mosquitto_sub, ${version}`, { skip: WITHOUT_TOOLS }, () => {
    let broker: TestBroker;
    before(async () => {
      broker = await startTestBroker();
    });
    after(async () => {
      await endTools();
      await broker.close();
    });

    it('a message arrives with the lower of the QoS it was published and subscribed with', async () => {
      const topic = unique('qos');
      const subscribers = await Promise.all(
        QOS.map((qos) => Subscriber.subscribed(broker, '-V', version, '-t', topic, '-q', `${qos}`, '-C', '3')),
      );
      for (const qos of QOS) await publish(broker, '-V', version, '-t', topic, '-q', `${qos}`, '-m', `sent at ${qos}`);
      for (const [subscribedQos, subscriber] of subscribers.entries()) {
        for (const qos of QOS) {
          const message = await subscriber.message();
          assert.deepEqual(
            { payload: message.payload, qos: message.qos, retain: message.retain },
            { payload: `sent at ${qos}`, qos: Math.min(qos, subscribedQos), retain: 0 },
          );
        }
        await subscriber.end();
      }
    });

    it('a message to nobody is accepted at every QoS', async () => {
      for (const qos of QOS) await publish(broker, '-V', version, '-t', unique('none'), '-q', `${qos}`, '-m', 'lost');
    });

    it('a message to many reaches each of them, through wildcards too', async () => {
      const root = unique('many');
      const filters = [`${root}/a/b`, `${root}/+/b`, `${root}/#`, `${root}/a/#`, '#'];
      const subscribers = await Promise.all(
        filters.map((filter) => Subscriber.subscribed(broker, '-V', version, '-t', filter, '-q', '1', '-C', '1')),
      );
      await publish(broker, '-V', version, '-t', `${root}/a/b`, '-q', '1', '-m', 'to all');
      for (const subscriber of subscribers) {
        assert.deepEqual(await subscriber.payloads(1), ['to all']);
        await subscriber.end();
      }
    });

    it('a thousand lines arrive once each and in order at every QoS', async () => {
      for (const qos of QOS) {
        const topic = unique('lines');
        const lines = Array.from({ length: 1000 }, (_, index) => `line ${index}`);
        const subscriber = await Subscriber.subscribed(
          broker,
          '-V',
          version,
          '-t',
          topic,
          '-q',
          `${qos}`,
          '-C',
          '1000',
        );
        await publishInput(broker, `${lines.join('\n')}\n`, '-V', version, '-t', topic, '-q', `${qos}`, '-l');
        assert.deepEqual(await subscriber.payloads(1000), lines);
        await subscriber.end();
      }
    });

    it('a payload of 1 MiB arrives whole', async () => {
      const topic = unique('large');
      const payload = 'abcdefgh'.repeat(131_072);
      const subscriber = await Subscriber.subscribed(broker, '-V', version, '-t', topic, '-q', '2', '-C', '1');
      await publishInput(broker, payload, '-V', version, '-t', topic, '-q', '2', '-s');
      const message = await subscriber.message();
      assert.equal(message.payloadlen, payload.length);
      assert.ok(message.payload === payload);
      await subscriber.end();
    });

    it('a retained message greets a later subscriber, until it is replaced or cleared', async () => {
      const topic = unique('retained');
      await publish(broker, '-V', version, '-t', topic, '-m', 'first', '-r', '-q', '1');
      await publish(broker, '-V', version, '-t', topic, '-m', 'second', '-r', '-q', '1');
      const early = await Subscriber.subscribed(broker, '-V', version, '-t', topic, '-q', '1', '-C', '2');
      const greeting = await early.message();
      assert.deepEqual([greeting.payload, greeting.retain, greeting.qos], ['second', 1, 1]);

      await publish(broker, '-V', version, '-t', topic, '-n', '-r', '-q', '1');
      const clearing = await early.message();
      assert.deepEqual([clearing.payloadlen, clearing.retain], [0, 0]);
      await early.end();

      const late = await Subscriber.subscribed(broker, '-V', version, '-t', topic, '-q', '1', '-C', '1');
      await publish(broker, '-V', version, '-t', topic, '-m', 'live', '-q', '1');
      const message = await late.message();
      assert.deepEqual([message.payload, message.retain], ['live', 0]);
      await late.end();
    });

    it('a client that crashes leaves its will, one that disconnects does not', async () => {
      const topic = unique('will');
      const observer = await Subscriber.subscribed(broker, '-V', version, '-t', topic, '-q', '2', '-C', '1');
      const will = ['--will-topic', topic, '--will-qos', '1', '--will-retain', '--will-payload'];
      const mortal = (payload: string): string[] => ['-V', version, '-t', unique('any'), ...will, payload];
      await Subscriber.start(broker, ...mortal('not this one'), '-E').end();
      await (await Subscriber.subscribed(broker, ...mortal('gone'))).crash();
      const heard = await observer.message();
      assert.deepEqual([heard.payload, heard.qos, heard.retain], ['gone', 1, 0]);
      await observer.end();

      const late = await Subscriber.subscribed(broker, '-V', version, '-t', topic, '-q', '2', '-C', '1');
      const retained = await late.message();
      assert.deepEqual([retained.payload, retained.retain], ['gone', 1]);
      await late.end();
      await publish(broker, '-V', version, '-t', topic, '-n', '-r', '-q', '1');
    });

    it('a persistent session gets what was published while it was away, in order, and only once', async () => {
      const topic = unique('away');
      const session = ['-V', version, '-t', topic, '-q', '2', '-i', unique('me'), '-c'];
      await Subscriber.start(broker, ...session, '-E').end();
      const expected: string[] = [];
      for (const qos of [1, 2]) {
        for (const part of ['a', 'b', 'c']) {
          expected.push(`${part}${qos}`);
          await publish(broker, '-V', version, '-t', topic, '-q', `${qos}`, '-m', `${part}${qos}`);
        }
      }
      const back = Subscriber.start(broker, ...session, '-C', `${expected.length}`);
      assert.deepEqual(await back.payloads(expected.length), expected);
      await back.end();

      const again = await Subscriber.subscribed(broker, ...session, '-C', '1');
      await publish(broker, '-V', version, '-t', topic, '-q', '1', '-m', 'live');
      assert.deepEqual(await again.payloads(1), ['live']);
      await again.end();
    });

    it('a crashed persistent session gets its messages too', async () => {
      const topic = unique('crash');
      const session = ['-V', version, '-t', topic, '-q', '1', '-i', unique('me'), '-c'];
      await (await Subscriber.subscribed(broker, ...session)).crash();
      await publish(broker, '-V', version, '-t', topic, '-q', '1', '-m', 'kept');
      const back = Subscriber.start(broker, ...session, '-C', '1');
      assert.deepEqual(await back.payloads(1), ['kept']);
      await back.end();
    });

    it('a clean session forgets what the client had before', async () => {
      const topic = unique('clean');
      const session = ['-V', version, '-t', topic, '-q', '1', '-i', unique('me')];
      await Subscriber.start(broker, ...session, '-c', '-E').end();
      await publish(broker, '-V', version, '-t', topic, '-q', '1', '-m', 'forgotten');
      await Subscriber.start(broker, ...session, '-E').end();
      const back = await Subscriber.subscribed(broker, ...session, '-c', '-C', '1');
      await publish(broker, '-V', version, '-t', topic, '-q', '1', '-m', 'new');
      assert.deepEqual(await back.payloads(1), ['new']);
      await back.end();
    });

    it('a topic that is unsubscribed from is no longer heard', async () => {
      const [kept, dropped] = [unique('kept'), unique('dropped')];
      const filters = ['-t', kept, '-t', dropped, '-U', dropped];
      const subscriber = await Subscriber.subscribed(broker, '-V', version, ...filters, '-C', '1');
      await subscriber.unsubscribed();
      await publish(broker, '-V', version, '-t', dropped, '-m', 'unheard', '-q', '1');
      await publish(broker, '-V', version, '-t', kept, '-m', 'heard', '-q', '1');
      assert.deepEqual(await subscriber.payloads(1), ['heard']);
      await subscriber.end();
    });
  });
}
