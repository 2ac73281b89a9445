// QoS 2 with the broker as the receiver of PUBLISH (section 4.3.3).

import { type ServerCheck, v311, v5 } from '../check.ts';
import { isKind, type Lie, NOTHING, serverAlters, withByte } from '../liar/lie.ts';
import { publishOf, serverAlsoDelivers, serverIgnoresButAnswers } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { GOOD_USER } from '../stage/guards.ts';
import { connectFor, publisher, receiveText, subscriber } from '../stage/roles.ts';
import type { Peer, ServerStage } from '../stage/server-stage.ts';
import type { ConnectFields } from '../wire/write.ts';

const ANSWERS_OTHERS = serverAlters('pubrec', 'answers with another packet identifier', (frame) =>
  withByte(frame, 1, 99),
);
const COMPLETES_OTHERS = serverAlters('pubcomp', 'completes another packet identifier', (frame) =>
  withByte(frame, 1, 99),
);
const ANSWERS_ONLY = serverIgnoresButAnswers('acknowledges what it does not take', () => true);
const DELIVERS_TWICE = serverAlsoDelivers('delivers a PUBLISH that comes again', ({ dup }) => dup);

/** A server that does not answer what it has. */
const ANSWERS_ONCE: Lie = {
  does: 'does not answer a PUBLISH that comes again',
  fromClient: (frame, { level }) => (isKind(frame, 'publish') && publishOf(frame, level).dup ? NOTHING : undefined),
};

/** A server that has done with an identifier for ever. */
const REMEMBERS = serverIgnoresButAnswers('takes a new PUBLISH for one that it has completed', ({ id }, { memory }) => {
  const isKnown = memory.get('id') === id;
  memory.set('id', id);
  return isKnown;
});

/** A server that takes what it has refused for what comes next. */
const REMEMBERS_REFUSED = serverIgnoresButAnswers('takes a new PUBLISH for one that it has refused', ({ topic }) =>
  topic.endsWith('allowed'),
);

async function demandAnswer(peer: Peer, kind: 'pubrec' | 'pubcomp', id: number): Promise<void> {
  const answer = await peer.expect(kind);
  demand(answer.id === id, `${kind.toUpperCase()} has the packet identifier ${answer.id}; due was ${id}.`);
  const code = answer.reasonCode;
  demand(code < 0x80, `${kind.toUpperCase()} says no: 0x${code.toString(16)}.`);
}

/** A sender whose session outlives its connection. */
async function lastingSender(stage: ServerStage): Promise<Peer> {
  const fields: ConnectFields = { clientId: stage.clientId('sender'), clean: false };
  const properties = { sessionExpiryInterval: 60 };
  return (await connectFor(stage, { qos: 2 }, { ...fields, properties })).peer;
}

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'a PUBLISH of QoS 2 is answered with PUBREC and PUBREL with PUBCOMP, and the message is taken',
    shows: [
      v311('MQTT-4.3.3-2', ANSWERS_OTHERS),
      v311('MQTT-4.3.3-2', ANSWERS_ONLY),
      v311('MQTT-4.3.3-2', COMPLETES_OTHERS),
      v5('MQTT-4.3.3-8', ANSWERS_OTHERS),
      v5('MQTT-4.3.3-8', ANSWERS_ONLY),
      v5('MQTT-4.3.3-11', COMPLETES_OTHERS),
    ],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic());
      const sender = await publisher(stage, { qos: 2 });
      for (const id of [1, 0x0100, 0x1234, 0xffff]) {
        sender.publish({ topic: stage.topic(), payload: `${id}`, qos: 2, id });
        await demandAnswer(sender, 'pubrec', id);
        sender.acknowledge('pubrel', id);
        await demandAnswer(sender, 'pubcomp', id);
        await receiveText(receiver, `${id}`);
      }
    },
  },
  {
    claim: 'until PUBREL a PUBLISH of the same identifier is answered with PUBREC, and delivered once',
    // In 5.0 nobody may send it again on the same connection, and a broker may close on whoever does [MQTT-4.4.0-1].
    shows: [v311('MQTT-4.3.3-2', ANSWERS_ONCE), v311('MQTT-4.3.3-2', DELIVERS_TWICE)],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic());
      const sender = await publisher(stage, { qos: 2 });
      const id = sender.publish({ topic: stage.topic(), payload: 'once', qos: 2 });
      await demandAnswer(sender, 'pubrec', id);
      for (let count = 0; count < 3; count++) {
        sender.publish({ topic: stage.topic(), payload: 'once', qos: 2, id, dup: true });
        await demandAnswer(sender, 'pubrec', id);
      }
      sender.acknowledge('pubrel', id);
      await demandAnswer(sender, 'pubcomp', id);
      await receiveText(receiver, 'once');
      await receiver.expectNothing();
    },
  },
  {
    claim: 'a PUBLISH that comes again over another connection of its session is delivered once',
    shows: [
      v311('MQTT-4.3.3-2', ANSWERS_ONCE),
      v311('MQTT-4.3.3-2', DELIVERS_TWICE),
      v5('MQTT-4.3.3-10', ANSWERS_ONCE),
      v5('MQTT-4.3.3-10', DELIVERS_TWICE),
    ],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic());
      const first = await lastingSender(stage);
      const id = first.publish({ topic: stage.topic(), payload: 'once', qos: 2 });
      await demandAnswer(first, 'pubrec', id);
      first.cut();
      for (let count = 0; count < 2; count++) {
        const again = await lastingSender(stage);
        again.publish({ topic: stage.topic(), payload: 'once', qos: 2, id, dup: true });
        await demandAnswer(again, 'pubrec', id);
        again.cut();
      }
      const last = await lastingSender(stage);
      last.acknowledge('pubrel', id);
      await demandAnswer(last, 'pubcomp', id);
      await receiveText(receiver, 'once');
      await receiver.expectNothing();
    },
  },
  {
    claim: 'after PUBCOMP a PUBLISH of the same identifier is a new message, with DUP or without',
    shows: [v311('MQTT-4.3.3-2', REMEMBERS), v5('MQTT-4.3.3-12', REMEMBERS)],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic());
      const sender = await publisher(stage, { qos: 2 });
      for (const dup of [false, false, true]) {
        await sender.publishWhole({ topic: stage.topic(), payload: 'the same', qos: 2, id: 5, dup });
        await receiveText(receiver, 'the same');
      }
    },
  },
  {
    claim: 'after a PUBREC that says no a PUBLISH of the same identifier is a new message',
    setUp: 'guarded',
    shows: [v5('MQTT-4.3.3-9', REMEMBERS_REFUSED)],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic('#'), 0, GOOD_USER);
      const sender = await publisher(stage, { qos: 2 }, GOOD_USER);
      const id = sender.publish({ topic: stage.topic('denied'), payload: 'denied', qos: 2 });
      const pubrec = await sender.expect('pubrec');
      demand(pubrec.id === id && pubrec.reasonCode >= 0x80, 'A PUBLISH that is not allowed was not refused.');
      await sender.publishWhole({ topic: stage.topic('allowed'), payload: 'allowed', qos: 2, id });
      await receiveText(receiver, 'allowed');
      await receiver.expectNothing();
    },
  },
];
