// Access rules in a broker: what they refuse at CONNECT, SUBSCRIBE, PUBLISH and at delivery, what is said of it, and what becomes of what
// waits when they change. That a broker asks at all is in authorizer.test.ts; what rules mean is in src/auth/rules/.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Action, Authenticator, Authorizer, Explanation, Identity, RuleTally } from '../../src/auth/contract.ts';
import { RuleSet } from '../../src/auth/rules/rule-set.ts';
import { millis } from '../../src/base/millis.ts';
import { parseRules } from '../../src/config/rules-file.ts';
import { packetId } from '../../src/packet/packet-id.ts';
import { type ConnectChoice, connectPacket, TestBroker } from './harness.ts';
import { textOf } from './say-packet.ts';
import { will } from './sample-will.ts';

/** Rules that a test writes as they stand in a file, and may write again. */
class WrittenRules implements Authorizer {
  readonly allowsAll: boolean;
  private set: RuleSet;

  constructor(...rules: readonly string[]) {
    this.allowsAll = false;
    this.set = ruleSetOf(rules);
  }

  change(...rules: readonly string[]): void {
    this.set = ruleSetOf(rules);
  }

  allows(identity: Identity, action: Action, topic: string, qos: 0 | 1 | 2, retain: boolean): boolean {
    return this.set.allows(identity, action, topic, qos, retain);
  }

  explain(identity: Identity, action: Action, topic: string, qos: 0 | 1 | 2, retain: boolean): Explanation {
    return this.set.explain(identity, action, topic, qos, retain);
  }

  tallies(): readonly RuleTally[] {
    return this.set.tallies();
  }
}

/** Each on a line of its own, from line 2 on. */
function ruleSetOf(rules: readonly string[]): RuleSet {
  const outcome = parseRules('rules.yaml', `rules:\n${rules.map((rule) => `- {${rule}}\n`).join('')}`);
  assert(outcome.kind === 'valid', rules.join('\n'));
  return new RuleSet(outcome.file);
}

/** Everybody is who they say. */
const TRUSTING: Authenticator = { authenticate: ({ userName }) => ({ kind: 'accepted', principal: userName }) };

async function brokerWith(
  authorizer: Authorizer,
  choice: Parameters<typeof TestBroker.open>[0] = {},
): Promise<TestBroker> {
  return await TestBroker.open({ authenticator: TRUSTING, authorizer, ...choice });
}

const EVERYTHING = "allow: all, topics: '#'";
const KEPT: ConnectChoice = { clientId: 'kept', clean: false, properties: { sessionExpiryInterval: 1000 } };

test('a refused PUBLISH is said with the rule and its place; its client is told only what the rule tells', async () => {
  const rules = new WrittenRules(
    'name: secrets, deny: publish, topics: secret, tell: Ask Ada.',
    'deny: publish, topics: other',
    EVERYTHING,
  );
  const broker = await brokerWith(rules);
  const client = broker.connect({ clientId: 'c', userName: 'u' });
  client.publish('secret', 'x', { qos: 1 });
  assert.equal(client.expect('puback').properties.reasonString, 'The client may not publish to this topic. Ask Ada.');
  client.publish('other', 'x', { qos: 2 });
  assert.equal(client.expect('pubrec').properties.reasonString, 'The client may not publish to this topic.');
  const line = broker.log.find(({ level }) => level === 'warn');
  assert.match(
    line?.sentence ?? '',
    /not authorized.*The client may not publish to this topic: rule "secrets" \(rules.yaml:2\) denies it\.$/,
  );
  assert.equal(line?.fields?.['rule'], 'rules.yaml:2');
});

test('a refused subscription is said with what of the filter is refused, and is told no more', async () => {
  const broker = await brokerWith(new WrittenRules('deny: subscribe, topics: a/secret', "allow: all, topics: 'a/#'"));
  const client = broker.connect({ clientId: 'c' });
  client.requestSubscription(['a/#', '$share/g/b', 'a/b']);
  const { reasonCodes, properties } = client.expect('suback');
  assert.deepEqual(reasonCodes, [0x87, 0x87, 2]);
  assert.equal(properties.reasonString, 'The client may not subscribe to this filter.');
  assert.match(
    broker.warnings()[0] ?? '',
    /the rule at rules.yaml:2 denies "a\/secret", which the filter matches, too\.$/,
  );
  assert.match(broker.warnings()[1] ?? '', /no rule of rules.yaml allows it\.$/);
});

