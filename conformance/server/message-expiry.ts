// The Message Expiry Interval (section 3.3.2.3.3), and what it does not end: a delivery that has begun (section 4.3.3).

import { type ServerCheck, v5 } from '../check.ts';
import { isKind, type Lie, NOTHING, serverClosesOn, serverWithholds } from '../liar/lie.ts';
import { isLater, serverDelivers, serverTakes, without } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { lastingSubscriber, publisher, receiveText, resume, subscriber } from '../stage/roles.ts';

/** What a message of 1 s does not live through, also where a broker counts whole seconds. */
const OVER_MILLIS = 2_200;

const EXPIRES_NEVER = serverTakes('overlooks the Message Expiry Interval', ({ properties }) => ({
  properties: without(properties, 'messageExpiryInterval'),
}));
const COUNTS_NOT = serverDelivers('sends the Message Expiry Interval that came', () => ({
  properties: { messageExpiryInterval: 30 },
}));
const SAYS_NOT = serverDelivers('sends no Message Expiry Interval', ({ properties }) => ({
  properties: without(properties, 'messageExpiryInterval'),
}));
const EXPIRES_WHAT_WAS_SENT = serverWithholds('publish', (_, link) => isLater(link));

/** A server for which the handshake of an expired message is over. */
const STOPS_AT_PUBREC: Lie = {
  does: 'does not answer PUBREC for a message that has expired',
  fromClient: (frame) => (isKind(frame, 'pubrec') ? NOTHING : undefined),
};

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'a message that expires while it waits for a subscriber is not sent',
    shows: [v5('MQTT-3.3.2-5', EXPIRES_NEVER)],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 1 });
      const away = await lastingSubscriber(stage, 'away', stage.topic(), 1);
      away.leave();
      await away.expectClosed();
      const short = { messageExpiryInterval: 1 };
      await sender.publishWhole({ topic: stage.topic(), payload: 'short', qos: 1, properties: short });
      await sender.publishWhole({ topic: stage.topic(), payload: 'long', qos: 1 });
      await stage.pass(OVER_MILLIS);
      const back = await resume(stage, 'away');
      await receiveText(back, 'long');
      await back.expectNothing();
    },
  },
  {
    claim: 'the Message Expiry Interval that is sent is what is left of it',
    shows: [v5('MQTT-3.3.2-6', COUNTS_NOT), v5('MQTT-3.3.2-6', SAYS_NOT)],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 1 });
      const away = await lastingSubscriber(stage, 'away', stage.topic(), 1);
      away.leave();
      await away.expectClosed();
      const before = performance.now();
      const properties = { messageExpiryInterval: 30 };
      await sender.publishWhole({ topic: stage.topic(), payload: 'x', qos: 1, properties });
      const published = performance.now();
      await stage.pass(OVER_MILLIS);
      const waitedAtLeast = (performance.now() - published) / 1_000;
      const back = await resume(stage, 'away');
      const { properties: left } = await receiveText(back, 'x');
      const waitedAtMost = (performance.now() - before) / 1_000;
      const seconds = Number(left.messageExpiryInterval?.[0] ?? Infinity);
      // Whole seconds, each end of the wait rounded as the broker likes.
      const [least, most] = [30 - Math.ceil(waitedAtMost) - 1, 30 - Math.floor(waitedAtLeast) + 1];
      const isDue = seconds >= least && seconds <= most;
      demand(isDue, `A message of 30 s came after ${Math.round(waitedAtLeast * 10) / 10} s with ${seconds} s left.`);
    },
  },
  {
    claim: 'a message of QoS 2 that was sent before it expired is sent again after',
    shows: [v5('MQTT-4.3.3-7', EXPIRES_WHAT_WAS_SENT)],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 2 });
      const first = await lastingSubscriber(stage, 'sub', stage.topic(), 2);
      const properties = { messageExpiryInterval: 1 };
      await sender.publishWhole({ topic: stage.topic(), payload: 'short', qos: 2, properties });
      const { id } = await first.expect('publish');
      first.cut();
      await stage.pass(OVER_MILLIS);
      const again = await receiveText(await resume(stage, 'sub'), 'short');
      demand(again.id === id, `The message was sent as ${id} and again as ${again.id}.`);
    },
  },
  {
    claim: 'the handshake of QoS 2 goes on after the message has expired, on both sides',
    shows: [v5('MQTT-4.3.3-13', serverClosesOn('pubrel')), v5('MQTT-4.3.3-13', STOPS_AT_PUBREC)],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 2 });
      const receiver = await subscriber(stage, stage.topic(), 2);
      const properties = { messageExpiryInterval: 1 };
      const sent = sender.publish({ topic: stage.topic(), payload: 'short', qos: 2, properties });
      await sender.expect('pubrec');
      await stage.pass(OVER_MILLIS);
      // Some forward at PUBLISH and some at PUBREL; for the latter the message has expired before it began its way.
      const early = await receiver.line.peekQuietly();
      sender.acknowledge('pubrel', sent);
      const pubcomp = await sender.expect('pubcomp');
      demand(pubcomp.id === sent && pubcomp.reasonCode === 0, 'PUBREL for an expired message was not answered well.');
      if (early === undefined) return;
      receiver.acknowledge('pubrec', early.id);
      const pubrel = await receiver.expect('pubrel');
      demand(pubrel.id === early.id && pubrel.reasonCode === 0, 'PUBREC for an expired message was not answered well.');
      receiver.acknowledge('pubcomp', early.id);
      await receiver.ping();
    },
  },
];
