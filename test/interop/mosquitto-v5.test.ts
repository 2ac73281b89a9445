// What MQTT 5 adds, under mosquitto_pub, mosquitto_sub and mosquitto_rr; and shared subscriptions, which they use with 3.1.1 too.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startTestBroker, type TestBroker, unique } from '../support/broker.ts';
import { endTools, Tool } from '../support/tool.ts';
import { property, publish, publishInput, Subscriber, WITHOUT_TOOLS } from './mosquitto-tools.ts';

const V5 = ['-V', 'mqttv5'];

describe('mosquitto_pub and mosquitto_sub, what MQTT 5 adds', { skip: WITHOUT_TOOLS }, () => {
  let broker: TestBroker;
  before(async () => {
    broker = await startTestBroker();
  });
  after(async () => {
    await endTools();
    await broker.close();
  });

  it('the properties of a message arrive as they were sent', async () => {
    const topic = unique('properties');
    const subscriber = await Subscriber.subscribed(broker, ...V5, '-t', topic, '-q', '1', '-C', '1');
    const sent = [
      ...property('publish', 'content-type', 'application/json'),
      ...property('publish', 'payload-format-indicator', '1'),
      ...property('publish', 'response-topic', 'answers/1'),
      ...property('publish', 'correlation-data', 'question-1'),
      ...property('publish', 'user-property', 'colour', 'blue'),
      ...property('publish', 'user-property', 'size', 'großartig'),
    ];
    await publish(broker, ...V5, '-t', topic, '-q', '1', '-m', '{}', ...sent);
    const { properties } = await subscriber.message();
    assert.deepEqual(properties, {
      'content-type': 'application/json',
      'payload-format-indicator': 1,
      'response-topic': 'answers/1',
      'correlation-data': 'question-1',
      'user-properties': { colour: 'blue', size: 'großartig' },
    });
    await subscriber.end();
  });

  it('the properties of a retained message are kept with it', async () => {
    const topic = unique('retained');
    const sent = property('publish', 'user-property', 'a', 'b');
    await publish(broker, ...V5, '-t', topic, '-m', 'x', '-r', '-q', '1', ...sent);
    const subscriber = Subscriber.start(broker, ...V5, '-t', topic, '-C', '1');
    const { properties, retain } = await subscriber.message();
    assert.deepEqual([properties, retain], [{ 'user-properties': { a: 'b' } }, 1]);
    await subscriber.end();
    await publish(broker, ...V5, '-t', topic, '-n', '-r', '-q', '1');
  });

  it('a message says by which subscription it came', async () => {
    const topic = unique('identifier');
    const identifier = property('subscribe', 'subscription-identifier', '268435455');
    const subscriber = await Subscriber.subscribed(broker, ...V5, '-t', topic, ...identifier, '-C', '1');
    await publish(broker, ...V5, '-t', topic, '-m', 'x');
    const { properties } = await subscriber.message();
    assert.deepEqual(properties, { 'subscription-identifier': 268_435_455 });
    await subscriber.end();
  });

  it('messages that a publisher sends under a topic alias carry their topic', async () => {
    const topic = unique('alias');
    const subscriber = await Subscriber.subscribed(broker, ...V5, '-t', topic, '-q', '1', '-C', '3');
    const alias = property('publish', 'topic-alias', '7');
    await publishInput(broker, 'a\nb\nc\n', ...V5, '-t', topic, '-q', '1', '-l', ...alias);
    for (const payload of ['a', 'b', 'c']) {
      const message = await subscriber.message();
      assert.deepEqual([message.topic, message.payload], [topic, payload]);
    }
    await subscriber.end();
  });

  it('a message that waited says how much of its life is left', async () => {
    const topic = unique('expiry');
    const session = [...V5, '-t', topic, '-q', '1', '-i', unique('me'), '-c'];
    await Subscriber.start(broker, ...session, '-E').end();
    const expiry = property('publish', 'message-expiry-interval', '1000');
    await publish(broker, ...V5, '-t', topic, '-q', '1', '-m', 'x', ...expiry);
    const back = Subscriber.start(broker, ...session, '-C', '1');
    const { properties } = await back.message();
    const left = Number(properties?.['message-expiry-interval']);
    assert.ok(left > 900 && left <= 1000, `${left} seconds are left`);
    await back.end();
  });

  it('a session ends with its connection unless its client asked for more', async () => {
    const topic = unique('session');
    const session = [...V5, '-t', topic, '-q', '1', '-i', unique('me'), '-c'];
    await Subscriber.start(broker, ...session, '-x', '60', '-E').end();
    await publish(broker, ...V5, '-t', topic, '-q', '1', '-m', 'away');
    const back = Subscriber.start(broker, ...session, '-x', '0', '-C', '1');
    assert.deepEqual(await back.payloads(1), ['away']);
    await back.end();

    await publish(broker, ...V5, '-t', topic, '-q', '1', '-m', 'away again');
    const anew = await Subscriber.subscribed(broker, ...session, '-x', '0', '-C', '1');
    await publish(broker, ...V5, '-t', topic, '-q', '1', '-m', 'live');
    assert.deepEqual(await anew.payloads(1), ['live']);
    await anew.end();
  });

  it('a will carries its properties', async () => {
    const topic = unique('will');
    const observer = await Subscriber.subscribed(broker, ...V5, '-t', topic, '-C', '1');
    const will = [
      ...property('will', 'user-property', 'why', 'unknown'),
      ...property('will', 'content-type', 'text/plain'),
    ];
    const says = ['--will-topic', topic, '--will-payload', 'gone', ...will];
    const mortal = await Subscriber.subscribed(broker, ...V5, '-t', unique('any'), ...says);
    await mortal.crash();
    const { payload, properties } = await observer.message();
    assert.equal(payload, 'gone');
    assert.deepEqual(properties, { 'user-properties': { why: 'unknown' }, 'content-type': 'text/plain' });
    await observer.end();
  });

  it('a request finds its answer', async () => {
    const [question, answer] = [unique('question'), unique('answer')];
    const responder = await Subscriber.subscribed(broker, ...V5, '-t', question, '-q', '1', '-C', '1');
    const asks = ['-t', question, '-e', answer, '-m', 'how much?', '-q', '1', '-W', '15'];
    const requester = new Tool('mosquitto_rr', [...V5, '-h', broker.host, '-p', `${broker.port}`, ...asks]);
    const { payload, properties } = await responder.message();
    assert.equal(payload, 'how much?');
    assert.equal(properties?.['response-topic'], answer);
    await publish(broker, ...V5, '-t', answer, '-q', '1', '-m', '42');
    assert.deepEqual(await requester.end(), ['42']);
    await responder.end();
  });

  for (const version of ['mqttv311', 'mqttv5']) {
    it(`the members of a shared subscription get each message once among them, ${version}`, async () => {
      const topic = unique('shared');
      const count = 60;
      const members = await Promise.all(
        [1, 2, 3].map(() => Subscriber.subscribed(broker, '-V', version, '-t', `$share/group/${topic}`, '-q', '1')),
      );
      const everything = await Subscriber.subscribed(broker, '-V', version, '-t', topic, '-q', '1', '-C', `${count}`);
      const payloads = Array.from({ length: count }, (_, index) => `${index}`);
      await publishInput(broker, `${payloads.join('\n')}\n`, '-V', version, '-t', topic, '-q', '1', '-l');
      assert.deepEqual(await everything.payloads(count), payloads);
      await everything.end();

      // A last message for each tells that a member has got all that it gets.
      const got = new Map<string, number>();
      for (const member of members) {
        await publishInput(broker, 'end\n'.repeat(3), '-V', version, '-t', topic, '-q', '1', '-l');
        for (let payload = ''; payload !== 'end'; ) {
          payload = (await member.message()).payload;
          if (payload !== 'end') got.set(payload, (got.get(payload) ?? 0) + 1);
        }
        await member.crash();
      }
      assert.deepEqual(
        [...got.keys()].toSorted((a, b) => Number(a) - Number(b)),
        payloads,
      );
      assert.ok([...got.values()].every((times) => times === 1));
    });
  }
});
