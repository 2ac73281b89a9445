// What the Authorizer refuses at SUBSCRIBE, at PUBLISH and at delivery: the client hears what its version
// can say, nobody else hears anything, and what is not delivered is counted and settled.
// Wills are in will.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Action, Authorizer, Identity } from '../../src/auth/contract.ts';
import { type ConnectChoice, TestBroker } from './harness.ts';
import { will } from './sample-will.ts';
import { sayPacket, textOf } from './say-packet.ts';

/** One question that the broker asked. */
interface Question {
  readonly clientId: string;
  readonly action: Action;
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
}

/** An Authorizer that refuses what a test says, and remembers what it was asked. */
class TestAuthorizer implements Authorizer {
  readonly allowsAll: boolean;
  readonly asked: Question[];
  refuses: (question: Question) => boolean;

  constructor(refuses: (question: Question) => boolean) {
    this.allowsAll = false;
    this.asked = [];
    this.refuses = refuses;
  }

  allows({ clientId }: Identity, action: Action, topic: string, qos: 0 | 1 | 2, retain: boolean): boolean {
    const question = { clientId, action, topic, qos, retain };
    this.asked.push(question);
    return !this.refuses(question);
  }
}

/** A persistent session. */
const KEPT: ConnectChoice = { clientId: 'kept', clean: false, properties: { sessionExpiryInterval: 1000 } };

test('a refused subscription is answered with 0x87, 0x80 to 3.1.1, as if granted to 3.1, is said, and is not in force; the others of the packet are', async () => {
  for (const version of [3, 4, 5] as const) {
    const authorizer = new TestAuthorizer(({ action, topic }) => action === 'subscribe' && topic.includes('secret'));
    const broker = await TestBroker.open({ authorizer });
    broker.connect().publish('secret', 'x', { retain: true });
    const client = broker.connect({ version, clientId: 'c' });
    client.requestSubscription(['secret', 'open', '$share/g/secret'], { qos: 1 });
    // MQTT 3.1 has no word for it: "it must therefore make a positive acknowledgement with a SUBACK".
    const no = { 3: '0x01', 4: '0x80', 5: '0x87' }[version];
    const suback = client.expect('suback');
    assert.equal(sayPacket(suback), `SUBACK 1 ${no} 0x01 ${no}`);
    const why = version === 5 ? 'The client may not subscribe to this filter.' : undefined;
    assert.equal(suback.properties.reasonString, why);
    assert.match(broker.warnings()[0] ?? '', /"c" to "secret".*not authorized/);
    const publisher = broker.connect();
    for (const topic of ['secret', 'open']) publisher.publish(topic, 'x');
    assert.deepEqual(client.messages(), ['open=x']);
  }
});

test('the Authorizer is asked for the filter as requested, with its QoS', async () => {
  const authorizer = new TestAuthorizer(() => false);
  const broker = await TestBroker.open({ authorizer });
  broker.connect({ clientId: 'c' }).requestSubscription(['$share/g/a/+'], { qos: 1 });
  assert.deepEqual(authorizer.asked, [
    { clientId: 'c', action: 'subscribe', topic: '$share/g/a/+', qos: 1, retain: false },
  ]);
});

test('a refused subscription leaves the one with the same filter as it was', async () => {
  const authorizer = new TestAuthorizer(({ qos }) => qos === 2);
  const broker = await TestBroker.open({ authorizer });
  const client = broker.connect();
  client.subscribe('a', { qos: 1 }, 1);
  assert.deepEqual(client.subscribe('a', { qos: 2 }, 2), [0x87]);
  broker.connect().publish('a', 'x', { qos: 1 });
  assert.deepEqual(client.said(), ['PUBLISH a=x QoS 1 id 1 for 1']);
});

for (const qos of [0, 1, 2] as const) {
  // 3.1.1 [MQTT-3.3.5-2]
  test(`a refused QoS ${qos} PUBLISH reaches nobody and is not retained; its publisher hears 0x87; one of 3.1.1 is cut off if it waits, one of 3.1 hears nothing of it`, async () => {
    for (const version of [3, 4, 5] as const) {
      const authorizer = new TestAuthorizer(({ action, topic }) => action === 'publish' && topic === 'secret');
      const broker = await TestBroker.open({ authorizer });
      const subscriber = broker.connect();
      subscriber.subscribe('#');
      const publisher = broker.connect({ version, clientId: 'p' });
      publisher.publish('secret', 'x', { qos, id: 9, retain: true });
      assert.equal(broker.broker.counters.messagesRefused, 1);
      assert.match(broker.warnings()[0] ?? '', /"p" to topic "secret"/);
      if (version === 4 && qos > 0) {
        publisher.expectEnd(0);
      } else {
        // MQTT 3.1: "it must therefore make a positive acknowledgement, according to the normal QoS rules".
        const heard = version === 5 ? ' 0x87' : '';
        assert.deepEqual(publisher.said(), [[], [`PUBACK 9${heard}`], [`PUBREC 9${heard}`]][qos]);
        assert.equal(publisher.ended, 'not yet');
      }
      assert.deepEqual(subscriber.said(), []);
      assert.equal(broker.broker.sizes.retained, 0);
    }
  });
}

