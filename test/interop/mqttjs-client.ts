// MQTT.js as a test uses it: a client whose messages can be waited for one by one.

import { connect, type IClientOptions, type IConnackPacket, type IPublishPacket, type MqttClient } from 'mqtt';
import type { TestBroker } from '../support/broker.ts';

/** How long a test waits for something before it fails. Far more than a busy machine takes. */
const PATIENCE_MILLIS = 15_000;

/** A message as it came, with the packet that it came in. */
export interface Received {
  readonly topic: string;
  readonly payload: string;
  readonly packet: IPublishPacket;
}

/** Every client that was opened, for a test file to leave none behind, whatever failed. */
const CLIENTS = new Set<MqttClient>();

/** Ends every client that is still there. */
export async function endPrograms(): Promise<void> {
  await Promise.all([...CLIENTS].map((client) => client.endAsync(true)));
  CLIENTS.clear();
}

/** A connected MQTT.js client, and the messages that it got. */
export class Program {
  readonly client: MqttClient;
  /** The broker's answer to its CONNECT. */
  readonly connack: IConnackPacket;
  private readonly messages: Received[];
  private taken: number;
  private wake: () => void;

  private constructor(client: MqttClient, connack: IConnackPacket, messages: Received[]) {
    this.client = client;
    this.connack = connack;
    this.messages = messages;
    this.taken = 0;
    this.wake = () => {};
    client.on('message', () => this.wake());
  }

  /** Connects; what a resumed session brings at once is not missed. */
  static async connect(broker: TestBroker, options: IClientOptions): Promise<Program> {
    const client = connect(broker.url, { reconnectPeriod: 0, ...options });
    CLIENTS.add(client);
    const messages: Received[] = [];
    client.on('message', (topic, payload, packet) => messages.push({ topic, payload: payload.toString(), packet }));
    const connected = Promise.withResolvers<IConnackPacket>();
    client.once('connect', (packet) => connected.resolve(packet));
    client.once('error', (error) => connected.reject(error));
    client.once('close', () => connected.reject(new Error('closed before it was connected')));
    return new Program(client, await connected.promise, messages);
  }

  /** The next message. */
  async message(): Promise<Received> {
    for (;;) {
      const message = this.messages[this.taken];
      if (message !== undefined) {
        this.taken++;
        return message;
      }
      await withPatience(
        new Promise<void>((resolve) => {
          this.wake = resolve;
        }),
        `message ${this.taken + 1} did not come`,
      );
    }
  }

  /** The payloads of the next so many messages. */
  async payloads(count: number): Promise<string[]> {
    const payloads: string[] = [];
    for (let i = 0; i < count; i++) payloads.push((await this.message()).payload);
    return payloads;
  }

  /** Waits until the connection is gone; to be called before it goes. */
  async closed(): Promise<void> {
    await withPatience(
      new Promise((resolve) => {
        this.client.once('close', () => resolve(undefined));
      }),
      'the connection was not closed',
    );
  }

  /** The reason code of the broker's DISCONNECT; to be called before it comes. */
  disconnected(): Promise<number> {
    return withPatience(
      new Promise((resolve) => {
        this.client.once('disconnect', ({ reasonCode }) => resolve(reasonCode ?? 0));
      }),
      'the broker sent no DISCONNECT',
    );
  }

  /** Leaves with a DISCONNECT. */
  async leave(): Promise<void> {
    await this.client.endAsync();
  }

  /** Is gone without a word. */
  async crash(): Promise<void> {
    const closed = this.closed();
    this.client.stream.destroy();
    await closed;
    await this.client.endAsync(true);
  }
}

async function withPatience<T>(promise: Promise<T>, complaint: string): Promise<T> {
  const { promise: impatience, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(complaint)), PATIENCE_MILLIS);
  try {
    return await Promise.race([promise, impatience]);
  } finally {
    clearTimeout(timer);
  }
}