test('threat 32: a Will that its client may not publish is refused at CONNECT, and when it is due after its right has gone', async () => {
  const rules = new WrittenRules('deny: publish, topics: no, tell: Not there.', EVERYTHING);
  const broker = await brokerWith(rules);
  const observer = broker.connect();
  observer.subscribe('#');
  const refused = broker.knock({ clientId: 'w', will: will({ topic: 'no' }) });
  const { reasonCode, properties } = refused.expect('connack');
  assert.deepEqual([reasonCode, properties.reasonString], [0x87, 'Not there.']);
  assert.match(broker.warnings()[0] ?? '', /Will to "no": the rule at rules.yaml:2 denies it\.$/);
  const accepted = broker.connect({ clientId: 'w', will: will({ topic: 'yes' }) });
  rules.change('deny: publish, topics: yes', EVERYTHING);
  accepted.cut();
  assert.deepEqual(observer.said(), []);
  assert.match(
    broker.warnings()[1] ?? '',
    /Will .* was not published.* The client may not publish it: the rule at rules.yaml:2 denies it\.$/,
  );
});

test('threat 34: what a client may not receive reaches it neither live, nor retained, nor from its queue, nor once more in flight', async () => {
  const rules = new WrittenRules("deny: receive, user: u, topics: 'a/secret'", EVERYTHING);
  const broker = await brokerWith(rules);
  const publisher = broker.connect();
  publisher.publish('a/secret', 'retained', { qos: 1, retain: true });
  const client = broker.connect({ ...KEPT, userName: 'u' });
  assert.deepEqual(client.subscribe('#', { qos: 1 }), [1]);
  for (const topic of ['a/secret', 'a/open']) publisher.publish(topic, 'live', { qos: 1 });
  assert.deepEqual(client.acknowledgeAll().map(textOf), ['live']);
  client.cut();
  for (const topic of ['a/secret', 'a/open']) publisher.publish(topic, 'queued', { qos: 1 });
  const again = broker.connect({ ...KEPT, userName: 'u' });
  assert.deepEqual(again.publishes().map(textOf), ['queued']);
  again.cut();
  rules.change("deny: receive, user: u, topics: 'a/#'", EVERYTHING);
  assert.deepEqual(broker.connect({ ...KEPT, userName: 'u' }).said(), []);
  assert.match(broker.warnings().join('\n'), /the client may not receive it: the rule at rules.yaml:2 denies it\.$/m);
});

test('threat 35: who may not subscribe any more gets nothing more through an old subscription, whether connected, away or in a group', async () => {
  for (const filter of ['a/#', '$share/g/a/#']) {
    const rules = new WrittenRules("allow: subscribe, user: u, topics: 'a/#'", "allow: publish, topics: '#'");
    const broker = await brokerWith(rules);
    const client = broker.connect({ ...KEPT, userName: 'u' });
    assert.deepEqual(client.subscribe(filter, { qos: 1 }), [1]);
    const publisher = broker.connect();
    publisher.publish('a/b', 'before', { qos: 1 });
    assert.deepEqual(client.acknowledgeAll().map(textOf), ['before']);
    client.cut();
    publisher.publish('a/b', 'waits', { qos: 1 });
    rules.change("allow: subscribe, user: other, topics: 'a/#'", "allow: publish, topics: '#'");
    const again = broker.connect({ ...KEPT, userName: 'u' });
    publisher.publish('a/b', 'after', { qos: 1 });
    assert.deepEqual(again.said(), [], filter);
  }
});

test('what a shared subscription gives to a member that may not receive it is dropped and counted, and the others go on', async () => {
  const rules = new WrittenRules('deny: receive, user: u, topics: a', EVERYTHING);
  const broker = await brokerWith(rules);
  const members = ['u', 'v'].map((userName) => broker.connect({ clientId: userName, userName }));
  for (const member of members) assert.deepEqual(member.subscribe('$share/g/#', { qos: 1 }), [1]);
  const publisher = broker.connect();
  for (const payload of ['1', '2', '3', '4']) publisher.publish('a', payload, { qos: 1 });
  const got = members.map((member) => member.acknowledgeAll().length);
  assert.equal(got[0], 0);
  assert.equal((got[1] ?? 0) + broker.broker.counters.messagesDropped['not-authorized'], 4);
});

