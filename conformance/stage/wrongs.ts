// What becomes of a client that does what no client may: its connection ends, and nothing comes of it.

import { subscribe } from '../wire/write.ts';
import { demand } from './fault.ts';
import { say } from './line.ts';
import type { ServerStage } from './server-stage.ts';

/** What went wrong, in the terms of 5.0: the codes that a broker may give for it. */
export const MALFORMED: readonly number[] = [0x81, 0x82];

/** Demands that these bytes of an accepted client end its connection, in 5.0 with one of these reason codes if it says one. */
export async function demandClosing(
  stage: ServerStage,
  wrong: Uint8Array,
  codes: readonly number[] = MALFORMED,
): Promise<void> {
  const peer = await stage.connect();
  peer.send(wrong);
  await peer.expectClosedWith(...codes);
}

/** Demands that a subscription does not come about: SUBACK refuses it, or the connection ends. */
export async function demandNoSubscription(stage: ServerStage, filter: string, options = 0): Promise<void> {
  const peer = await stage.connect();
  peer.send(subscribe(stage.level, peer.nextId(), [[filter, options]]));
  const answer = await peer.line.peek();
  if (answer?.kind === 'suback') {
    const code = answer.reasonCodes[0] ?? 0x80;
    demand(code >= 0x80, `The filter '${filter}' was granted with 0x${code.toString(16)}.`);
    return;
  }
  if (answer === undefined) return;
  demand(answer.kind === 'disconnect' && stage.level === 5, `${say(answer)} came where SUBSCRIBE had to be refused.`);
  await peer.expectClosed();
}
