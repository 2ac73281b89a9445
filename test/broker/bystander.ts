// Somebody who is there while another client misbehaves, and must notice nothing: it is subscribed to
// everything, and afterwards its own messages still go round.

import assert from 'node:assert/strict';
import { type BrokerOptions, type LogLine, TestBroker, type TestClient } from './harness.ts';

/** A broker with a bystander. */
export interface Scene {
  readonly broker: TestBroker;
  readonly bystander: TestClient;
  /** Lines of the log since the bystander connected, without those that only tell of clients coming and going well. */
  complaints(): LogLine[];
  /** Claims that the bystander got nothing that `publish` did not send it, and is served as before. */
  expectUnnoticed(): void;
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
