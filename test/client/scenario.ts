// What a scenario of the client is, and what it has to play with: a broker of its own, clients that are ended afterwards, relays to
// listen in and to cut. The scenarios stand in tables (`*-scenarios.ts`); `playAll` runs them against one broker in every version of MQTT
// that both know. They wait for events, never for time.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { SILENT_LOG } from '../../src/base/log.ts';
import type { Client, SubscribeOptions, SubscribeRequest, Subscription } from '../../src/client/client.ts';
import { connect } from '../../src/client/connect.ts';
import type { ClientEventName, ClientEvents } from '../../src/client/events.ts';
import type { ConnectOptions } from '../../src/client/options.ts';
import type { ReceivedMessage } from '../../src/client/received-message.ts';
import type { QoS } from '../../src/packet/packet.ts';
import { type ProtocolVersion, versionName } from '../../src/packet/protocol-version.ts';
import { nodeClientParts } from '../../src/server/client-parts.ts';
import { Relay } from './relay.ts';
import type { BrokerSettings, StartedBroker, TestedBroker } from './tested-brokers.ts';

/** A short name for each scenario, by which a broker can be excused. */
export type ScenarioName =
  | 'qos'
  | 'order'
  | 'properties'
  | 'large'
  | 'wildcards'
  | 'overlap'
  | 'retained'
  | 'will'
  | 'no-will'
  | 'unsubscribe'
  | 'iterator'
  | 'slow-handler'
  | 'manual-acks'
  | 'resume'
  | 'reconnect'
  | 'session-loss'
  | 'ambiguous-resend'
  | 'ambiguous-reject'
  | 'offline'
  | 'expiry'
  | 'clean'
  | 'cut-publish-1'
  | 'cut-publish-2'
  | 'cut-receive-1'
  | 'cut-receive-2'
  | 'silent'
  | 'password'
  | 'credentials'
  | 'taken-over'
  | 'receive-maximum-out'
  | 'receive-maximum-in'
  | 'alias-out'
  | 'alias-in'
  | 'shared'
  | 'request'
  | 'nobody'
  | 'no-local'
  | 'retain-options';

/** Something that must hold against every broker. */
export interface Scenario {
  readonly name: ScenarioName;
  readonly claim: string;
  /** Those of which it says something. */
  readonly versions: readonly ProtocolVersion[];
  readonly settings?: BrokerSettings;
  readonly play: (stage: Stage) => Promise<void>;
}

/** Every version, and the two halves. */
export const ALL_VERSIONS: readonly ProtocolVersion[] = [3, 4, 5];
/** Where the difference between 3.1 and 3.1.1 is none. */
export const VERSIONS_4_AND_5: readonly ProtocolVersion[] = [4, 5];
/** What came with MQTT 5.0. */
export const VERSION_5: readonly ProtocolVersion[] = [5];

/** A scenario that has not ended by then hangs. */
const SCENARIO_MILLIS_MAX = 30_000;
/** Nobody waits long for a connection in a test. */
const SOON = { delayMinMillis: 1, delayMaxMillis: 20 };

/** What a scenario plays on. */
export class Stage {
  readonly version: ProtocolVersion;
  private readonly kind: TestedBroker;
  private readonly settings: BrokerSettings;
  private readonly clients: Client[];
  private readonly relays: Relay[];
  private started: StartedBroker;
  private names: number;

  private constructor(kind: TestedBroker, settings: BrokerSettings, version: ProtocolVersion, started: StartedBroker) {
    this.kind = kind;
    this.settings = settings;
    this.version = version;
    this.clients = [];
    this.relays = [];
    this.started = started;
    this.names = 0;
  }

  /** Sets the stage: a fresh broker. */
  static async open(kind: TestedBroker, settings: BrokerSettings, version: ProtocolVersion): Promise<Stage> {
    return new Stage(kind, settings, version, await kind.start(settings));
  }

  /** Whether the broker keeps the order of what it sends again. */
  get isOrdered(): boolean {
    return this.kind.isOrdered;
  }

  /** Where the broker listens now. */
  get port(): number {
    return this.started.port;
  }

  /** A client, of the scenario's version, which is ended with the scenario. */
  async connect(options: ConnectOptions = {}): Promise<Client> {
    const client = await connect(
      { host: '127.0.0.1', port: this.started.port, version: this.version, reconnect: SOON, ...options },
      nodeClientParts(SILENT_LOG),
    );
    this.clients.push(client);
    return client;
  }

  /** The options of a client whose session outlives its connections, and the client. */
  lasting(clientId: string = this.name('lasting')): ConnectOptions {
    return { clientId, clean: false, ...(this.version === 5 ? { sessionExpirySeconds: 300 } : {}) };
  }

