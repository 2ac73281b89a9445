// QoS 2 as its receiver sees it: what comes again is answered again, and handed over once (section 4.3.3).

import { type ClientCheck, v311, v5 } from '../check.ts';
import { idOf, republished, withId } from '../liar/client-lies.ts';
import { clientAlters, clientWithholds, isKind, type Lie, NOTHING } from '../liar/lie.ts';
import type { ClientStage, Host } from '../stage/client-stage.ts';
import { demand } from '../stage/fault.ts';
import { Mailbox } from '../stage/mailbox.ts';
import { read } from '../wire/read.ts';
import { acknowledge } from '../wire/write.ts';

const ID = 9;
/** Under which a liar hands the client the same message once more. */
const OTHER_ID = 1_009;

const NO_PUBREC = clientWithholds('pubrec');
const NO_PUBCOMP = clientWithholds('pubcomp');
const PUBREC_OF_ANOTHER = clientAlters('pubrec', 'receives another identifier', (frame) => withId(frame, ID + 1));
const PUBCOMP_OF_ANOTHER = clientAlters('pubcomp', 'completes another identifier', (frame) => withId(frame, ID + 1));

/** A client that does not know any more that it has a message already. */
const FORGETS: Lie = {
  does: 'forgets that it has a message, and hands it over again',
  fromServer: (frame, link) =>
    isKind(frame, 'publish') && (frame.flags & 8) !== 0 ? [republished(frame, link, { id: OTHER_ID })] : undefined,
  fromClient: (frame) => (isKind(frame, 'pubrec') && idOf(frame) === OTHER_ID ? [withId(frame, ID)] : undefined),
};

const IGNORES_REPETITION: Lie = {
  does: 'does not answer a message that came again',
  fromServer: (frame) => (isKind(frame, 'publish') && (frame.flags & 8) !== 0 ? NOTHING : undefined),
};

/** A client for which an identifier has one message, for ever. */
const TAKES_FOR_REPEATED: Lie = {
  does: 'takes a new message for one that it had already',
  fromServer: (frame, link) => {
    if (!isKind(frame, 'publish')) return undefined;
    const { id } = read(frame, link.level);
    if (link.memory.get('id') === id) {
      link.toServer(acknowledge(link.level, 'pubrec', id));
      return NOTHING;
    }
    link.memory.set('id', id);
    return undefined;
  },
};

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'a message of QoS 2 is answered with PUBREC, with its identifier, when the application has it',
    shows: [NO_PUBREC, PUBREC_OF_ANOTHER].flatMap((lie) => [v5('MQTT-4.3.3-8', lie), v311('MQTT-4.3.3-2', lie)]),
    play: async (stage) => {
      const { box, host } = await receiving(stage);
      await received(host);
      box.expect('a');
    },
  },
  {
    claim: 'until PUBREL, a message that comes again is answered again, and not handed over again',
    shows: [FORGETS, IGNORES_REPETITION].flatMap((lie) => [v5('MQTT-4.3.3-10', lie), v311('MQTT-4.3.3-2', lie)]),
    play: async (stage) => {
      const { box, host } = await receiving(stage);
      await received(host);
      for (let count = 0; count < 2; count++) {
        host.publish({ topic: 't', payload: 'a', qos: 2, id: ID, dup: true });
        demand((await host.expect('pubrec')).id === ID, 'PUBREC has another identifier than PUBLISH.');
      }
      box.expect('a');
    },
  },
  {
    claim: 'PUBREL is answered with PUBCOMP, of the same identifier',
    shows: [NO_PUBCOMP, PUBCOMP_OF_ANOTHER].flatMap((lie) => [v5('MQTT-4.3.3-11', lie), v311('MQTT-4.3.3-2', lie)]),
    play: async (stage) => {
      const { host } = await receiving(stage);
      await received(host);
      await released(host);
    },
  },
  {
    claim: 'after PUBCOMP the same identifier brings a new message',
    shows: [v5('MQTT-4.3.3-12', TAKES_FOR_REPEATED), v311('MQTT-4.3.3-2', TAKES_FOR_REPEATED)],
    play: async (stage) => {
      const { box, host } = await receiving(stage);
      await received(host, 'a');
      await released(host);
      await received(host, 'b');
      box.expect('a', 'b');
    },
  },
  {
    claim: 'a message that has expired is received and released like any other',
    shows: [
      v5('MQTT-4.3.3-13', { ...NO_PUBREC, does: 'does not receive a message that has expired' }),
      v5('MQTT-4.3.3-13', { ...NO_PUBCOMP, does: 'does not complete a message that has expired' }),
    ],
    play: async (stage) => {
      const { host } = await receiving(stage);
      host.publish({ topic: 't', qos: 2, id: ID, properties: { messageExpiryInterval: 1 } });
      await host.expect('pubrec');
      await stage.pass(1_100);
      host.publish({ topic: 't', qos: 2, id: ID, dup: true, properties: { messageExpiryInterval: 1 } });
      await host.expect('pubrec');
      await released(host);
    },
  },
  {
    claim: 'what a session knows lasts as long as the connection, whatever passes in between',
    shows: [v5('MQTT-4.1.0-1', FORGETS), v311('MQTT-4.1.0-1', FORGETS), v311('MQTT-4.1.0-2', FORGETS)],
    play: async (stage) => {
      const { box, host } = await receiving(stage);
      await received(host);
      for (let count = 1; count <= 3; count++) {
        host.publish({ topic: 't', payload: 'b', qos: 1, id: ID + count });
        await host.expect('puback');
      }
      host.publish({ topic: 't', payload: 'a', qos: 2, id: ID, dup: true });
      await host.expect('pubrec');
      await released(host);
      box.expect('a', 'b', 'b', 'b');
    },
  },
];

/** A client, what it hands over, and its broker. */
async function receiving(stage: ClientStage): Promise<{ readonly box: Mailbox; readonly host: Host }> {
  const box = new Mailbox();
  const { host } = await stage.connected({ onMessage: box.take });
  return { box, host };
}

/** Sends a message as far as PUBREC. */
async function received(host: Host, payload = 'a'): Promise<void> {
  host.publish({ topic: 't', payload, qos: 2, id: ID });
  demand((await host.expect('pubrec')).id === ID, 'PUBREC has another identifier than PUBLISH.');
}

/** Sees it through to PUBCOMP, which says yes. */
async function released(host: Host): Promise<void> {
  host.acknowledge('pubrel', ID);
  const { id, reasonCode } = await host.expect('pubcomp');
  demand(id === ID, 'PUBCOMP has another identifier than PUBREL.');
  demand(reasonCode === 0, `PUBCOMP has the Reason Code 0x${reasonCode.toString(16)}.`);
}
