// For tests only: the subscriptions and requests of a client without the rest of it. What is sent is written down as lines, and the test
// answers. Messages are texts, acknowledged or not.

import assert from 'node:assert/strict';

import type { Random } from '../base/random.ts';
import type { SubscribePacket, UnsubscribePacket } from '../packet/packet.ts';
import { type PacketId, packetId } from '../packet/packet-id.ts';
import {
  type ConnackProperties,
  NO_CONNACK_PROPERTIES,
  NO_MESSAGE_PROPERTIES,
  NO_REASON_PROPERTIES,
} from '../packet/properties.ts';
import type { ProtocolVersion } from '../packet/protocol-version.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import { ALL_EXTRAS } from './all-extras.ts';
import { Arrival, type Coming } from './arrival.ts';
import { type Agreement, agree } from './handshake.ts';
import { readOptions } from './options.ts';
import type { ReceivedMessage } from './received-message.ts';
import { Requests } from './requests.ts';
import { Subscriptions } from './subscriptions.ts';

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** Chance without any. */
export const FIXED_RANDOM: Random = { next: () => 0.5, bytes: (count: number) => new Uint8Array(count).fill(0xab) };

/** What a broker that says this in CONNACK, and a client without wishes agree on. */
export function agreement(
  properties: Partial<ConnackProperties> = {},
  version: ProtocolVersion = 5,
  sessionPresent = false,
): Agreement {
  const { connect } = readOptions({ version, clientId: 'c', clean: false }, FIXED_RANDOM);
  const complete = { ...NO_CONNACK_PROPERTIES, ...properties };
  const connack = { kind: 'connack', sessionPresent, reasonCode: Reason.success, properties: complete } as const;
  return agree(100, connect, connack);
}

/** Makes messages that write down, by payload, when they are done. */
export function arrivals(done: string[]): (topic: string, payload: string, coming?: Partial<Coming>) => Arrival {
  let key = 0;
  return (topic, payload, coming = {}) => {
    const usual = {
      qos: 1,
      retain: false,
      dup: false,
      subscriptionIdentifiers: [],
      key: ++key,
      packetId: key,
    } as const;
    const message = { topic, payload: ENCODER.encode(payload), properties: NO_MESSAGE_PROPERTIES };
    return new Arrival(message, { ...usual, ...coming }, (arrival) => done.push(textOf(arrival)));
  };
}

/** The payload as a text. */
export function textOf(message: ReceivedMessage): string {
  return DECODER.decode(message.payload);
}

/** A handler that writes down what comes, as `who payload`. */
export function recorder(heard: string[], who: string): (message: ReceivedMessage) => void {
  return (message) => void heard.push(`${who} ${textOf(message)}`);
}

/** Subscriptions and requests, and a broker that does what the test says. */
export class SubscribingClient {
  readonly requests: Requests;
  readonly subscriptions: Subscriptions;
  /** Payloads of messages that everybody is done with. */
  readonly done: string[];
  /** Payloads of messages that nobody claimed, or nobody after all. */
  readonly unclaimed: Arrival[];
  /** Events and failures of handlers. */
  readonly told: string[];
  /** How many identifiers are free. */
  freeIds: number;
  takenCount: number;
  /** Payloads of messages that were handed to who takes the rest; `undefined`: nobody does. */
  rest: string[] | undefined;
  private readonly version: ProtocolVersion;
  private readonly make: ReturnType<typeof arrivals>;
  private lines: string[];
  private unanswered: (SubscribePacket | UnsubscribePacket)[];
  private idLast: number;
  private isConnected: boolean;

