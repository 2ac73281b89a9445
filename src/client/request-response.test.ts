import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OperationError, UsageError } from '../base/errors.ts';
import { type Log, SILENT_LOG } from '../base/log.ts';
import { type MessageProperties, NO_CONNACK_PROPERTIES, NO_MESSAGE_PROPERTIES } from '../packet/properties.ts';
import type { ProtocolVersion } from '../packet/protocol-version.ts';
import { Arrival, type Coming } from './arrival.ts';
import type { Published, Publishing, PublishOptions, SubscribeOptions, Subscription } from './client.ts';
import type { ReceivedMessage } from './received-message.ts';
import { RequestResponse } from './request-response.ts';
import { FIXED_RANDOM, textOf } from './subscribing.arbitrary.ts';

/** A message that was published. */
interface PublishedMessage {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly options: PublishOptions;
  readonly outcome: PromiseWithResolvers<Published>;
  readonly stored: PromiseWithResolvers<void>;
}

/** A subscription that was made. */
interface Subscribed {
  readonly filter: string;
  readonly options: SubscribeOptions;
  readonly granting: PromiseWithResolvers<Subscription>;
}

/** A client that writes down what is asked of it. */
class Script {
  readonly all: RequestResponse;
  readonly published: PublishedMessage[];
  readonly subscribed: Subscribed[];
  readonly ended: string[];
  readonly alarms: Map<() => void, number>;
  readonly logged: string[];
  responseInformation: string | undefined;
  clientId: string;

  constructor(version: ProtocolVersion = 5) {
    this.published = [];
    this.subscribed = [];
    this.ended = [];
    this.alarms = new Map();
    this.logged = [];
    this.responseInformation = undefined;
    this.clientId = 'sensor/+1';
    const log: Log = {
      ...SILENT_LOG,
      debug: (sentence, fields) => this.logged.push(`debug ${sentence} ${JSON.stringify(fields)}`),
      warn: (sentence, fields) => this.logged.push(`warn ${sentence} ${JSON.stringify(fields)}`),
    };
    this.all = new RequestResponse({
      version,
      random: FIXED_RANDOM,
      log,
      setAlarm: (delay, ring) => {
        this.alarms.set(ring, delay);
        return () => void this.alarms.delete(ring);
      },
      publish: (topic, payload, options = {}) => this.publish(topic, payload, options),
      subscribe: async (filters, options = {}) => {
        assert.ok(typeof filters === 'string' || 'filter' in filters);
        const filter = typeof filters === 'string' ? filters : String(filters.filter);
        const granting = Promise.withResolvers<Subscription>();
        this.subscribed.push({ filter, options, granting });
        return await granting.promise;
      },
      connection: () => ({
        clientId: this.clientId,
        sessionPresent: false,
        keepAliveSeconds: 60,
        serverProperties: { ...NO_CONNACK_PROPERTIES, responseInformation: this.responseInformation },
      }),
    });
  }

  /** The broker grants a subscription. */
  async grant(index = this.subscribed.length - 1): Promise<void> {
    const subscribed = this.subscribed[index];
    assert.ok(subscribed !== undefined);
    const { filter, granting } = subscribed;
    const end = async (): Promise<void> => void (await Promise.resolve(this.ended.push(filter)));
    const iterate = (): AsyncIterator<ReceivedMessage> => ({
      next: async () => await Promise.reject(new Error('no loop')),
    });
    granting.resolve({
      filters: [filter],
      granted: [2],
      end,
      [Symbol.asyncDispose]: end,
      [Symbol.asyncIterator]: iterate,
    });
    await turn();
  }

  /** A message comes for a subscription. */
  async message(
    index: number,
    topic: string,
    payload: string,
    properties: Partial<MessageProperties> = {},
    qos: Coming['qos'] = 0,
  ): Promise<void> {
    const message = {
      topic,
      payload: new TextEncoder().encode(payload),
      properties: { ...NO_MESSAGE_PROPERTIES, ...properties },
    };
    const coming = { qos, retain: false, dup: false, subscriptionIdentifiers: [], key: 1, packetId: 0 };
    await this.subscribed[index]?.options.onMessage?.(new Arrival(message, coming, () => undefined));
  }

  /** The one message that was published since the last call. */
  nextPublished(): PublishedMessage {
    const message = this.published.shift();
    assert.ok(message !== undefined, 'something was published');
    return message;
  }

  private publish(topic: string, payload: string | Uint8Array, options: PublishOptions): Publishing {
    const outcome = Promise.withResolvers<Published>();
    const stored = Promise.withResolvers<void>();
    stored.promise.catch(() => undefined);
    this.published.push({ topic, payload, options, outcome, stored });
    return Object.assign(outcome.promise, { stored: stored.promise });
  }
}

