// A client's process: the real client, with an application that publishes what the plan says, writes down what it gets before it
// acknowledges it, and subscribes anew in each life.

import { OperationError } from '../../src/base/errors.ts';
import type { Client } from '../../src/client/client.ts';
import { connect } from '../../src/client/connect.ts';
import type { ClientEnd } from '../../src/client/endings.ts';
import type { ClientParts } from '../../src/client/parts.ts';
import type { ReceivedMessage } from '../../src/client/received-message.ts';
import type { Store } from '../../src/store/contract.ts';
import type { Disk } from '../disk/disk.ts';
import type { ClientPlan, PublishStep, SubscriptionPlan } from '../plan.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { connectOptions, requestOf, tuningOf } from './client-options.ts';
import { SimProcess } from './sim-process.ts';
import { labelOf } from './tap.ts';
import type { World } from './world.ts';

/** Who starts a client again that has ended takes so long. */
const OPERATOR_MILLIS_MIN = 50;
const OPERATOR_MILLIS_MAX = 500;
/** The handle of what comes to no subscription of this life. */
const NO_HANDLE = -1;
const ENCODER = new TextEncoder();

/** A client, over all its lives. */
export class ClientProcess extends SimProcess {
  readonly plan: ClientPlan;
  readonly disk: Disk | undefined;
  private readonly owner: World;
  private readonly random: SeededRandom;
  private client: Client | undefined;
  private store: Store | undefined;
  /** Over all lives: the application writes it down. */
  private published: number;
  private handles: number;
  /** Messages in the hands of the application. */
  private handling: number;

  constructor(world: World, plan: ClientPlan, makeDisk: (process: SimProcess) => Disk | undefined) {
    super(world, plan.name);
    this.owner = world;
    this.plan = plan;
    this.disk = makeDisk(this);
    this.random = world.randomOf(`client ${plan.name}`);
    this.client = undefined;
    this.store = undefined;
    this.published = 0;
    this.handles = 0;
    this.handling = 0;
  }

  /** Starts a life. */
  start(): void {
    const { owner: world } = this;
    const life = this.begin();
    this.handles = 0;
    this.handling = 0;
    world.record({ at: world.time.now, kind: 'started', who: this.name, life });
    this.run(life, () => void this.live(life));
  }

  /** It is killed, or its machine loses its power. */
  crash(boundary: string, machine: boolean): void {
    if (!this.isAlive) return;
    const { owner: world, life } = this;
    world.record({ at: world.time.now, kind: 'crashed', who: this.name, life, boundary, machine });
    this.gone(machine);
  }

  /** It ends in order, with DISCONNECT. */
  stop(reasonCode: number, sessionExpirySeconds: number | undefined): void {
    const { client, plan } = this;
    if (client === undefined) return;
    // [MQTT-3.1.2-23]: what was to end with its connection cannot be kept any more.
    const endsAnyway = (plan.sessionExpirySeconds ?? (plan.clean ? 0 : 1)) === 0;
    this.run(this.life, () => {
      const expiry = endsAnyway ? undefined : sessionExpirySeconds;
      const options = plan.version === 5 ? { reasonCode, sessionExpirySeconds: expiry } : {};
      void client.disconnect(options);
    });
  }

  /** The application publishes. */
  publish(step: PublishStep): void {
    const { life } = this;
    if (step.everyMillis === 0) {
      this.run(life, () => {
        for (let i = 0; i < step.count; i++) this.publishOne(step, life);
      });
      return;
    }
    const publishAndGoOn = (left: number): void => {
      this.publishOne(step, life);
      if (left > 1) this.after(step.everyMillis, () => publishAndGoOn(left - 1));
    };
    this.run(life, () => publishAndGoOn(step.count));
  }

  /** The application subscribes. */
  subscribe(subscription: SubscriptionPlan): void {
    const { life } = this;
    this.run(life, () => this.subscribeNow(subscription, life));
  }

  /** The application unsubscribes. */
  unsubscribe(filters: readonly string[]): void {
    const { owner: world, name, life, client } = this;
    if (client === undefined) return;
    this.run(life, () => {
      world.record({ at: world.time.now, kind: 'unsubscribe', client: name, life, filters });
      client.unsubscribe(filters).then(
        (reasonCodes) => {
          if (this.isIn(life)) {
            world.record({ at: world.time.now, kind: 'unsubscribed', client: name, life, filters, reasonCodes });
          }
        },
        (error: unknown) => {
          const { code } = failureOf(error);
          if (this.isIn(life)) {
            world.record({ at: world.time.now, kind: 'unsubscribe-failed', client: name, life, filters, code });
          }
        },
      );
    });
  }

