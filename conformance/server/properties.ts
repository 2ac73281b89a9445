// Properties (section 2.2.2): a packet without them says so.

import { type ServerCheck, v5 } from '../check.ts';
import { changed, serverAlters } from '../liar/lie.ts';
import { demand } from '../stage/fault.ts';
import { bytes } from '../wire/write.ts';

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'SUBACK and UNSUBACK have a Property Length, also without properties',
    shows: [
      v5(
        'MQTT-2.2.2-1',
        serverAlters('suback', 'leaves the Property Length of SUBACK out', (frame) =>
          changed(frame, { body: bytes(frame.body.subarray(0, 2), frame.body.subarray(3)) }),
        ),
      ),
    ],
    play: async (stage) => {
      const peer = await stage.connect();
      // The reader goes by the Property Length; without one it takes the first reason code for it.
      const { reasonCodes } = await peer.subscribe(stage.topic());
      demand(reasonCodes.length === 1, `SUBACK has ${reasonCodes.length} reason codes for one filter.`);
      const unsuback = await peer.unsubscribe(stage.topic());
      demand(
        unsuback.reasonCodes.length === 1,
        `UNSUBACK has ${unsuback.reasonCodes.length} reason codes for one filter.`,
      );
    },
  },
  {
    claim: 'PUBLISH has a Property Length, also without properties',
    shows: [
      v5(
        'MQTT-2.2.2-1',
        serverAlters('publish', 'leaves the Property Length of PUBLISH out', (frame) => {
          const topicEnd = 2 + (frame.body[0] ?? 0) * 256 + (frame.body[1] ?? 0);
          return changed(frame, { body: bytes(frame.body.subarray(0, topicEnd), frame.body.subarray(topicEnd + 1)) });
        }),
      ),
    ],
    play: async (stage) => {
      const peer = await stage.connect();
      await peer.subscribe(stage.topic());
      // Were the first byte taken for the length, one byte less would come.
      peer.publish({ topic: stage.topic(), payload: '\u0000\u0000' });
      const { payload } = await peer.receive();
      demand(payload.length === 2, `A payload of 2 bytes came with ${payload.length}.`);
    },
  },
];