  /** A new client that subscribes, and collects what it gets. */
  async collect(filters: string | readonly (string | SubscribeRequest)[], qos: QoS = 2): Promise<Collector> {
    const collector = new Collector();
    await subscribe(await this.connect(), filters, { qos, onMessage: (message) => collector.take(message) });
    return collector;
  }

  /** A relay to the broker. */
  async relay(): Promise<Relay> {
    const relay = await Relay.start(this.version, this.started.port);
    this.relays.push(relay);
    return relay;
  }

  /** Ends the broker; relays lead nowhere then. */
  async stopBroker(): Promise<void> {
    for (const relay of this.relays) relay.leadTo(undefined);
    await this.started.stop();
  }

  /** Starts a broker that knows nothing; relays do not lead there yet. */
  async startBroker(): Promise<void> {
    this.started = await this.kind.start(this.settings);
  }

  /** A name that nobody else has on this stage, for topics and clients. */
  name(hint: string): string {
    this.names++;
    return `${hint}-${this.names}`;
  }

  /** Ends everything. */
  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.disconnect()));
    await Promise.all(this.relays.map((relay) => relay.close()));
    await this.started.stop();
  }
}

/** Subscribes, and makes sure that the broker has granted every filter. */
export async function subscribe(
  client: Client,
  filters: string | readonly (string | SubscribeRequest)[],
  options: SubscribeOptions,
): Promise<Subscription> {
  const subscription = await client.subscribe(filters, options);
  for (const granted of subscription.granted) assert.ok(granted < 0x80, `the broker refused a filter: ${granted}`);
  return subscription;
}

/** What a subscription has got. */
export class Collector {
  readonly messages: ReceivedMessage[];
  private waiters: (() => void)[];

  constructor() {
    this.messages = [];
    this.waiters = [];
  }

  /** Takes a message. */
  take(message: ReceivedMessage): void {
    this.messages.push(message);
    const { waiters } = this;
    this.waiters = [];
    for (const wake of waiters) wake();
  }

  /** Waits until there are so many, and gives the payloads of all that are there. */
  async texts(count: number): Promise<readonly string[]> {
    await this.until(() => this.messages.length >= count);
    return this.messages.map(textOf);
  }

  /** Waits until a message with this payload has come. */
  async until(isEnough: () => boolean): Promise<void> {
    while (!isEnough()) {
      await new Promise<void>((resolve) => {
        this.waiters.push(resolve);
      });
    }
  }

  /** Waits until a message with this payload has come, and gives the payloads of all before it. */
  async textsBefore(text: string): Promise<readonly string[]> {
    const isLast = (message: ReceivedMessage): boolean => textOf(message) === text;
    await this.until(() => this.messages.some(isLast));
    return this.messages.slice(0, this.messages.findIndex(isLast)).map(textOf);
  }
}

/** The payload as text. */
export function textOf({ payload }: ReceivedMessage): string {
  return new TextDecoder().decode(payload);
}

/** The texts `0` to `count - 1`. */
export function numbers(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => String(index));
}

/** Waits for the next event of a client; to be called before it can happen. */
export function nextEvent<Name extends ClientEventName>(
  client: Client,
  name: Name,
): Promise<Parameters<ClientEvents[Name]>> {
  return new Promise((resolve) => {
    const listen = (...args: Parameters<ClientEvents[Name]>): void => {
      end();
      resolve(args);
    };
    // A listener is the function of its event, which TypeScript does not see through the parameter.
    const end = client.on(name, listen as ClientEvents[Name]);
  });
}

/** Runs the scenarios against a broker. */
export function playAll(kind: TestedBroker, scenarios: readonly Scenario[]): void {
  for (const version of kind.versions) {
    describe(`the client against ${kind.name}, ${versionName(version)}`, { skip: kind.skip }, () => {
      for (const { name, claim, versions, settings = {}, play } of scenarios) {
        if (!versions.includes(version)) continue;
        const lack = kind.lacks.find((one) => one.scenario === name && one.versions.includes(version));
        const title = `${name}: ${claim}`;
        if (lack === undefined) testOnStage(title, { kind, version, settings }, play);
        else test(title, { skip: lack.because });
      }
    });
  }
}

/** A test with a stage of its own, which is cleared whatever becomes of the test. */
export function testOnStage(
  title: string,
  on: { readonly kind: TestedBroker; readonly version: ProtocolVersion; readonly settings?: BrokerSettings },
  play: (stage: Stage) => Promise<void>,
): void {
  test(title, { timeout: SCENARIO_MILLIS_MAX }, async ({ signal }) => {
    const stage = await Stage.open(on.kind, on.settings ?? {}, on.version);
    const { promise: isLate, reject } = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => reject(signal.reason));
    try {
      await Promise.race([play(stage), isLate]);
    } finally {
      await stage.close();
    }
  });
}