async function turn(): Promise<void> {
  await new Promise(setImmediate);
}

test('a request is published when the broker has granted the responses, and answered by its Correlation Data', async () => {
  const script = new Script();
  const first = script.all.request('q', 'one', { qos: 1 });
  const second = script.all.request('q', 'two');
  assert.equal(script.all.pendingCount, 2);
  assert.deepEqual(
    script.subscribed.map(({ filter }) => filter),
    ['vouch/response/sensor%2F%2B1'],
  );
  assert.deepEqual(script.published, []);
  await script.grant();
  const [one, two] = [script.nextPublished(), script.nextPublished()];
  assert.deepEqual([one.payload, one.options.qos, two.payload], ['one', 1, 'two']);
  assert.equal(one.options.properties?.responseTopic, 'vouch/response/sensor%2F%2B1');
  const correlation = [one, two].map(({ options }) => ({ correlationData: options.properties?.correlationData }));
  await script.message(0, 'r', 'answer two', correlation[1]);
  await script.message(0, 'r', 'answer one', correlation[0]);
  assert.deepEqual((await Promise.all([first, second])).map(textOf), ['answer one', 'answer two']);
  assert.equal(script.all.pendingCount, 0);
  assert.equal(script.alarms.size, 0);
  assert.deepEqual(script.logged, []);
});

test('a response to nobody is dropped', async () => {
  const script = new Script();
  const request = script.all.request('q', '');
  await script.grant();
  const { correlationData } = script.nextPublished().options.properties ?? {};
  await script.message(0, 'r', 'without');
  await script.message(0, 'r', 'unknown', { correlationData: new Uint8Array([1]) });
  await script.message(0, 'r', 'right', { correlationData });
  await script.message(0, 'r', 'again', { correlationData });
  assert.equal(textOf(await request), 'right');
  assert.deepEqual(script.logged, Array(3).fill('debug A response came for which nobody waits {"topic":"r"}'));
});

test('a request without a response is late after its timeout, and withdrawn from the outbox', async () => {
  const script = new Script();
  const request = script.all.request('q', '', { timeoutMillis: 2_500 });
  await script.grant();
  const { options } = script.nextPublished();
  const [[ring, delay] = []] = Array.from(script.alarms);
  assert.equal(delay, 2_500);
  ring?.();
  await assert.rejects(request, {
    code: 'timed-out',
    message: 'No response to the request to "q" came within 2.5 s.',
  });
  assert.equal(options.signal?.aborted, true);
});

test('a request that is late or aborted before the subscription is granted is not published', async () => {
  const script = new Script();
  const giveUp = new AbortController();
  const late = script.all.request('q', '');
  const aborted = script.all.request('q', '', { signal: giveUp.signal });
  giveUp.abort(new Error('enough'));
  await assert.rejects(aborted, new Error('enough'));
  for (const ring of script.alarms.keys()) ring();
  await assert.rejects(late, { code: 'timed-out' });
  await script.grant();
  assert.deepEqual(script.published, []);
  await assert.rejects(script.all.request('q', '', { signal: giveUp.signal }), new Error('enough'));
});

test('a request fails with its message, and with the subscription; the next one subscribes anew', async () => {
  const script = new Script();
  const first = script.all.request('q', '');
  const refusal = new OperationError('rejected', 'No.', 0x87);
  script.subscribed[0]?.granting.reject(refusal);
  await assert.rejects(first, refusal);
  const second = script.all.request('q', '');
  await script.grant();
  script.nextPublished().outcome.reject(refusal);
  await assert.rejects(second, refusal);
  assert.equal(script.subscribed.length, 2);
});

test('a Response Topic of the caller is subscribed to as long as requests wait there', async () => {
  const script = new Script();
  const properties = { responseTopic: 'mine' };
  const first = script.all.request('q', '', { properties: { ...properties, correlationData: new Uint8Array([1]) } });
  const second = script.all.request('q', '', { properties: { ...properties, correlationData: new Uint8Array([2]) } });
  const again = script.all.request('q', '', { properties: { ...properties, correlationData: new Uint8Array([2]) } });
  await assert.rejects(again, { name: 'UsageError' });
  await script.grant();
  assert.deepEqual(
    script.subscribed.map(({ filter }) => filter),
    ['mine'],
  );
  await script.message(0, 'mine', '1', { correlationData: new Uint8Array([1]) });
  await first;
  await turn();
  assert.deepEqual(script.ended, []);
  await script.message(0, 'mine', '2', { correlationData: new Uint8Array([2]) });
  await second;
  await turn();
  assert.deepEqual(script.ended, ['mine']);
});

test('Response Information of the broker is where responses go', () => {
  const script = new Script();
  script.responseInformation = 'r/sensor/';
  void script.all.request('q', '');
  assert.equal(script.subscribed[0]?.filter, 'r/sensor/sensor%2F%2B1');
});

