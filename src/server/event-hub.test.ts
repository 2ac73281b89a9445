import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from '../base/millis.ts';
import { EventHub } from './event-hub.ts';

test('a listener that throws for each message is in the log once a second, with how often, and the others are told', () => {
  const errors: string[] = [];
  let now = 0;
  const nothing = (): void => {};
  const log = { debug: nothing, info: nothing, warn: nothing, error: (sentence: string) => void errors.push(sentence) };
  const hub = new EventHub(log, { monotonic: () => millis(now) });
  let heard = 0;
  hub.add('storeFull', () => assert.fail('mine'));
  hub.add('storeFull', () => heard++);
  for (let index = 0; index < 1_000; index++) hub.events.storeFull(true);
  now = 1_000;
  hub.events.storeFull(false);
  assert.equal(heard, 1_001);
  const sentence = 'A listener of the embedding program threw';
  assert.deepEqual(errors, [sentence, `${sentence}. 999 more like it since the last such line.`]);
});
