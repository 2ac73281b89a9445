// For tests only (the suffix keeps it out of the build): what a test watches a client by.

import type { Client } from './client.ts';
import type { ClientEnd } from './endings.ts';
import type { ReceivedMessage } from './received-message.ts';
import { granted, type ScriptedBroker, turn } from './scripted-broker.arbitrary.ts';

/** The events of a client that say how it fares, as lines. */
export function newsOf(client: Client): string[] {
  const lines: string[] = [];
  client.on('connected', ({ sessionPresent }) => lines.push(`connected ${sessionPresent}`));
  client.on('disconnected', (end, retryMillis) => lines.push(`disconnected ${nameOf(end)} ${retryMillis}`));
  client.on('closed', (end) => lines.push(`closed ${nameOf(end)}`));
  return lines;
}

function nameOf(end: ClientEnd): string {
  return end.kind === 'not-connected' ? end.error.code : end.kind;
}

/** What a promise has come to: 'pending', 'fulfilled', or the code of why it was rejected. */
export async function stateOf(promise: PromiseLike<unknown>): Promise<string> {
  let state = 'pending';
  promise.then(
    () => {
      state = 'fulfilled';
    },
    (error: unknown) => {
      state = String(Reflect.get(Object(error), 'code') ?? Reflect.get(Object(error), 'message'));
    },
  );
  await turn();
  return state;
}

/** Subscribes to everything; messages come into the list, and stay unacknowledged. */
export async function takeAll(client: Client, broker: ScriptedBroker, filter = '#'): Promise<ReceivedMessage[]> {
  const messages: ReceivedMessage[] = [];
  const subscribing = client.subscribe(filter, {
    qos: 2,
    acknowledge: 'manual',
    onMessage: (message) => void messages.push(message),
  });
  await turn();
  broker.send(granted('suback', 1, 2));
  await subscribing;
  broker.expect(`SUBSCRIBE 1 ${filter} 2 identifier 1`);
  return messages;
}
