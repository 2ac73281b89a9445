// What became of each message, from `publish`, or the CONNECT with the Will, to the end of its promise.

import type { QoS } from '../../src/packet/packet.ts';
import type { ApplicationEvent, Label } from '../history.ts';
import { NEVER, type SessionSpan } from './session-span.ts';
import type { Acceptance, WireConnection } from './wire-connection.ts';

/** A message. Clears have no label on the wire, and are none here. All Wills of one life of a client are one. */
export class MessageFacts {
  readonly label: Label;
  /** Who published it, or whose Will it is. */
  readonly client: string;
  /** In the order of publication; 0 for Wills. */
  readonly number: number;
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly expirySeconds: number | undefined;
  readonly isWill: boolean;
  /** Of the call of `publish`, or the first CONNECT with the Will. */
  readonly place: number;
  readonly acceptances: Acceptance[];
  /** The sessions of the publisher, as the broker has them, in which it came. */
  readonly incarnations: Set<SessionSpan>;
  /** The sessions of the publisher, as it sees them itself, in which it was sent. */
  readonly sentIn: Set<number>;
  /** Places; NEVER. */
  stored: number;
  settled: number;
  settledCode: number;
  failed: number;
  failedCode: string;

  constructor(what: Omit<MessageFactsBegun, 'isWill'>, isWill: boolean, place: number) {
    this.label = what.label;
    this.client = what.client;
    this.number = what.number;
    this.topic = what.topic;
    this.qos = what.qos;
    this.retain = what.retain;
    this.expirySeconds = what.expirySeconds;
    this.isWill = isWill;
    this.place = place;
    this.acceptances = [];
    this.incarnations = new Set();
    this.sentIn = new Set();
    this.stored = NEVER;
    this.settled = NEVER;
    this.settledCode = 0;
    this.failed = NEVER;
    this.failedCode = '';
  }

  /** The application was told something of it. */
  told(event: Extract<ApplicationEvent, { kind: 'stored' | 'settled' | 'failed' }>, place: number): void {
    if (event.kind === 'stored') this.stored = Math.min(this.stored, place);
    else if (event.kind === 'settled') {
      this.settled = place;
      this.settledCode = event.reasonCode;
    } else {
      this.failed = place;
      this.failedCode = event.code;
    }
  }
}

type MessageFactsBegun = Pick<
  MessageFacts,
  'label' | 'client' | 'number' | 'topic' | 'qos' | 'retain' | 'expirySeconds' | 'isWill'
>;

/** The Will of a connection. */
export function willOf(connection: WireConnection, label: Label, place: number): MessageFacts | undefined {
  const will = connection.request?.will;
  if (will === undefined || label === '') return undefined;
  const { topic, qos, retain, properties } = will;
  const expirySeconds = properties.messageExpiryInterval;
  return new MessageFacts(
    { label, client: connection.client, number: 0, topic, qos, retain, expirySeconds },
    true,
    place,
  );
}
