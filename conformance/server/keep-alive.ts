// Keep Alive (sections 3.1.2.10 and 3.2.2.3.14): who says nothing for too long is taken for gone.

import { type ServerCheck, v311, v5 } from '../check.ts';
import { serverHears } from '../liar/connect.ts';
import { SERVER_NEVER_CLOSES, serverWithholds } from '../liar/lie.ts';
import { publishOf } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { textOf } from '../wire/read.ts';

const HAS_ITS_OWN = serverHears('takes 60 s in place of the Keep Alive that CONNECT asks for', () => ({
  keepAlive: 60,
}));
const IS_IMPATIENT = serverHears('takes 1 s in place of the Keep Alive that CONNECT asks for', ({ keepAlive }) =>
  keepAlive === 3 ? { keepAlive: 1 } : undefined,
);
const SPARES_THE_WILL = serverWithholds('publish', (frame, { level }) =>
  publishOf(frame, level).topic.endsWith('/will'),
);

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'a client that says nothing for one and a half times its Keep Alive is cut off, and its Will published',
    shows: [
      v311('MQTT-3.1.2-24', SERVER_NEVER_CLOSES),
      v311('MQTT-3.1.2-24', SPARES_THE_WILL),
      v5('MQTT-3.1.2-22', SERVER_NEVER_CLOSES),
      v5('MQTT-3.1.2-22', SPARES_THE_WILL),
      v5('MQTT-3.2.2-22', HAS_ITS_OWN),
    ],
    play: async (stage) => {
      const watcher = await stage.connect();
      await watcher.subscribe(stage.topic('will'), 1);
      const { peer, connack } = await stage.introduce({
        keepAlive: 1,
        will: { topic: stage.topic('will'), payload: 'late' },
      });
      const seconds = connack.properties.serverKeepAlive?.[0] ?? 1;
      demand(typeof seconds === 'number' && seconds > 0, 'The Server Keep Alive is 0 where the client asked for 1 s.');
      await stage.pass(seconds * 1_000);
      await peer.expectClosedWith(0x8d);
      demand(textOf((await watcher.receive()).payload) === 'late', 'Another message came in place of the Will.');
    },
  },
  {
    claim: 'a client that keeps to its Keep Alive stays, whatever it sends',
    shows: [v311('MQTT-3.1.2-24', IS_IMPATIENT), v5('MQTT-3.2.2-22', IS_IMPATIENT)],
    play: async (stage) => {
      const { peer, connack } = await stage.introduce({ keepAlive: 3 });
      const seconds = Number(connack.properties.serverKeepAlive?.[0] ?? 3);
      for (const say of [() => peer.ping(), () => peer.subscribe(stage.topic())]) {
        await stage.pass(seconds * 800);
        demand(
          !peer.line.isClosed,
          `A client with a Keep Alive of ${seconds} s was cut off after ${(seconds * 0.8).toFixed(1)} s.`,
        );
        await say();
      }
    },
  },
];
