// Shared Subscriptions: which member of a group gets a message, with which QoS, and what becomes of it when that member
// does not take it (section 4.8.2). A member that is alone in its group when the message comes is the one that gets it.

import { type ServerCheck, v5 } from '../check.ts';
import { isKind, type Lie, type Link, serverWithholds } from '../liar/lie.ts';
import { isLater, type Passing, publishOf } from '../liar/publish.ts';
import { SERVER_IGNORES_GRANTED_QOS, subscribersOf } from '../liar/subscribe.ts';
import { demand } from '../stage/fault.ts';
import { connectFor, lastingSubscriber, receiveText, resume, subscriber } from '../stage/roles.ts';
import type { Peer, ServerStage } from '../stage/server-stage.ts';
import type { Frame } from '../wire/frame.ts';
import { publish } from '../wire/write.ts';

const GIVES_UP: Lie = {
  ...serverWithholds('publish', (_frame, link) => isLater(link)),
  does: 'gives up a delivery that was interrupted',
};
const RETURNS_TO_THE_GROUP = tellsOthers(
  'gives a message to another member when the session of the first one ends',
  (frame, link) => isKind(frame, 'connect') && isLater(link),
);
const TRIES_ANOTHER = tellsOthers('gives a refused message to another member', (frame) => {
  return (isKind(frame, 'puback') || isKind(frame, 'pubrec')) && (frame.body[2] ?? 0) >= 0x80;
});

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'a message for a group comes with the QoS that was granted to the member',
    shows: [v5('MQTT-4.8.2-3', SERVER_IGNORES_GRANTED_QOS)],
    play: async (stage) => {
      const sender = await publisherToGroups(stage);
      for (const asked of [0, 1, 2]) {
        const peer = await stage.connect();
        const { reasonCodes } = await peer.subscribe(inGroup(stage, `group${asked}`), asked);
        await sender.publishWhole({ topic: stage.topic(), payload: 'for a group', qos: 2 });
        const { qos } = await receiveText(peer, 'for a group');
        demand(qos === reasonCodes[0], `It came with QoS ${qos}; granted was ${reasonCodes[0]}.`);
      }
    },
  },
  {
    claim: 'a QoS 2 message that a member was being sent is delivered when it comes back, and to nobody else',
    shows: [v5('MQTT-4.8.2-4', GIVES_UP)],
    play: async (stage) => {
      const { member, other } = await sending(stage, 2);
      member.cut();
      await other.expectNothing();
      await receiveText(await resume(stage, 'member'), 'for the member');
      await other.expectNothing();
    },
  },
  {
    claim: 'a QoS 2 message that a member was being sent goes to nobody else when its session ends',
    shows: [v5('MQTT-4.8.2-5', RETURNS_TO_THE_GROUP)],
    play: async (stage) => {
      const { member, other } = await sending(stage, 2);
      member.cut();
      const again = await stage.connect({ clientId: stage.clientId('member'), clean: true });
      await other.expectNothing();
      await again.expectNothing();
    },
  },
  {
    claim: 'a message that a member refuses is given to nobody else',
    shows: [v5('MQTT-4.8.2-6', TRIES_ANOTHER)],
    play: async (stage) => {
      for (const qos of [1, 2] as const) {
        const { member, other, id } = await sending(stage, qos);
        member.acknowledge(qos === 1 ? 'puback' : 'pubrec', id, 0x80);
        await member.expectNothing();
        await other.expectNothing();
        member.leave(0, { sessionExpiryInterval: 0 });
        await member.expectClosed();
        await other.expectNothing();
        other.leave();
      }
    },
  },
];

function inGroup(stage: ServerStage, group: string): string {
  return `$share/${group}/${stage.topic()}`;
}

async function publisherToGroups(stage: ServerStage): Promise<Peer> {
  return (await connectFor(stage, { shared: true, qos: 2 })).peer;
}

/** A member that has a PUBLISH and has not answered it, under this packet identifier, and another member of its group. */
async function sending(
  stage: ServerStage,
  qos: 1 | 2,
): Promise<{ readonly member: Peer; readonly other: Peer; readonly id: number }> {
  const sender = await publisherToGroups(stage);
  const filter = inGroup(stage, stage.clientId('group'));
  const member = await lastingSubscriber(stage, 'member', filter, qos);
  await sender.publishWhole({ topic: stage.topic(), payload: 'for the member', qos });
  const { id } = await member.expect('publish');
  return { member, other: await subscriber(stage, filter, qos), id };
}

/** A server that sends the last message to all other members as well when the client does that. */
function tellsOthers(does: string, when: (frame: Frame, link: Link) => boolean): Lie {
  return {
    does,
    fromServer: (frame, link) => {
      if (isKind(frame, 'publish')) link.memory.set('message', publishOf(frame, link.level));
      return undefined;
    },
    fromClient: (frame, link) => {
      if (isKind(frame, 'subscribe')) subscribersOf(link).add(link);
      // What was set above, by the connection of the member that got the message.
      const message = link.memory.get('message') as Passing | undefined;
      if (message === undefined || !when(frame, link)) return undefined;
      const { topic, payload } = message;
      for (const other of subscribersOf(link)) if (other !== link) other.toClient(publish(5, { topic, payload }));
      return undefined;
    },
  };
}
