import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OperationError } from '../base/errors.ts';
import { SILENT_LOG } from '../base/log.ts';
import type { Subscription } from '../client/client.ts';
import type { RequestResponseOwner } from '../client/request-response.ts';
import { LateRequests } from './late-requests.ts';
import { PAGE_RANDOM } from './page.ts';

/** A client that writes down what it is asked to subscribe to, and never has an answer. */
function owner(asked: string[]): RequestResponseOwner {
  return {
    version: 5,
    random: PAGE_RANDOM,
    setAlarm: () => () => undefined,
    log: SILENT_LOG,
    publish: () => assert.fail('nothing is subscribed to'),
    subscribe: (filters) => {
      for (const each of [filters].flat()) asked.push(typeof each === 'string' ? each : each.filter);
      return Promise.withResolvers<Subscription>().promise;
    },
    connection: () => undefined,
  };
}

const to = (responseTopic: string): { readonly properties: { readonly responseTopic: string } } => ({
  properties: { responseTopic },
});

test('requests and responders that wait for the file are made in the order of the calls', async () => {
  const asked: string[] = [];
  const all = new LateRequests(owner(asked));
  const requests = [all.request('a', '', to('one')), all.request('a', '', to('two'))];
  void all.respond('three', () => '');
  requests.push(all.request('a', '', to('four')));
  assert.deepEqual(asked, []);
  for (const request of requests) request.catch(() => undefined);
  await all.request('a+', '').catch(() => undefined);
  assert.deepEqual(asked, ['one', 'two', 'three', 'four']);
});

test('a request is pending from the call on, until it has ended', async () => {
  const all = new LateRequests(owner([]));
  const refused = all.request('a+', '');
  const waiting = all.request('a', '');
  assert.equal(all.pendingCount, 2);
  await assert.rejects(refused, { code: 'invalid-argument' });
  assert.equal(all.pendingCount, 1);
  const error = new OperationError('closed', 'The client has disconnected.');
  all.close(error);
  await assert.rejects(waiting, error);
  assert.equal(all.pendingCount, 0);
});