test("threat 33: a retained message outlives the right of its publisher; who gets it is the rules' to say", async () => {
  const rules = new WrittenRules(EVERYTHING);
  const broker = await brokerWith(rules);
  broker.connect({ userName: 'p' }).publish('a', 'kept', { qos: 1, retain: true });
  rules.change('deny: publish, user: p, topics: a', EVERYTHING);
  const reader = broker.connect();
  reader.subscribe('a');
  assert.deepEqual(reader.messages(), ['a=kept']);
  rules.change('deny: receive, topics: a', EVERYTHING);
  const other = broker.connect();
  other.subscribe('a');
  assert.deepEqual(other.said(), []);
});

test('threat 36: a QoS 2 message is decided at its PUBLISH, and its PUBREL is answered whatever the rules say by then', async () => {
  const rules = new WrittenRules(EVERYTHING);
  const broker = await brokerWith(rules);
  const reader = broker.connect();
  reader.subscribe('a');
  const publisher = broker.connect({ userName: 'p' });
  publisher.publish('a', 'x', { qos: 2, id: 5 });
  assert.deepEqual(publisher.said(), ['PUBREC 5']);
  rules.change('deny: publish, topics: a', EVERYTHING);
  publisher.answer('pubrel', packetId(5));
  assert.deepEqual(publisher.said(), ['PUBCOMP 5']);
  assert.deepEqual(reader.messages(), ['a=x']);
});

test('threat 25: a client that calls itself # or + has no topics of its own, and hears so', async () => {
  const broker = await brokerWith(new WrittenRules("allow: all, topics: ['home/%u/#', 'id/%c/#']"));
  for (const name of ['#', '+', 'a/../#']) {
    const client = broker.connect({ clientId: name, userName: name });
    for (const filter of ['home/#', 'home/+/x', 'id/#', 'id/+']) assert.deepEqual(client.subscribe(filter), [0x87]);
    client.publish('home/a/x', 'x', { qos: 1 });
    assert.equal(client.expect('puback').reasonCode, 0x87);
  }
  const ann = broker.connect({ clientId: 'c', userName: 'ann' });
  for (const filter of ['home/ann/+', 'id/c/#']) assert.deepEqual(ann.subscribe(filter), [2]);
});

test('a QoS 1 or 2 message that a client of 3.1.1 may not publish ends its connection, or is acknowledged and dropped where deniedPublish311 says so', async () => {
  for (const deniedPublish311 of ['close', 'acknowledge'] as const) {
    for (const qos of [1, 2] as const) {
      const broker = await brokerWith(new WrittenRules('deny: publish, topics: a', EVERYTHING), {
        rules: { deniedPublish311 },
      });
      const observer = broker.connect();
      observer.subscribe('#');
      const client = broker.connect({ version: 4, clientId: 'c' });
      client.publish('a', 'x', { qos, id: 7 });
      if (deniedPublish311 === 'close') client.expectEnd(0);
      else {
        assert.deepEqual(client.said(), [qos === 1 ? 'PUBACK 7' : 'PUBREC 7']);
        assert.equal(client.ended, 'not yet');
      }
      assert.equal(broker.broker.counters.messagesRefused, 1);
      assert.deepEqual(observer.said(), []);
    }
  }
});

test('a rule about certificates is about the one with which the client has opened its connection', async () => {
  const broker = await brokerWith(new WrittenRules("certificate: 'meter-*', allow: publish, topics: a"));
  const names = ['meter-7', 'other', undefined];
  const codes = names.map((commonName) => {
    const client = broker.dial(5, { commonName, alternativeNames: [], fingerprint: '' });
    client.send(connectPacket({}));
    client.expect('connack');
    client.publish('a', 'x', { qos: 1 });
    return client.expect('puback').reasonCode;
  });
  assert.deepEqual(codes, [0x10, 0x87, 0x87]);
});

test('what each rule has decided is at $SYS/broker/rules', async () => {
  const rules = new WrittenRules('name: all of a, allow: all, topics: a', "allow: all, topics: ['$SYS/#']");
  const broker = await brokerWith(rules, { limits: { systemTopicsInterval: millis(1000) } });
  const client = broker.connect();
  for (const topic of ['a', 'a', 'b']) client.publish(topic, 'x', { qos: 1 });
  broker.pass(1000);
  const reader = broker.connect();
  assert.deepEqual(reader.subscribe('$SYS/broker/rules/#'), [2]);
  const said = reader.messages();
  for (const line of ['$SYS/broker/rules/all of a/allowed=2', '$SYS/broker/rules/no rule/refused=1'])
    assert(said.includes(line), line);
});
