// Somebody who is there while another client misbehaves, and must notice nothing: it is subscribed to
// everything, and afterwards its own messages still go round.

import assert from 'node:assert/strict';
import { type BrokerOptions, type LogLine, TestBroker, type TestClient } from './harness.ts';

/** A broker with a bystander. */
export interface Scene {
  readonly broker: TestBroker;
  readonly bystander: TestClient;
  /** The lines of the log that tell of something wrong. */
  readonly complaints: () => LogLine[];
  /** Claims that the bystander got nothing that `publish` did not send it, and is served as before. */
  readonly expectUnnoticed: () => void;
}

/** Opens the scene. */
export async function sceneWithBystander(options: BrokerOptions = {}): Promise<Scene> {
  const broker = await TestBroker.open(options);
  const bystander = broker.connect({ clientId: 'bystander' });
  bystander.subscribe('#', { qos: 2 });
  return {
    broker,
    bystander,
    complaints: () => broker.log.filter((line) => line.level === 'warn' || line.level === 'error'),
    expectUnnoticed: () => {
      assert.deepEqual(bystander.said(), []);
      bystander.publish('still', 'here');
      bystander.send({ kind: 'pingreq' });
      assert.deepEqual(bystander.said(), ['PUBLISH still=here', 'PINGRESP']);
      assert.equal(bystander.ended, 'not yet');
    },
  };
}

/** Claims that a line of the log says who was ended and against which statement; '': the specification numbers none. */
export function expectComplaint(line: LogLine | undefined, who: RegExp, statement: string): void {
  const sentence = line?.sentence ?? 'nothing was logged';
  assert.match(sentence, who);
  assert.equal(line?.fields['statement'], statement, sentence);
  if (statement !== '') assert.ok(sentence.endsWith(`[${statement}]`), sentence);
}
