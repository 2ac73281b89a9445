// What the application of the client under test was handed: messages wait here until the check looks.

import type { ReceivedMessage } from '../../src/client/received-message.ts';
import { textOf } from '../wire/read.ts';
import { demand } from './fault.ts';

/** The messages of one client, in the order in which they were handed over. */
export class Mailbox {
  /** Handed to the client as its `onMessage`. */
  readonly take: (message: ReceivedMessage) => void;
  private readonly messages: ReceivedMessage[];
  private readCount: number;

  constructor() {
    this.messages = [];
    this.readCount = 0;
    this.take = (message) => {
      this.messages.push(message);
    };
  }

  /** How many messages have come, seen or not. */
  get count(): number {
    return this.messages.length;
  }

  /** The next message, which must have come. The client hands a message over before it acknowledges it. */
  next(): ReceivedMessage {
    const message = this.messages[this.readCount++];
    demand(message !== undefined, 'The client has not handed over a message that it got.');
    return message;
  }

  /** Demands that just these messages have come since the last look. */
  expect(...payloads: readonly string[]): void {
    const came = this.messages.slice(this.readCount).map(({ payload }) => textOf(payload));
    this.readCount = this.messages.length;
    const [seen, due] = [JSON.stringify(came), JSON.stringify(payloads)];
    demand(seen === due, `The client has handed over ${seen}; due was ${due}.`);
  }
}
