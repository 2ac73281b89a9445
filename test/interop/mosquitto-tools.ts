// mosquitto_sub and mosquitto_pub as a test uses them: a subscriber that is known to be subscribed, and whose messages
// come as objects.

import { skipUnless } from '../require.ts';
import type { TestBroker } from '../support/broker.ts';
import { isInstalled, Tool } from '../support/tool.ts';

/** The versions of MQTT that the tools speak, as they call them. */
export const VERSIONS = ['mqttv31', 'mqttv311', 'mqttv5'] as const;

/** The `skip` option of tests that need the tools. */
export const WITHOUT_TOOLS: string | false = skipUnless(
  'interop',
  isInstalled('mosquitto_sub', '--help') && isInstalled('mosquitto_pub', '--help'),
  'mosquitto_sub and mosquitto_pub are not installed (Debian: mosquitto-clients)',
);

/** A message as mosquitto_sub prints it with `-F %j`. */
export interface PrintedMessage {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: number;
  readonly payloadlen: number;
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** A mosquitto_sub that runs. */
export class Subscriber {
  private readonly tool: Tool;

  private constructor(tool: Tool) {
    this.tool = tool;
  }

  /** Starts one; what was published before it was started must be retained or kept for it to arrive. */
  static start(broker: TestBroker, ...args: readonly string[]): Subscriber {
    const options = ['-d', '-F', '%j', '-h', broker.host, '-p', `${broker.port}`];
    // stdbuf becomes mosquitto_sub, but for writing each line at once: into a pipe it would save them up.
    return new Subscriber(new Tool('stdbuf', ['-oL', 'mosquitto_sub', ...options, ...args]));
  }

  /** Starts one and waits until it is subscribed. */
  static async subscribed(broker: TestBroker, ...args: readonly string[]): Promise<Subscriber> {
    const subscriber = Subscriber.start(broker, ...args);
    await subscriber.tool.line(/received SUBACK/u);
    return subscriber;
  }

  /** Waits until it is unsubscribed from what it was told to (`-U`). */
  async unsubscribed(): Promise<void> {
    await this.tool.line(/received UNSUBACK/u);
  }

  /** The next message. */
  async message(): Promise<PrintedMessage> {
    return JSON.parse(await this.tool.line(/^\{/u)) as PrintedMessage;
  }

  /** The payloads of the next so many messages. */
  async payloads(count: number): Promise<string[]> {
    const payloads: string[] = [];
    for (let i = 0; i < count; i++) payloads.push((await this.message()).payload);
    return payloads;
  }

  /** Is gone without a word. */
  async crash(): Promise<void> {
    await this.tool.kill();
  }

  /** Waits until it has disconnected and ended by itself: with its count of messages (`-C`), or once subscribed (`-E`). */
  async end(): Promise<void> {
    await this.tool.end();
  }
}

/** Publishes with mosquitto_pub, and waits until it is done: at QoS 1 and 2 until the broker has answered. */
export async function publish(broker: TestBroker, ...args: readonly string[]): Promise<void> {
  await publishInput(broker, '', ...args);
}

/** Publishes what mosquitto_pub reads from its standard input (`-l`, `-s`). */
export async function publishInput(
  broker: TestBroker,
  input: string | Uint8Array,
  ...args: readonly string[]
): Promise<void> {
  const tool = new Tool('mosquitto_pub', ['-h', broker.host, '-p', `${broker.port}`, ...args]);
  tool.input(input);
  await tool.end();
}

/** The arguments that give a packet a property of MQTT 5: `property('publish', 'user-property', 'colour', 'blue')`. */
export function property(packet: 'publish' | 'subscribe' | 'will', ...nameAndValues: readonly string[]): string[] {
  return ['-D', packet, ...nameAndValues];
}