test('a root that is of this client already is used as it is, and one that is no topic is not', () => {
  for (const [given, filter] of [
    ['r/sensor%2F%2B1', 'r/sensor%2F%2B1'],
    ['r/sensor%2F%2B1/', 'r/sensor%2F%2B1'],
    ['sensor%2F%2B1', 'sensor%2F%2B1/sensor%2F%2B1'],
    ['r/#', 'vouch/response/sensor%2F%2B1'],
    ['', 'vouch/response/sensor%2F%2B1'],
  ] as const) {
    const script = new Script();
    script.responseInformation = given;
    void script.all.request('q', '');
    assert.equal(script.subscribed[0]?.filter, filter);
  }
});

test('a client without a name yet has a Response Topic that nobody guesses', () => {
  const script = new Script();
  script.clientId = '';
  void script.all.request('q', '');
  assert.equal(script.subscribed[0]?.filter, `vouch/response/${'ab'.repeat(12)}`);
});

test('when the client is over, so are its requests', async () => {
  const script = new Script();
  const request = script.all.request('q', '');
  const error = new OperationError('closed', 'Over.');
  script.all.close(error);
  await assert.rejects(request, error);
  assert.equal(script.alarms.size, 0);
});

test('requests and responses are of MQTT 5.0, and checked', async () => {
  for (const version of [3, 4] as const) {
    const { all } = new Script(version);
    const reason = { name: 'UsageError', message: /needs MQTT 5.0: MQTT 3.1.* has no Response Topic/ };
    await assert.rejects(all.request('q', ''), reason);
    await assert.rejects(
      all.respond('q', () => ''),
      reason,
    );
  }
  const { all } = new Script();
  await assert.rejects(all.request('q/#', ''), { name: 'UsageError' });
  await assert.rejects(all.request('q', '', { timeoutMillis: 0 }), { name: 'UsageError' });
  await assert.rejects(all.request('q', '', { properties: { responseTopic: '+' } }), { name: 'UsageError' });
});

test('a responder is heard where the request says, with its QoS and Correlation Data', async () => {
  const script = new Script();
  const signal = new AbortController().signal;
  const responding = script.all.respond('q/+', (request) => `${textOf(request)}!`, { signal });
  assert.equal(script.subscribed[0]?.options.signal, signal);
  await script.grant();
  await responding;
  const correlationData = new Uint8Array([7]);
  const handling = script.message(0, 'q/1', 'hello', { responseTopic: 'r', correlationData }, 2);
  await turn();
  const { topic, payload, options, stored } = script.nextPublished();
  assert.deepEqual(
    [topic, payload, options.qos, options.properties?.correlationData],
    ['r', 'hello!', 2, correlationData],
  );
  // The request is acknowledged when the outbox has the response.
  stored.resolve();
  await handling;
});

test('a responder may say how its response is published', async () => {
  const script = new Script();
  const options = { qos: 0, retain: true, properties: { contentType: 'text/plain' } } as const;
  void script.all.respond('q', async () => await Promise.resolve({ payload: 'R', options }));
  void script.message(0, 'q', '', { responseTopic: 'r' }, 1);
  await turn();
  const published = script.nextPublished();
  assert.deepEqual([published.options.qos, published.options.retain], [0, true]);
  assert.equal(published.options.properties?.contentType, 'text/plain');
});

test('a request without a Response Topic, or with none that is one, is told of once per filter', async () => {
  const script = new Script();
  let count = 0;
  void script.all.respond('q', () => `${++count}`);
  await script.message(0, 'q', '');
  await script.message(0, 'q', '', { responseTopic: '' });
  assert.equal(count, 2);
  assert.deepEqual(script.published, []);
  assert.deepEqual(script.logged, [
    'warn A request names no Response Topic; its response goes nowhere {"filter":"q","topic":"q"}',
  ]);
});

test('a response that is not delivered is logged, and its request is done; one that cannot be is a fault of the responder', async () => {
  const script = new Script();
  void script.all.respond('q', () => '');
  for (const error of [new OperationError('too-large', 'Too large.'), new UsageError('invalid-option', 'No.')]) {
    const handling = script.message(0, 'q', '', { responseTopic: 'r' });
    await turn();
    const { outcome, stored } = script.nextPublished();
    outcome.reject(error);
    stored.reject(error);
    if (error instanceof UsageError) await assert.rejects(handling, error);
    else await handling;
  }
  assert.equal(
    script.logged[0],
    'warn A response was not delivered {"topic":"r","error":"OperationError: Too large."}',
  );
});

test('what a responder throws is thrown', async () => {
  const script = new Script();
  void script.all.respond('q', () => {
    throw new Error('broken');
  });
  await assert.rejects(script.message(0, 'q', ''), new Error('broken'));
});
