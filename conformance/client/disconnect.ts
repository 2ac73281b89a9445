// How a connection ends: DISCONNECT and nothing after it (section 3.14), and errors, which end it as well (section 4.13; in 3.1.1
// section 4.8).

import { type ClientCheck, v311, v5 } from '../check.ts';
import { CLIENT_NEVER_CLOSES, clientAlters, clientWithholds, type Lie, withByte } from '../liar/lie.ts';
import type { ClientStage } from '../stage/client-stage.ts';
import { demand } from '../stage/fault.ts';
import { say } from '../stage/line.ts';
import { TYPE } from '../wire/types.ts';
import { bytes, connack, packet, PINGREQ, publish, suback, u16 } from '../wire/write.ts';

const SAYS_MORE = clientAlters('disconnect', 'says more after DISCONNECT', (frame) => bytes(frame.bytes, PINGREQ));

const STAYS: Lie = { does: 'does not close after DISCONNECT', hidesClientClosing: true };

const SAYS_NOTHING: Lie = { ...clientWithholds('disconnect'), does: 'closes without DISCONNECT' };

const SAYS_ANOTHER_REASON = clientAlters('disconnect', 'gives another reason for DISCONNECT', (frame) =>
  withByte(frame, 0, 0x83),
);

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'after DISCONNECT nothing is sent, and the client closes',
    shows: [
      v5('MQTT-3.14.4-1', SAYS_MORE),
      v311('MQTT-3.14.4-2', SAYS_MORE),
      v5('MQTT-3.14.4-2', STAYS),
      v311('MQTT-3.14.4-1', STAYS),
    ],
    play: async (stage) => {
      const { client, host } = await stage.connected({ onMessage: () => undefined });
      for (const qos of [0, 1, 2] as const) void client.publish('t', '', { qos }).catch(() => undefined);
      void client.disconnect();
      // Nor is what waits, what comes and what is asked for now.
      host.publish({ topic: 't', qos: 1 });
      void client.publish('t', '', { qos: 1 }).catch(() => undefined);
      void client.subscribe('t').catch(() => undefined);
      let last = await host.line.next();
      while (last.kind === 'publish') last = await host.line.next();
      demand(last.kind === 'disconnect', `${say(last)} came where DISCONNECT was due.`);
      const more = await host.line.peek();
      demand(more === undefined, `${more === undefined ? '' : say(more)} came after DISCONNECT.`);
    },
  },
  {
    claim: 'a DISCONNECT with reserved flags that are set is answered with DISCONNECT 0x81',
    shows: [v5('MQTT-3.14.1-1', SAYS_NOTHING), v5('MQTT-3.14.1-1', SAYS_ANOTHER_REASON)],
    play: async (stage) => {
      const { host } = await stage.connected();
      host.send(packet(TYPE.disconnect, 1, [0]));
      const farewell = await host.expectClosed();
      demand(farewell?.reasonCode === 0x81, `${farewell === undefined ? 'No DISCONNECT' : say(farewell)} came.`);
    },
  },
  {
    claim: 'an error that DISCONNECT names closes the connection',
    shows: [v5('MQTT-4.13.2-1', { ...STAYS, does: 'does not close after an error' })],
    play: async (stage) => {
      await playWrong(stage, publish(5, { topic: '', payload: 'no topic, and no Topic Alias' }));
      await playWrong(stage, publish(5, { topic: 't', properties: { topicAlias: 0 } }));
      await playWrong(stage, publish(5, { topic: 't', properties: { topicAlias: [1, 2] } }));
      await playWrong(stage, publish(5, { topic: Uint8Array.of(0xff) }));
      await playWrong(stage, publish(5, { topic: 't', qos: 3 }));
      await playWrong(stage, publish(5, { topic: 'a/#' }));
      await playWrong(stage, suback(5, 99, [0]));
      await playWrong(stage, connack(5));
    },
  },
  {
    claim: 'what breaks a rule ends the connection',
    shows: [v311('MQTT-4.8.0-1', CLIENT_NEVER_CLOSES)],
    play: async (stage) => {
      await playWrong(stage, connack(4));
      await playWrong(stage, suback(4, 99, [0]));
      await playWrong(stage, packet(TYPE.subscribe, 2, u16(1), [0, 1, 0x74, 0]));
      await playWrong(stage, publish(4, { topic: 'a/#' }));
    },
  },
  {
    claim: 'a message that the application cannot handle just now ends the connection',
    shows: [v311('MQTT-4.8.0-2', CLIENT_NEVER_CLOSES)],
    play: async (stage) => {
      const onMessage = (): void => {
        throw new Error('The database is away.');
      };
      const { host } = await stage.connected({ onMessage });
      host.publish({ topic: 't', qos: 1 });
      await host.expectClosed();
    },
  },
];

/** The broker sends a packet that must end the connection. */
async function playWrong(stage: ClientStage, wrong: Uint8Array): Promise<void> {
  const { host } = await stage.connected();
  host.send(wrong);
  await host.expectClosed();
}
