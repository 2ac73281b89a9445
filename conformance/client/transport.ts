// What a client stands on: a network that brings everything, once and in order (section 4.2; in 3.1.1 section 7.1.2), and MQTT alone
// (section 7).

import { type ClientCheck, v311, v5 } from '../check.ts';
import { clientSwaps } from '../liar/client-lies.ts';
import { clientOverlooks, clientWithholds, type Lie } from '../liar/lie.ts';
import { demand } from '../stage/fault.ts';
import { Mailbox } from '../stage/mailbox.ts';
import { textOf } from '../wire/read.ts';

const LOSES: Lie = {
  ...clientWithholds('publish', ({ body }) => body.at(-1) === 0x37),
  does: 'loses a message on its way',
};
const DISORDERS: Lie = { ...clientSwaps('publish'), does: 'changes the order of messages on their way' };

/** A client that goes on only where CONNACK says something of its own invention. */
const WANTS_MORE: Lie = { ...clientOverlooks('connack'), does: 'waits for an extension of MQTT' };

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'over TCP, everything that client and broker say comes, and in order',
    shows: [LOSES, DISORDERS].flatMap((lie) => [v5('MQTT-4.2.0-1', lie), v311('MQTT-7.1.2-1', lie)]),
    play: async (stage) => {
      const box = new Mailbox();
      const { client, host } = await stage.connected({ onMessage: box.take });
      const numbers = Array.from({ length: 100 }, (_, index) => String(index));
      for (const number of numbers) {
        void client.publish('t', number).catch(() => undefined);
        host.publish({ topic: 't', payload: number });
      }
      for (const number of numbers) {
        const { payload } = await host.expect('publish');
        demand(textOf(payload) === number, `Message ${textOf(payload)} came where ${number} was due.`);
      }
      host.publish({ topic: 't', payload: 'last', qos: 1 });
      await host.expect('puback');
      box.expect(...numbers, 'last');
    },
  },
  {
    claim: 'a broker that knows MQTT and nothing more is enough',
    shows: [v311('MQTT-7.0.0-2', WANTS_MORE)],
    play: async (stage) => {
      const box = new Mailbox();
      const { client, host } = await stage.connected({ onMessage: box.take });
      const publishing = client.publish('t', 'up', { qos: 1 });
      host.acknowledge('puback', (await host.expect('publish')).id);
      await stage.done(publishing, 'to publish');
      host.publish({ topic: 't', payload: 'down', qos: 1 });
      await host.expect('puback');
      box.expect('down');
    },
  },
];
