// Brokers with a bug planted in each, which the fuzzer must find, and say which claim it refutes.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Broker } from '../../src/broker/broker.ts';
import type { NetworkConnection } from '../../src/transport/contract.ts';
import { hunt } from '../engine/hunt.fixture.ts';
import { MODEL } from './model-client.ts';
import { parseProgram, sayProgram } from './program.ts';
import { sessionsTarget } from './sessions-target.ts';
import type { BrokerUnderFuzz, MakeBroker } from './stage.ts';

const SESSIONS_MAX = 3_000;
const SEED = 7;
/** A minimised program has a few steps that matter. */
const STEPS_MAX = 12;

/** Claims that the fuzzer finds a bug, and what it says about it. */
function finds(bug: string, claim: RegExp, make: MakeBroker): void {
  test(`the fuzzer finds a broker that ${bug}`, async () => {
    const caught = await hunt(sessionsTarget(make), SEED, SESSIONS_MAX);
    assert.ok(caught !== undefined, `nothing was found with seed ${SEED}`);
    assert.match(caught.claim, claim);
    const program = parseProgram(caught.input);
    assert.ok(program.steps.length <= STEPS_MAX, `not minimised: ${sayProgram(program)}`);
  });
}

/** A broker in which something stands between it and the network. */
function wrapped(broker: Broker, between: (network: NetworkConnection) => NetworkConnection): BrokerUnderFuzz {
  return {
    accept: (network) => broker.accept(between(network)),
    open: () => broker.open(),
    tick: (now) => broker.tick(now),
    nextDeadline: () => broker.nextDeadline(),
    publish: (message) => broker.publish(message),
    close: () => broker.close(),
    get sizes() {
      return broker.sizes;
    },
    get queues() {
      return broker.queues;
    },
  };
}

/** A connection that does something before the broker's `end` reaches it. */
function withEnd(network: NetworkConnection, beforeEnd: () => void): NetworkConnection {
  return {
    remote: network.remote,
    writer: () => network.writer(),
    wrote: () => network.wrote(),
    waitingBytes: () => network.waitingBytes(),
    pause: () => network.pause(),
    resume: () => network.resume(),
    end: () => {
      beforeEnd();
      network.end();
    },
    destroy: () => network.destroy(),
  };
}

finds('lets an exception out', /^no TypeError comes out/, (parts) => {
  const { messagePublished } = parts.events;
  const events = {
    ...parts.events,
    messagePublished: (...[message, clientId]: Parameters<NonNullable<typeof messagePublished>>) => {
      if (message.retain && message.qos === 2 && message.properties.contentType !== undefined)
        throw new TypeError('planted');
      messagePublished?.(message, clientId);
    },
  };
  return new Broker({ ...parts, events });
});

finds(
  'ends somebody else with the fourth client that broke a rule',
  /^who keeps the rules notices nothing/,
  (parts) => {
    let model: NetworkConnection | undefined;
    let ended = 0;
    return wrapped(new Broker(parts), (network) => {
      if (network.remote === MODEL) model = network;
      return withEnd(network, () => {
        if (network.remote !== MODEL && ++ended === 4) model?.end();
      });
    });
  },
);

finds(
  'delivers what nobody has published',
  /^the broker delivers what somebody|^who keeps the rules notices nothing/,
  (parts) => {
    const { messagePublished } = parts.events;
    const events = {
      ...parts.events,
      messagePublished: (...[message, clientId]: Parameters<NonNullable<typeof messagePublished>>) => {
        if (message.properties.responseTopic === undefined) messagePublished?.(message, clientId);
      },
    };
    return new Broker({ ...parts, events });
  },
);

finds('remembers clients that are gone', /^when everybody has gone/, (parts) => {
  let refused = 0;
  const log = {
    ...parts.log,
    warn: (sentence: string) => {
      parts.log.warn(sentence);
      if (sentence.includes('may not publish its Will')) refused++;
    },
  };
  const broker = new Broker({ ...parts, log });
  return Object.defineProperty(
    wrapped(broker, (network) => network),
    'sizes',
    { get: () => ({ ...broker.sizes, subscriptions: broker.sizes.subscriptions + refused }) },
  );
});

finds('reports a bug of its own', /^the broker logs no error/, (parts) => {
  const log = {
    ...parts.log,
    warn: (sentence: string) => {
      if (sentence.includes('Topic Alias')) parts.log.error(sentence);
    },
  };
  return new Broker({ ...parts, log });
});

finds(
  'writes behind its last word to a client that does not read',
  /^the broker (?:opens with CONNACK|writes packets|answers what)/,
  (parts) =>
    wrapped(new Broker(parts), (network) =>
      withEnd(network, () => {
        if (network.waitingBytes() === 0) return;
        const writer = network.writer();
        writer.reserve(2);
        writer.u16(0xd000);
        network.wrote();
      }),
    ),
);

test('the fuzzer finds nothing wrong with the broker', async () => {
  const caught = await hunt(sessionsTarget(), SEED, 200);
  assert.equal(caught?.error, undefined);
});