  constructor(version: ProtocolVersion = 5) {
    this.version = version;
    this.done = [];
    this.unclaimed = [];
    this.told = [];
    this.freeIds = 65_535;
    this.takenCount = 0;
    this.rest = undefined;
    this.make = arrivals(this.done);
    this.lines = [];
    this.unanswered = [];
    this.idLast = 0;
    this.isConnected = false;
    this.requests = new Requests({ lendId: () => this.lendId(), send: (packet) => this.send(packet) });
    this.subscriptions = new Subscriptions({
      version,
      filterTrie: ALL_EXTRAS.filterTrie,
      emit: (name, ...facts) => void this.told.push([name, ...facts].join(' ')),
      ask: (make, signal, isRenewal) => this.requests.ask(make, signal, isRenewal),
      handlerFailed: (error) => void this.told.push(`failed: ${String(error)}`),
      claimed: () => this.claimed(),
      unclaimed: (arrival) => void this.unclaimed.push(arrival),
      handToRest: (arrival) => {
        this.rest?.push(textOf(arrival));
        return this.rest !== undefined;
      },
      isConnected: () => this.isConnected,
      taken: () => void this.takenCount++,
    });
  }

  /** CONNACK comes. */
  connect(properties: Partial<ConnackProperties> = {}, session: 'new' | 'present' = 'new'): this {
    this.isConnected = true;
    if (session === 'new') this.subscriptions.renew();
    this.requests.opened(agreement(properties, this.version, session === 'present'));
    return this;
  }

  /** The connection ends. */
  cut(): this {
    this.isConnected = false;
    this.unanswered = [];
    this.freeIds = 65_535;
    this.requests.connectionEnded();
    return this;
  }

  /** The client is over. */
  close(error: Error | undefined): void {
    this.isConnected = false;
    this.requests.rejectAll(error ?? new Error('closed'));
    this.subscriptions.close(error);
  }

  /** Claims that this was sent since the last claim, and nothing else. */
  expect(...lines: readonly string[]): this {
    assert.deepEqual(this.lines, lines);
    this.lines = [];
    return this;
  }

  /** The broker answers the oldest request. */
  answer(...reasonCodes: readonly ReasonCode[]): this {
    const packet = this.unanswered.shift();
    assert.ok(packet !== undefined, 'there is a request to answer');
    this.freeIds++;
    const kind = packet.kind === 'subscribe' ? 'suback' : 'unsuback';
    this.requests.settle({ kind, id: packet.id, reasonCodes, properties: NO_REASON_PROPERTIES });
    return this;
  }

  /** A message comes. */
  message(topic: string, payload: string, coming: Partial<Coming> = {}): this {
    const arrival = this.make(topic, payload, coming);
    if (!this.subscriptions.dispatch(arrival)) this.unclaimed.push(arrival);
    return this;
  }

  /** The payloads of messages that nobody claimed. */
  get unclaimedTexts(): readonly string[] {
    return this.unclaimed.map(textOf);
  }

  private claimed(): void {
    const offered = this.unclaimed.splice(0);
    for (const arrival of offered) if (!this.subscriptions.dispatch(arrival)) this.unclaimed.push(arrival);
  }

  private lendId(): PacketId | undefined {
    if (this.freeIds === 0) return undefined;
    this.freeIds--;
    return packetId(++this.idLast);
  }

  private send(packet: SubscribePacket | UnsubscribePacket): void {
    this.unanswered.push(packet);
    this.lines.push(lineOf(packet));
  }
}

function lineOf(packet: SubscribePacket | UnsubscribePacket): string {
  if (packet.kind === 'unsubscribe') return `UNSUBSCRIBE ${packet.filters.join(', ')}`;
  const { subscriptionIdentifier } = packet.properties;
  const filters = packet.subscriptions.map(({ filter, options }) => {
    const { qos, noLocal, retainAsPublished, retainHandling } = options;
    const words = [noLocal ? 'no-local' : '', retainAsPublished ? 'as-published' : '', `retained ${retainHandling}`];
    return [filter, qos, ...words.filter((word) => word !== '' && word !== 'retained 0')].join(' ');
  });
  const identifier = subscriptionIdentifier === undefined ? '' : ` identifier ${subscriptionIdentifier}`;
  return `SUBSCRIBE ${filters.join(', ')}${identifier}`;
}
