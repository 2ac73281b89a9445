// A client for tests that are scripts: each thing that it does is a promise of the answer. It answers what it gets, and
// remembers it.

import type { Packet, PublishPacket } from '../../src/packet/packet.ts';
import { PINGREQ } from '../../src/packet/packet.ts';
import { type PacketId, packetId } from '../../src/packet/packet-id.ts';
import { type ConnectChoice, answerPacket, connectPacket, publishPacket, subscribePacket } from './packets.ts';
import { Wire } from './wire.ts';

/** Longer than any answer takes that is not meant to wait. */
const PATIENCE_MILLIS = 30_000;

/** Who a probe is; by default MQTT 5 with a session that ends with its connection. */
export type ProbeChoice = Partial<ConnectChoice> & Pick<ConnectChoice, 'clientId'>;

/** A connection that was accepted. */
export class Probe {
  /** Texts, in the order of their coming. */
  readonly received: string[];
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  isClosed: boolean;
  sessionPresent: boolean;
  private readonly wire: Wire;
  private readonly waiting: Map<string, (reasonCode: number) => void>;
  private readonly close: () => void;
  private lastId: number;
  private wake: () => void;

  private constructor(port: number, choice: ConnectChoice) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.received = [];
    this.closed = promise;
    this.close = resolve;
    this.isClosed = false;
    this.sessionPresent = false;
    this.waiting = new Map();
    this.lastId = 0;
    this.wake = () => {};
    this.wire = new Wire(port, choice.version, {
      receive: (packet) => this.receive(packet),
      lose: () => {
        this.isClosed = true;
        this.close();
        this.wake();
      },
    });
    this.wire.send(connectPacket(choice));
  }

  /** Connects; fails if it is not let in. */
  static async connect(port: number, choice: ProbeChoice): Promise<Probe> {
    const usual = { version: 5, clean: true, isPersistent: false, receiveMaximum: undefined } as const;
    const probe = new Probe(port, { ...usual, ...choice });
    const reasonCode = await probe.answer('connack');
    if (reasonCode !== 0) throw new Error(`${choice.clientId} was refused with ${reasonCode}.`);
    return probe;
  }

  /** @returns the reason code of the SUBACK. */
  async subscribe(filter: string, qos: 1 | 2): Promise<number> {
    const id = this.nextId();
    this.wire.send(subscribePacket(id, filter, { qos, wantsRetained: false, identifier: undefined }));
    return await this.answer(`suback ${id}`);
  }

  /** @returns the reason code of the PUBACK or PUBREC; fails if the connection ends first. */
  async publish(
    topic: string,
    text: string,
    { qos = 1, retain = false }: { readonly qos?: 1 | 2; readonly retain?: boolean } = {},
  ): Promise<number> {
    const id = this.nextId();
    const payload = new TextEncoder().encode(text);
    this.wire.send(publishPacket({ topic, payload, qos, retain, dup: false, id }));
    return await this.answer(`${qos === 1 ? 'puback' : 'pubrec'} ${id}`);
  }

  /** Waits for the answer to a PINGREQ. */
  async ping(): Promise<void> {
    this.wire.send(PINGREQ);
    await this.answer('pingresp');
  }

  /** Waits until it has got so many messages. */
  async untilReceived(count: number): Promise<void> {
    while (this.received.length < count) {
      if (this.isClosed) throw new Error(`Closed with ${this.received.length} of ${count} messages.`);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.wake = resolve;
      const impatience = setTimeout(
        () => reject(new Error(`Got ${this.received.length} of ${count} messages.`)),
        PATIENCE_MILLIS,
      );
      await promise.finally(() => clearTimeout(impatience));
    }
  }

  /** Ends the connection without a word. */
  cut(): void {
    this.wire.cut();
  }

  private receive(packet: Packet): void {
    switch (packet.kind) {
      case 'connack':
        this.sessionPresent = packet.sessionPresent;
        this.settle('connack', packet.reasonCode);
        return;
      case 'publish':
        this.receivePublish(packet);
        return;
      case 'pubrel':
        this.wire.send(answerPacket('pubcomp', packet.id));
        return;
      case 'pubrec':
        if (packet.reasonCode < 0x80) this.wire.send(answerPacket('pubrel', packet.id));
        this.settle(`pubrec ${packet.id}`, packet.reasonCode);
        return;
      case 'puback':
        this.settle(`puback ${packet.id}`, packet.reasonCode);
        return;
      case 'suback':
        this.settle(`suback ${packet.id}`, packet.reasonCodes[0] ?? 0);
        return;
      default:
        this.settle(packet.kind, 0);
    }
  }

  private receivePublish({ payload, qos, id }: PublishPacket): void {
    this.received.push(new TextDecoder().decode(payload));
    if (id !== undefined) this.wire.send(answerPacket(qos === 1 ? 'puback' : 'pubrec', id));
    this.wake();
  }

  private answer(name: string): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.waiting.set(name, resolve);
    const fail = (): void => reject(new Error(`The connection ended without ${name}.`));
    const impatience = setTimeout(() => reject(new Error(`No ${name} came.`)), PATIENCE_MILLIS);
    void this.closed.then(fail);
    return promise.finally(() => clearTimeout(impatience));
  }

  private settle(name: string, reasonCode: number): void {
    this.waiting.get(name)?.(reasonCode);
    this.waiting.delete(name);
  }

  private nextId(): PacketId {
    this.lastId = (this.lastId % 60_000) + 1;
    return packetId(this.lastId);
  }
}
