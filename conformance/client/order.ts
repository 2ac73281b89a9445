// The order of acknowledgements (section 4.6), and that there is one for every message (section 4.5).

import type { ReceivedMessage } from '../../src/client/received-message.ts';
import { both, type ClientCheck } from '../check.ts';
import { clientSwaps } from '../liar/client-lies.ts';
import { clientWithholds, type Lie } from '../liar/lie.ts';
import type { ClientStage, Host } from '../stage/client-stage.ts';
import { demand } from '../stage/fault.ts';

const IDS = [11, 12, 13];

const NO_PUBACK: Lie = { ...clientWithholds('puback'), does: 'does not acknowledge what nobody wants' };
const NO_PUBREC: Lie = { ...clientWithholds('pubrec'), does: 'does not receive what nobody wants' };

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'a message that nobody has subscribed to is acknowledged like any other',
    shows: [...both('MQTT-4.5.0-2', NO_PUBACK), ...both('MQTT-4.5.0-2', NO_PUBREC)],
    play: async (stage) => {
      const { host } = await stage.connected();
      host.publish({ topic: 'unasked', qos: 1, id: 1 });
      await host.expect('puback');
      host.publish({ topic: 'unasked', qos: 2, id: 2 });
      await host.expect('pubrec');
      host.acknowledge('pubrel', 2);
      await host.expect('pubcomp');
    },
  },
  {
    claim: 'PUBACKs leave in the order in which the messages came, though the application acknowledges in another one',
    shows: both('MQTT-4.6.0-2', clientSwaps('puback')),
    play: async (stage) => {
      const host = await acknowledgedBackwards(stage, 1);
      await expectInOrder(host, 'puback');
    },
  },
  {
    claim: 'PUBRECs leave in the order in which the messages came, though the application acknowledges in another one',
    shows: both('MQTT-4.6.0-3', clientSwaps('pubrec')),
    play: async (stage) => {
      const host = await acknowledgedBackwards(stage, 2);
      await expectInOrder(host, 'pubrec');
    },
  },
  {
    claim: 'PUBRELs leave in the order in which the PUBRECs came',
    shows: both('MQTT-4.6.0-4', clientSwaps('pubrel')),
    play: async (stage) => {
      const { client, host } = await stage.connected();
      const ids: number[] = [];
      for (let count = 0; count < 3; count++) {
        void client.publish('t', '', { qos: 2 }).catch(() => undefined);
        ids.unshift((await host.expect('publish')).id);
      }
      // In another order than the messages.
      for (const id of ids) host.acknowledge('pubrec', id);
      for (const due of ids) {
        const { id } = await host.expect('pubrel');
        demand(id === due, `PUBREL ${id} came where PUBREL ${due} was due.`);
      }
    },
  },
];

/** The broker of a client that has got three messages, and whose application has acknowledged them from the last to the first. */
async function acknowledgedBackwards(stage: ClientStage, qos: 1 | 2): Promise<Host> {
  const { client, host } = await stage.connected();
  const messages: ReceivedMessage[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const onMessage = (message: ReceivedMessage): void => {
    if (messages.push(message) === IDS.length) resolve();
  };
  const subscribing = client.subscribe('t', { qos, acknowledge: 'manual', onMessage });
  await host.grant();
  await stage.done(subscribing, 'to subscribe');
  for (const id of IDS) host.publish({ topic: 't', qos, id });
  await stage.done(promise, 'to hand three messages over');
  for (const message of messages.toReversed()) message.ack();
  return host;
}

async function expectInOrder(host: Host, kind: 'puback' | 'pubrec'): Promise<void> {
  for (const due of IDS) {
    const { id } = await host.expect(kind);
    demand(id === due, `${kind.toUpperCase()} ${id} came where ${due} was due.`);
  }
}