  /** What has not come to rest here; '': everything has. */
  get unrest(): string {
    const { client } = this;
    if (!this.isAlive) return `${this.name} is down`;
    if (client === undefined) return `${this.name} opens its store`;
    if (client.state !== 'connected') return `${this.name} is not connected`;
    if (client.unsettledCount > 0) return `${this.name} has ${client.unsettledCount} messages unsettled`;
    if (this.handling > 0) return `the application of ${this.name} has ${this.handling} messages in hand`;
    return '';
  }

  /** Messages that are not settled. */
  get unsettled(): number {
    return this.client?.unsettledCount ?? 0;
  }

  /** Messages in its store. */
  get stored(): number {
    return this.client === undefined ? 0 : (this.store?.statistics().deliveries ?? 0);
  }

  private isIn(life: number): boolean {
    return this.isAlive && this.life === life;
  }

  private async live(life: number): Promise<void> {
    const { owner: world, plan, name } = this;
    let client: Client;
    try {
      client = await connect(
        connectOptions(plan, life, (message) => this.take(message, life, NO_HANDLE)),
        this.parts(life),
      );
    } catch (error) {
      if (this.isIn(life)) this.fail(life, error);
      return;
    }
    if (!this.isIn(life)) return;
    this.client = client;
    world.record({ at: world.time.now, kind: 'ready', who: name, life });
    client.on('connected', ({ sessionPresent }) => {
      if (this.isIn(life)) world.record({ at: world.time.now, kind: 'connected', client: name, life, sessionPresent });
    });
    client.on('disconnected', (end) => {
      if (!this.isIn(life)) return;
      const { how, reasonCode } = wordsOf(end);
      world.record({ at: world.time.now, kind: 'disconnected', client: name, life, how, reasonCode });
    });
    client.on('undelivered', (topic, error) => {
      const { code } = failureOf(error);
      if (this.isIn(life)) world.record({ at: world.time.now, kind: 'undelivered', client: name, life, topic, code });
    });
    client.closed.then(
      (end) => this.closed(life, end),
      (error: unknown) => world.failed(this, error),
    );
    for (const subscription of plan.subscriptions) this.subscribeNow(subscription, life);
  }

  private subscribeNow({ filters }: SubscriptionPlan, life: number): void {
    const { owner: world, name, client, plan } = this;
    if (client === undefined) return;
    const handle = this.handles++;
    world.record({ at: world.time.now, kind: 'subscribe', client: name, life, handle, filters });
    const requests = filters.map((filter) => requestOf(filter, plan.version));
    client.subscribe(requests, { onMessage: (message) => this.take(message, life, handle) }).then(
      ({ granted }) => {
        if (this.isIn(life))
          world.record({ at: world.time.now, kind: 'subscribed', client: name, life, handle, granted });
      },
      (error: unknown) => {
        const { code } = failureOf(error);
        if (this.isIn(life)) {
          world.record({ at: world.time.now, kind: 'subscribe-failed', client: name, life, handle, code });
        }
      },
    );
  }

  private publishOne(step: PublishStep, life: number): void {
    const { owner: world, name, client, plan } = this;
    if (client === undefined || client.state === 'closed') return;
    const { topic, qos, retain, isEmpty, payloadBytes, expirySeconds } = step;
    const number = ++this.published;
    const label = `${name}#${number}`;
    world.record({
      at: world.time.now,
      kind: 'publish',
      client: name,
      life,
      label,
      number,
      topic,
      qos,
      retain,
      isEmpty,
      expirySeconds,
    });
    const properties =
      plan.version === 5 && expirySeconds !== undefined ? { messageExpiryInterval: expirySeconds } : undefined;
    const publishing = client.publish(topic, isEmpty ? '' : payloadOf(label, payloadBytes), {
      qos,
      retain,
      properties,
    });
    publishing.stored.then(
      () => {
        if (this.isIn(life)) world.record({ at: world.time.now, kind: 'stored', client: name, life, label });
      },
      () => undefined,
    );
    publishing.then(
      ({ reasonCode }) => {
        if (this.isIn(life))
          world.record({ at: world.time.now, kind: 'settled', client: name, life, label, reasonCode });
      },
      (error: unknown) => {
        const { code, reasonCode } = failureOf(error);
        if (this.isIn(life)) {
          world.record({ at: world.time.now, kind: 'failed', client: name, life, label, code, reasonCode });
        }
      },
    );
  }