test('the Authorizer is asked for the topic itself where an alias stands for it, with QoS and RETAIN of the message', async () => {
  const authorizer = new TestAuthorizer(({ topic }) => topic === 'secret');
  const broker = await TestBroker.open({ authorizer });
  const publisher = broker.connect({ clientId: 'p' });
  publisher.publish('secret', 'x', { topicAlias: 1, qos: 1, id: 1 });
  publisher.publish('', 'x', { topicAlias: 1, qos: 1, id: 2, retain: true });
  assert.deepEqual(publisher.said(), ['PUBACK 1 0x87', 'PUBACK 2 0x87']);
  assert.deepEqual(authorizer.asked.at(-1), {
    clientId: 'p',
    action: 'publish',
    topic: 'secret',
    qos: 1,
    retain: true,
  });
});

for (const qos of [0, 1, 2] as const) {
  test(`a QoS ${qos} message that a client may not receive is dropped for that one, counted and said; others get it`, async () => {
    const authorizer = new TestAuthorizer(({ action, topic, clientId }) => {
      return action === 'receive' && topic === 'secret' && clientId !== 'trusted';
    });
    const broker = await TestBroker.open({ authorizer });
    const clients = [broker.connect({ clientId: 'trusted' }), broker.connect(), broker.connect(KEPT)];
    for (const client of clients) client.subscribe('#');
    const publisher = broker.connect();
    for (const topic of ['secret', 'open']) publisher.publish(topic, 'x', { qos });
    const got = clients.map((client) => client.acknowledgeAll().map(({ topic }) => topic));
    assert.deepEqual(got, [['secret', 'open'], ['open'], ['open']]);
    assert.equal(broker.broker.counters.messagesDropped['not-authorized'], 2);
    assert.equal(broker.warnings().length, 2);
    clients[2]?.cut();
    assert.deepEqual(broker.connect(KEPT).said(), [], 'it is settled');
  });
}

test('retained messages that a client may not receive are left out', async () => {
  const authorizer = new TestAuthorizer(({ action, topic }) => action === 'receive' && topic === 'secret');
  const broker = await TestBroker.open({ authorizer });
  const publisher = broker.connect();
  for (const topic of ['secret', 'open']) publisher.publish(topic, 'x', { qos: 1, retain: true });
  for (const choice of [{}, KEPT]) {
    const client = broker.connect(choice);
    client.subscribe('#');
    assert.deepEqual(client.messages(), ['open=x']);
  }
});

test('what waited is held against the rights of the moment at which it is sent, in flight or queued', async () => {
  let isRevoked = false;
  const authorizer = new TestAuthorizer(({ action, topic }) => isRevoked && action === 'receive' && topic === 'a');
  const broker = await TestBroker.open({ authorizer });
  const first = broker.connect({ ...KEPT, properties: { sessionExpiryInterval: 1000, receiveMaximum: 2 } });
  first.subscribe('+');
  const publisher = broker.connect();
  for (const topic of ['a', 'b', 'a', 'b']) publisher.publish(topic, topic, { qos: 1 });
  assert.equal(first.publishes().length, 2);
  first.cut();
  isRevoked = true;
  const second = broker.connect(KEPT);
  assert.deepEqual(second.acknowledgeAll().map(textOf), ['b', 'b']);
  isRevoked = false;
  second.cut();
  assert.deepEqual(broker.connect(KEPT).said(), []);
  assert.equal(broker.broker.counters.messagesDropped['not-authorized'], 2);
});

test('with an Authorizer that allows all nobody is asked', async () => {
  const authorizer: Authorizer = {
    allowsAll: true,
    allows: () => assert.fail('asked'),
  };
  const broker = await TestBroker.open({ authorizer });
  const client = broker.connect();
  client.subscribe('a');
  client.publish('a', 'x', { qos: 1 });
  assert.equal(client.said().length, 2);
});

test('an Authorizer that throws has said no: to a message, a subscription, a Will and a delivery; nobody else notices', async () => {
  const authorizer = new TestAuthorizer(({ clientId }) => {
    if (clientId === 'poison') throw new Error('cannot read\nthis');
    return false;
  });
  const broker = await TestBroker.open({ authorizer });
  const bystander = broker.connect({ clientId: 'bystander' });
  bystander.subscribe('#');
  const poison = broker.connect({ clientId: 'poison' });
  poison.publish('a', 'x', { qos: 1 });
  assert.deepEqual(poison.said(), ['PUBACK 1 0x87']);
  assert.deepEqual(poison.subscribe('a'), [0x87]);
  const willing = broker.knock({ clientId: 'poison', will: will() });
  assert.equal(willing.expect('connack').reasonCode, 0x87);
  bystander.publish('b', 'x');
  assert.deepEqual(bystander.said(), ['PUBLISH b=x']);
  const sentence =
    'The Authorizer threw where it was to decide (client "poison", publish "a"): "cannot read\\nthis". That counts as a no.';
  assert.equal(broker.log.find(({ level }) => level === 'error')?.sentence, sentence);
});

test('an Authorizer that throws for each message is in the log once a second for each kind of question, with how often', async () => {
  const authorizer = new TestAuthorizer(({ action }) => {
    if (action !== 'subscribe') throw new Error('broken');
    return false;
  });
  const broker = await TestBroker.open({ authorizer });
  const client = broker.connect();
  const errors = (): readonly string[] =>
    broker.log.filter(({ level }) => level === 'error').map(({ sentence }) => sentence.replace(/^.*no\./, ''));
  for (let index = 0; index < 1_000; index++) client.publish('a', 'x');
  assert.deepEqual(errors(), ['']);
  broker.knock({ will: will() });
  assert.deepEqual(errors(), ['', '']);
  broker.pass(1_000);
  client.publish('a', 'x');
  assert.deepEqual(errors(), ['', '', ' 999 more like it since the last such line.']);
  assert.equal(broker.broker.counters.messagesRefused, 1_001);
});
