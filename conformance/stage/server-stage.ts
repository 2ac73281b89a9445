// What a check of a broker acts on: the broker under test at an address, raw connections to it, and names that no other
// check uses, so that checks can be played at the same time.

import type { Version } from '../check.ts';
import type { Received } from '../wire/read.ts';
import type { Properties } from '../wire/types.ts';
import * as write from '../wire/write.ts';
import { type Address, dial } from '../../test/support/dial.ts';
import { demand, fault } from './fault.ts';
import { Line, type Patience, say } from './line.ts';
import type { Transcript } from './transcript.ts';

/** One play of a check of a broker. */
export class ServerStage {
  readonly version: Version;
  readonly level: write.Level;
  readonly patience: Patience;
  private readonly address: Address;
  private readonly transcript: Transcript;
  private readonly scope: string;
  private readonly peers: Peer[];

  /** @param scope  A text that no other play has, of letters and digits. */
  constructor(address: Address, version: Version, scope: string, transcript: Transcript, patience: Patience) {
    this.address = address;
    this.version = version;
    this.level = version === '5.0' ? 5 : 4;
    this.scope = scope;
    this.transcript = transcript;
    this.patience = patience;
    this.peers = [];
  }

  /** A topic name of this play alone; `rest` may have levels and, for a filter, wildcards. */
  topic(rest = 't'): string {
    return `${this.scope}/${rest}`;
  }

  /** A client identifier of this play alone, of 23 letters and digits at most. */
  clientId(name: string): string {
    return `${this.scope}${name}`;
  }

  /** A connection on which nothing was said yet. */
  async dial(): Promise<Peer> {
    const pipe = await dial(this.address).catch((error: unknown) => {
      throw fault(`The broker does not take connections: ${error instanceof Error ? error.message : String(error)}`);
    });
    const peer = new Peer(this, new Line(pipe, this.level, this.peers.length + 1, this.transcript, this.patience));
    this.peers.push(peer);
    return peer;
  }

  /** A connection whose CONNECT was answered, whatever the answer. The client identifier is new unless given. */
  async introduce(fields: write.ConnectFields = {}): Promise<{ readonly peer: Peer; readonly connack: Received }> {
    const peer = await this.dial();
    peer.connect(fields);
    return { peer, connack: await peer.expect('connack') };
  }

  /** A connection that was accepted. */
  async connect(fields: write.ConnectFields = {}): Promise<Peer> {
    const { peer, connack } = await this.introduce(fields);
    demand(connack.reasonCode === 0, `CONNECT was answered with ${say(connack)}.`);
    return peer;
  }

  /** A client identifier for a connection that needs none of its own. */
  nextClientId(): string {
    return this.clientId(`c${this.peers.length}`);
  }

  /** Waits; for what only time brings about. */
  pass(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, milliseconds);
    });
  }

  /** Ends what is left of the play. */
  end(): void {
    for (const peer of this.peers) peer.line.drop();
  }
}

/** A raw client of the broker under test. */
export class Peer {
  readonly level: write.Level;
  private readonly stage: ServerStage;
  readonly line: Line;
  private lastId: number;

  constructor(stage: ServerStage, line: Line) {
    this.stage = stage;
    this.line = line;
    this.level = stage.level;
    this.lastId = 0;
  }

  /** A packet identifier that this peer has not used yet. */
  nextId(): number {
    return ++this.lastId;
  }

  /** Sends bytes as they are. */
  send(...parts: readonly Uint8Array[]): void {
    this.line.send(...parts);
  }

  /** Sends CONNECT. */
  connect(fields: write.ConnectFields = {}): void {
    this.send(write.connect(this.level, { clientId: this.stage.nextClientId(), ...fields }));
  }

  /** Sends PUBLISH; QoS 1 and 2 under a new identifier unless given, which is returned. */
  publish(fields: write.PublishFields): number {
    const id = fields.id ?? ((fields.qos ?? 0) > 0 ? this.nextId() : 0);
    this.send(write.publish(this.level, { ...fields, id }));
    return id;
  }

  /** Publishes and sees the handshake of that QoS through; every answer must be a yes. */
  async publishWhole(fields: write.PublishFields): Promise<void> {
    const id = this.publish(fields);
    if (fields.qos === 1) this.demandYes(await this.line.expectPastPublish('puback'), id);
    if (fields.qos !== 2) return;
    this.demandYes(await this.line.expectPastPublish('pubrec'), id);
    this.acknowledge('pubrel', id);
    this.demandYes(await this.line.expectPastPublish('pubcomp'), id);
  }