  /** The application has a message. */
  private take(message: ReceivedMessage, life: number, handle: number): void | Promise<void> {
    const { owner: world, name, plan } = this;
    if (!this.isIn(life)) return undefined;
    const { topic, qos, retain, dup, key } = message;
    const label = labelOf(message.payload);
    world.record({
      at: world.time.now,
      kind: 'received',
      client: name,
      life,
      handle,
      label,
      topic,
      qos,
      retain,
      dup,
      key,
    });
    const delay = this.random.between(plan.handlingMillisMin, plan.handlingMillisMax);
    const acknowledge = (): void =>
      world.record({ at: world.time.now, kind: 'acknowledged', client: name, life, handle, label, key });
    if (delay === 0) {
      acknowledge();
      return undefined;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.handling++;
    this.after(delay, () => {
      this.handling--;
      acknowledge();
      resolve();
    });
    return promise;
  }

  private closed(life: number, end: ClientEnd): void {
    const { owner: world, name } = this;
    if (!this.isIn(life)) return;
    if (end.kind === 'disconnected') {
      world.record({ at: world.time.now, kind: 'stopped', who: name, life });
    } else {
      this.tellEnd(life, end);
    }
    // What it has just said leaves with the turn.
    this.after(0, () => this.gone(false));
  }

  private tellEnd(life: number, end: Exclude<ClientEnd, { readonly kind: 'disconnected' }>): void {
    const { owner: world, name } = this;
    if (end.kind === 'store-failed') {
      world.record({ at: world.time.now, kind: 'store-failed', who: name, life, code: end.error.code });
    } else {
      const { how } = wordsOf(end);
      world.record({ at: world.time.now, kind: 'over', who: name, life, how });
    }
    this.startAgain();
  }

  private fail(life: number, error: unknown): void {
    const { owner: world, name } = this;
    if (!(error instanceof OperationError)) {
      world.failed(this, error);
      return;
    }
    world.record({ at: world.time.now, kind: 'store-failed', who: name, life, code: error.code });
    this.startAgain();
    this.gone(false);
  }

  private startAgain(): void {
    const delay = this.random.between(OPERATOR_MILLIS_MIN, OPERATOR_MILLIS_MAX);
    this.owner.time.after(delay, () => this.owner.startIfDown(this.name));
  }

  private gone(machine: boolean): void {
    this.client = undefined;
    this.store = undefined;
    this.handling = 0;
    this.end();
    this.disk?.crash(machine);
    this.owner.network.processGone(this, machine);
  }

  private parts(life: number): ClientParts {
    const { owner: world, name, plan } = this;
    const random = world.randomOf(`client ${name} ${life}`);
    return {
      dial: ({ signal }, handler) => world.network.dial(this, handler, signal),
      makeStore: () => {
        if (this.disk === undefined) throw new Error(`${name} has no disk`);
        this.store = this.disk.makeStore();
        return this.store;
      },
      setAlarm: (delay, ring) => {
        const alarm = this.after(delay, ring);
        return () => alarm.cancel();
      },
      clock: this.clock,
      random,
      log: world.log,
      tuning: tuningOf(plan),
    };
  }
}

function payloadOf(label: string, bytes: number): Uint8Array {
  return ENCODER.encode(`${label} `.padEnd(bytes, '.'));
}

function failureOf(error: unknown): { readonly code: string; readonly reasonCode: number | undefined } {
  if (error instanceof OperationError) return { code: error.code, reasonCode: error.reasonCode };
  return { code: error instanceof Error ? `${error.name}: ${error.message}` : 'not an error', reasonCode: undefined };
}

function wordsOf(end: ClientEnd): { readonly how: string; readonly reasonCode: number | undefined } {
  switch (end.kind) {
    case 'disconnected-by-broker':
      return { how: end.kind, reasonCode: end.reasonCode };
    case 'protocol-error':
      return { how: `${end.kind}: ${end.error.message}`, reasonCode: end.error.reasonCode };
    case 'not-connected':
      return { how: `${end.kind}: ${end.error.code}`, reasonCode: end.error.reasonCode };
    case 'store-failed':
      return { how: `${end.kind}: ${end.error.code}`, reasonCode: undefined };
    case 'handler-failed':
      return { how: `${end.kind}: ${String(end.error)}`, reasonCode: undefined };
    default:
      return { how: end.kind, reasonCode: undefined };
  }
}
