// A message given to a function of the application, and what becomes of it then.

import type { Arrival } from './arrival.ts';
import type { MessageHandler } from './received-message.ts';

/**
 * Calls `handler`. With 'automatic' the message is acknowledged when it has returned, or when the promise that it returned is
 * fulfilled; with 'manual' that is the handler's business.
 * @param failed  Is told what the handler threw, or why its promise was rejected; the message stays unacknowledged.
 */
export function handOver(
  handler: MessageHandler,
  message: Arrival,
  acknowledges: 'automatic' | 'manual',
  failed: (error: unknown) => void,
): void {
  // hot:
  let handling: Promise<void> | void;
  try {
    handling = handler(message);
  } catch (error) {
    failed(error);
    return;
  }
  // Callers without types return all sorts of things.
  if (typeof handling?.then === 'function') waitFor(handling, message, acknowledges, failed);
  else if (isDone(message, acknowledges)) message.ack();
}

function waitFor(
  handling: Promise<void>,
  message: Arrival,
  acknowledges: 'automatic' | 'manual',
  failed: (error: unknown) => void,
): void {
  handling.then(() => {
    if (isDone(message, acknowledges)) message.ack();
  }, failed);
}

/** Whether a message that was handled needs nothing more: of QoS 0 no application acknowledges anything. */
export function isDone({ qos }: Arrival, acknowledges: 'automatic' | 'manual'): boolean {
  return acknowledges === 'automatic' || qos === 0;
}