  /** Sends PUBACK, PUBREC, PUBREL or PUBCOMP. */
  acknowledge(
    name: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp',
    id: number,
    reasonCode?: number,
    properties?: Properties,
  ): void {
    this.send(write.acknowledge(this.level, name, id, reasonCode, properties));
  }

  /**
   * Subscribes to one filter.
   * @param options  QoS, or the whole options byte of 5.0.
   * @returns SUBACK, which must grant it.
   */
  async subscribe(filter: string, options = 0, properties?: Properties): Promise<Received> {
    const id = this.nextId();
    this.send(write.subscribe(this.level, id, [[filter, options]], properties));
    const suback = await this.line.expectPastPublish('suback');
    demand(suback.id === id, `SUBACK has the packet identifier ${suback.id}; SUBSCRIBE had ${id}.`);
    const code = suback.reasonCodes[0] ?? 0x80;
    demand(code < 0x80, `The subscription to ${filter} was refused with 0x${code.toString(16)}.`);
    return suback;
  }

  /** Ends subscriptions; returns UNSUBACK. */
  async unsubscribe(...filters: readonly string[]): Promise<Received> {
    const id = this.nextId();
    this.send(write.unsubscribe(this.level, id, filters));
    return await this.line.expectPastPublish('unsuback');
  }

  /** The next packet, which must be of that kind. */
  expect(kind: Parameters<Line['expect']>[0]): Promise<Received> {
    return this.line.expect(kind);
  }

  /** The next packet, which must be a PUBLISH; QoS 1 and 2 are acknowledged to the end. */
  async receive(): Promise<Received> {
    const publish = await this.expect('publish');
    if (publish.qos === 1) this.acknowledge('puback', publish.id);
    if (publish.qos !== 2) return publish;
    this.acknowledge('pubrec', publish.id);
    const pubrel = await this.line.expectPastPublish('pubrel');
    demand(pubrel.id === publish.id, `PUBREL ${pubrel.id} answered PUBREC ${publish.id}.`);
    this.acknowledge('pubcomp', publish.id);
    return publish;
  }

  /** A round trip, in which nothing else may come; what was asked for before is done. */
  async ping(): Promise<void> {
    this.send(write.PINGREQ);
    await this.expect('pingresp');
  }

  /** Demands that nothing waits for this peer: not now, and not after a round trip. */
  async expectNothing(): Promise<void> {
    await this.line.expectSilence();
    this.send(write.PINGREQ);
    const next = await this.line.next();
    demand(next.kind === 'pingresp', `${say(next)} came where nothing was due.`);
  }

  /** Says DISCONNECT and closes. */
  leave(reasonCode?: number, properties?: Properties): void {
    this.send(write.disconnect(this.level, reasonCode, properties));
    this.line.close();
  }

  /** Demands that the broker closes; see `Line.expectClosed`. */
  expectClosed(): Promise<Received | undefined> {
    return this.line.expectClosed();
  }

  /** Demands that the broker closes, in 5.0 with one of these reason codes if it says one. */
  expectClosedWith(...reasonCodes: readonly number[]): Promise<void> {
    return this.line.expectClosedWith(...reasonCodes);
  }

  /**
   * Demands that CONNECT is refused: the broker closes, after a CONNACK that says no or without one. In 5.0 the
   * CONNACK has one of these reason codes, in 3.1.1 one of these return codes; none given: any.
   */
  async expectRefused(...codes: readonly number[]): Promise<Received | undefined> {
    const first = await this.line.peek();
    if (first !== undefined) {
      demand(first.kind === 'connack', `${say(first)} came where CONNECT had to be refused.`);
      demand(first.reasonCode !== 0, 'CONNECT was accepted.');
      const isListed = codes.length === 0 || codes.includes(first.reasonCode);
      demand(isListed, `${say(first)} came where the code had to be ${codes.join(' or ')}.`);
    }
    demand((await this.expectClosed()) === undefined, 'DISCONNECT came where CONNECT had to be refused.');
    return first;
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.line.cut();
  }

  private demandYes(answer: Received, id: number): void {
    demand(answer.id === id, `${say(answer)} has the packet identifier ${answer.id}; due was ${id}.`);
    const code = answer.reasonCode;
    demand(code < 0x80, `${say(answer)} said no: 0x${code.toString(16)}.`);
  }
}
