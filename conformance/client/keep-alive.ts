// Keep Alive: the client is not silent for longer than was agreed on (section 3.1.2.10).

import { type ClientCheck, v311, v5 } from '../check.ts';
import { clientMishears } from '../liar/client-lies.ts';
import { clientWithholds } from '../liar/lie.ts';
import type { Host } from '../stage/client-stage.ts';
import { demand } from '../stage/fault.ts';
import { connack } from '../wire/write.ts';

const SECOND = 1_000;

const SILENT = clientWithholds('pingreq');

const KEEPS_ITS_OWN = clientMishears('connack', 'overlooks the Server Keep Alive', (_frame, { level }) =>
  connack(level),
);

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'a client that has nothing to say sends PINGREQ within the Keep Alive',
    shows: [v5('MQTT-3.1.2-20', SILENT), v311('MQTT-3.1.2-23', SILENT)],
    play: async (stage) => {
      const { host } = await stage.connected({ keepAliveSeconds: 1 });
      await stage.pass(SECOND);
      await demandPing(host);
    },
  },
  {
    claim: 'a client that only receives sends PINGREQ within the Keep Alive all the same',
    shows: [v5('MQTT-3.1.2-20', SILENT), v311('MQTT-3.1.2-23', SILENT)],
    play: async (stage) => {
      const { host } = await stage.connected({ keepAliveSeconds: 1 });
      for (let sent = 0; sent < 4; sent++) {
        await stage.pass(SECOND / 4);
        host.publish({ topic: 't' });
      }
      await demandPing(host);
    },
  },
  {
    claim: 'the Server Keep Alive counts, not the one of CONNECT',
    shows: [v5('MQTT-3.1.2-21', KEEPS_ITS_OWN), v5('MQTT-3.2.2-21', KEEPS_ITS_OWN)],
    play: async (stage) => {
      const { host } = await stage.connected({ keepAliveSeconds: 600 }, { properties: { serverKeepAlive: 1 } });
      await stage.pass(SECOND);
      await demandPing(host);
    },
  },
];

/** Demands that PINGREQ has come by now. */
async function demandPing(host: Host): Promise<void> {
  const packet = await host.line.peekQuietly();
  demand(packet?.kind === 'pingreq', 'The Keep Alive is over, and no PINGREQ came.');
}
