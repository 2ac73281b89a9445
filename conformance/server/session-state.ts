// The Session State that the broker keeps, and for how long (section 4.1).

import { type ServerCheck, v311, v5 } from '../check.ts';
import { isKind, type Lie, NOTHING, serverMishears, withByte } from '../liar/lie.ts';
import { serverPassesOn } from '../liar/subscribe.ts';
import { demand } from '../stage/fault.ts';
import { lastingSubscriber, publisher, receiveText, resume, subscriber } from '../stage/roles.ts';

const FORGETS_SUBSCRIPTIONS: Lie = {
  does: 'forgets subscriptions after a second',
  fromClient: (frame, link) => {
    if (isKind(frame, 'subscribe')) link.memory.set('subscribed at', performance.now());
    return undefined;
  },
  fromServer: (frame, link) => {
    const age = performance.now() - Number(link.memory.get('subscribed at'));
    return isKind(frame, 'publish') && age > 1_000 ? NOTHING : undefined;
  },
};

const FORGETS_IDENTIFIERS = serverPassesOn('forgets which QoS 2 messages it has', ({ dup, qos }) => dup && qos === 2);

const FORGETS_SESSIONS = serverMishears('connect', 'ends every session with its connection', (frame) =>
  withByte(frame, 7, (frame.body[7] ?? 0) | 0x02),
);

/** Where the properties of CONNECT begin with the Session Expiry Interval, its last byte but one. */
const EXPIRY_OFFSET = 14;
const NEVER_FORGETS = serverMishears('connect', 'keeps sessions for longer than they last', (frame) =>
  withByte(frame, EXPIRY_OFFSET, 0x7f),
);

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'a session lasts while its connection is open, however short its Session Expiry Interval is',
    shows: [v311('MQTT-4.1.0-2', FORGETS_SUBSCRIPTIONS), v5('MQTT-4.1.0-1', FORGETS_SUBSCRIPTIONS)],
    play: async (stage) => {
      const brief = await subscriber(stage, stage.topic(), 0, { properties: { sessionExpiryInterval: 1 } });
      const none = await subscriber(stage, stage.topic(), 0);
      await stage.pass(1_500);
      brief.publish({ topic: stage.topic(), payload: 'later' });
      await receiveText(brief, 'later');
      await receiveText(none, 'later');
    },
  },
  {
    claim: 'a QoS 2 message that was received is known until it is released',
    shows: [v311('MQTT-4.1.0-1', FORGETS_IDENTIFIERS), v5('MQTT-4.1.0-1', FORGETS_IDENTIFIERS)],
    play: async (stage) => {
      const watcher = await subscriber(stage, stage.topic());
      const sender = await publisher(stage, { qos: 2 });
      const message = { topic: stage.topic(), payload: 'once', qos: 2, id: 500 };
      sender.publish(message);
      await sender.expect('pubrec');
      for (let other = 1; other <= 20; other++) {
        await sender.publishWhole({ topic: stage.topic('other'), payload: `${other}`, qos: 2 });
      }
      sender.publish({ ...message, dup: true });
      await sender.expect('pubrec');
      sender.acknowledge('pubrel', message.id);
      const pubcomp = await sender.expect('pubcomp');
      demand(pubcomp.reasonCode === 0, `PUBCOMP says 0x${pubcomp.reasonCode.toString(16)}.`);
      await receiveText(watcher, 'once');
      await watcher.expectNothing();
    },
  },
  {
    claim: 'the state of a session that lasts outlives the connection: subscriptions and messages on their way',
    shows: [v311('MQTT-4.1.0-1', FORGETS_SESSIONS)],
    play: async (stage) => {
      const peer = await lastingSubscriber(stage, 'lasting', stage.topic(), 1);
      const sender = await publisher(stage);
      await sender.publishWhole({ topic: stage.topic(), payload: 'in flight', qos: 1 });
      await peer.expect('publish');
      peer.cut();
      await sender.publishWhole({ topic: stage.topic(), payload: 'while away', qos: 1 });
      const back = await resume(stage, 'lasting');
      await receiveText(back, 'in flight');
      await receiveText(back, 'while away');
      await sender.publishWhole({ topic: stage.topic(), payload: 'when back', qos: 1 });
      await receiveText(back, 'when back');
    },
  },
  {
    claim: 'a session is gone when its Session Expiry Interval has passed',
    shows: [v5('MQTT-4.1.0-2', NEVER_FORGETS)],
    play: async (stage) => {
      const clientId = stage.clientId('expires');
      const properties = { sessionExpiryInterval: 1 };
      const peer = await subscriber(stage, stage.topic(), 0, { clientId, properties });
      peer.leave();
      await stage.pass(2_500);
      const { peer: back, connack } = await stage.introduce({ clientId, properties, clean: false });
      demand(!connack.sessionPresent, 'CONNACK says that the session is still there.');
      back.publish({ topic: stage.topic() });
      await back.expectNothing();
    },
  },
];
