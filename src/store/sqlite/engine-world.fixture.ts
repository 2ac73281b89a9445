// An engine and a plain model of it that live through the same history: changes, batches, reads, background work, ends of
// the process with and without a word of warning. Wherever both can be asked the same question, the answers must
// be equal; and a tool that checks files finds nothing wrong with any file that is left behind.
// Longer than 400 lines because everything in here reads and writes the same model.

import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import { millis } from '../../base/millis.ts';
import type { Message } from '../../packet/message.ts';
import { packetId } from '../../packet/packet-id.ts';
import { NO_MESSAGE_PROPERTIES } from '../../packet/properties.ts';
import type { QueuedDelivery, Recipient } from '../contract.ts';
import { RecoveryReader, readPage } from './answer-reader.ts';
import { ChangeWriter } from './change-writer.ts';
import { checkRows } from './check-rows.ts';
import { SMALL_TUNING, STILL_CLOCK } from './engine.fixture.ts';
import { Engine } from './engine.ts';
import type { Step } from './engine-history.arbitrary.ts';
import {
  contentOf,
  deliveryForm,
  type Model,
  type ModelRecipient,
  modelForm,
  type Owed,
  queueOf,
  sessionForm,
} from './engine-model.fixture.ts';
import { BodyReader } from './message-body.ts';
import { DatabaseSync } from './node-sqlite.ts';
import { StoreView } from './store-view.ts';

/** An engine and its model. */
export class EngineWorld {
  private readonly root: string;
  /** Of one run, as the numbers are. */
  private writer: ChangeWriter;
  private directories: number;
  private engine: Engine;
  private file: string;
  private model: Model;
  /** The model as of the last batch that was applied. */
  private committed: Model;
  private nextKey: number;
  private nextId: number;
  private nextPacketId: number;

  /** @param root  A directory for the databases. */
  constructor(root: string) {
    this.root = root;
    this.writer = new ChangeWriter(true);
    this.directories = 0;
    this.file = this.newFile();
    this.model = {
      recipients: new Map(),
      wills: new Map(),
      retained: new Map(),
      owners: new Map(),
      keyMax: 0,
    };
    this.committed = structuredClone(this.model);
    this.nextKey = 1;
    this.nextId = 1;
    this.nextPacketId = 1;
    this.engine = this.open();
    this.recover();
    for (const kind of ['session', 'session', 'group', 'session'] as const) this.addRecipient(kind);
  }

  /** Lets one thing happen. */
  take([kind, a, b, c]: Step): void {
    switch (kind) {
      case 'session':
      case 'group':
        return this.addRecipient(kind);
      case 'end':
        return this.end(a);
      case 'append':
        return this.append(a, b, c, false);
      case 'append-alone':
        return this.append(a, 1, c, false);
      case 'append-origin':
        return this.append(a, b, c, true);
      case 'settle-oldest':
        return this.settle(a, 0);
      case 'settle-any':
        return this.settle(a, b);
      case 'send-oldest':
        return this.send(a, 0);
      case 'send-any':
        return this.send(a, b);
      case 'send-again':
        return this.sendAgain(a, b);
      case 'receive':
        return this.receive(a, b);
      case 'release':
        return this.release(a, b);
      case 'subscribe':
      case 'unsubscribe':
        return this.subscribe(kind, a, b, c);
      case 'retain':
      case 'clear-retained':
        return this.retain(kind, a, b);
      case 'will':
      case 'clear-will':
        return this.setWill(kind, a, b);
      case 'commit':
        return this.commit();
      case 'read':
        return this.read(a, b, c);
      case 'maintain':
        this.commit();
        this.engine.maintain();
        return;
      case 'close':
        this.commit();
        this.engine.close();
        this.engine = this.open();
        return this.recover();
      case 'crash':
        return this.crash(a);
      default:
        assert.fail(kind satisfies never);
    }
  }

  /** Compares everything a last time, and lets go. */
  finish(): void {
    this.commit();
    while (this.engine.maintain());
    for (const key of this.model.recipients.keys()) this.checkRead(key, 0, 1_000, 1_000_000);
    this.checkRows();
    this.engine.close();
    this.checkFile();
    this.engine = this.open();
    this.recover();
    this.dispose();
  }

  /** Lets go of the database, whatever happened. */
  dispose(): void {
    this.engine.abandon();
    rmSync(path.dirname(this.file), { recursive: true, force: true });
  }

  private addRecipient(kind: 'session' | 'group'): void {
    const key = this.nextKey++;
    const name = `${kind}/${key}`;
    const { recipients } = this.model;
    if (kind === 'session') this.saveSession(key, name);
    else this.writer.saveGroup({ key, filter: name });
    const collections = { subscriptions: new Map(), owed: new Map(), exactlyOnceIds: new Set<number>() };
    recipients.set(key, { kind, name, ...collections, sent: [], received: [] });
    this.model.keyMax = key;
  }

  private saveSession(key: number, clientId: string): void {
    const expiryInterval = millis(1000);
    this.writer.saveSession({ key, clientId, principal: undefined, expiryInterval, disconnectedAt: undefined });
  }

  private end(a: number): void {
    const [key, recipient] = this.pick(a);
    if (recipient === undefined) return;
    if (recipient.kind === 'session') this.writer.deleteSession(key);
    else this.writer.deleteGroup(key);
    for (const id of recipient.owed.keys()) this.release1(id);
    this.model.recipients.delete(key);
    this.model.wills.delete(key);
  }

  private append(a: number, b: number, c: number, hasOrigin: boolean): void {
    const id = this.nextId++;
    const keys = Array.from(this.model.recipients.keys());
    // Which of them, as bits; the same list comes again now and then.
    const chosen =
      b === 1 ? keys.slice(a % (keys.length || 1)).slice(0, 1) : keys.filter((_, i) => ((b >> (i % 8)) & 1) === 1);
    const message = this.message(id, c);
    const recipients = chosen.map((key): Recipient => {
      const addressed = (key + b) % 4 === 0;
      return {
        key,
        qos: (key + b) % 3 === 0 ? 2 : 1,
        retain: (key + b) % 5 === 0,
        subscriptionIdentifiers: addressed ? [key, 200 + key] : [],
        sharedFilter: addressed && b % 2 === 0 ? '$share/g/ä' : '',
      };
    });
    const sessions = keys.filter((key) => this.model.recipients.get(key)?.kind === 'session');
    const session = hasOrigin ? sessions[c % (sessions.length || 1)] : undefined;
    const origin = session === undefined ? undefined : { session, id: packetId(1 + (a % 20)) };
    this.writer.append(id, message, recipients, origin);
    if (origin !== undefined) this.model.recipients.get(origin.session)?.exactlyOnceIds.add(origin.id);
    if (recipients.length > 0) this.model.owners.set(id, recipients.length);
    for (const { key, ...delivery } of recipients) {
      const owed: Owed = { delivery: { messageId: id, message, ...delivery }, state: 'queued', packetId: 0 };
      this.model.recipients.get(key)?.owed.set(id, owed);
    }
  }

  private message(id: number, c: number): Message {
    const payload = new Uint8Array(c % 7 === 0 ? 100 + (c % 50) : 3).fill(id);
    return {
      topic: `t/${id % 3}`,
      payload,
      qos: 1,
      retain: c % 11 === 0,
      properties: NO_MESSAGE_PROPERTIES,
      expiresAt: undefined,
    };
  }

  private settle(a: number, b: number): void {
    const [key, recipient] = this.pick(a);
    const ids = Array.from(recipient?.owed.keys() ?? []);
    const id = ids[b % (ids.length || 1)];
    if (recipient === undefined || id === undefined) return;
    this.writer.settle(key, id);
    recipient.owed.delete(id);
    recipient.sent = recipient.sent.filter((each) => each !== id);
    recipient.received = recipient.received.filter((each) => each !== id);
    this.release1(id);
  }

  private release1(id: number): void {
    const left = (this.model.owners.get(id) ?? 0) - 1;
    if (left === 0) this.model.owners.delete(id);
    else this.model.owners.set(id, left);
  }

  private send(a: number, b: number): void {
    const [key, recipient] = this.pick(a);
    if (recipient?.kind !== 'session') return;
    const waiting = Array.from(recipient.owed.values()).filter((owed) => owed.state === 'queued');
    const owed = waiting[b % (waiting.length || 1)];
    if (owed === undefined) return;
    const { messageId, qos } = owed.delivery;
    owed.packetId = this.takePacketId(b);
    owed.state = qos === 1 ? 'awaiting-puback' : 'awaiting-pubrec';
    this.writer.recordSending(key, messageId, owed.packetId);
    recipient.sent.push(messageId);
  }

  /** After a resume, under another identifier. */
  private sendAgain(a: number, b: number): void {
    const [key, recipient] = this.pick(a);
    const id = recipient?.sent[b % (recipient.sent.length || 1)];
    const owed = id === undefined ? undefined : recipient?.owed.get(id);
    if (id === undefined || owed === undefined) return;
    owed.packetId = this.takePacketId(b);
    this.writer.recordSending(key, id, owed.packetId);
  }

  /** Identifiers that follow each other, and some that do not. */
  private takePacketId(b: number): number {
    this.nextPacketId = (this.nextPacketId % 65_000) + 1 + (b % 3 === 2 ? 5 : 0);
    return this.nextPacketId;
  }

  private receive(a: number, b: number): void {
    const [key, recipient] = this.pick(a);
    const sent = recipient?.sent.filter((id) => recipient.owed.get(id)?.state === 'awaiting-pubrec') ?? [];
    const id = sent[b % (sent.length || 1)];
    const owed = id === undefined ? undefined : recipient?.owed.get(id);
    if (recipient === undefined || id === undefined || owed === undefined) return;
    this.writer.recordReceived(key, id);
    owed.state = 'awaiting-pubcomp';
    recipient.sent = recipient.sent.filter((each) => each !== id);
    recipient.received.push(id);
  }

  private release(a: number, b: number): void {
    const [key, recipient] = this.pick(a);
    const ids = Array.from(recipient?.exactlyOnceIds ?? []);
    const id = ids[b % (ids.length || 1)];
    if (recipient === undefined || id === undefined) return;
    this.writer.recordReleased(key, id);
    recipient.exactlyOnceIds.delete(id);
  }

  private subscribe(kind: 'subscribe' | 'unsubscribe', a: number, b: number, identifier: number): void {
    const [key, recipient] = this.pick(a);
    if (recipient?.kind !== 'session') return;
    const filter = `f/${b % 3}/#`;
    if (kind === 'unsubscribe') {
      this.writer.deleteSubscription(key, filter);
      recipient.subscriptions.delete(filter);
      return;
    }
    const options = { qos: 1, noLocal: false, retainAsPublished: true, retainHandling: 2 } as const;
    this.writer.saveSubscription(key, { filter, options, identifier });
    recipient.subscriptions.set(filter, identifier);
  }

  private retain(kind: 'retain' | 'clear-retained', a: number, b: number): void {
    const topic = `r/${a % 5}`;
    if (kind === 'clear-retained') {
      this.writer.deleteRetained(topic);
      this.model.retained.delete(topic);
      return;
    }
    const message = { ...this.message(b, b), topic };
    this.writer.saveRetained(message);
    this.model.retained.set(topic, contentOf(message));
  }

  private setWill(kind: 'will' | 'clear-will', a: number, b: number): void {
    const [known, recipient] = this.pick(a);
    // Some are of sessions that are not stored.
    const key = recipient?.kind !== 'session' || a % 3 === 0 ? this.nextKey++ : known;
    if (kind === 'clear-will') {
      this.writer.deleteWill(key);
      this.model.wills.delete(key);
      return;
    }
    const { topic, payload, properties } = this.message(b, b);
    const will = { topic, payload, qos: 1, retain: false, delayInterval: b, properties } as const;
    this.writer.saveWill(key, { clientId: `c${key}`, principal: 'p', will });
    this.model.wills.set(key, `c${key} ${b}`);
    this.model.keyMax = Math.max(this.model.keyMax, key);
  }

  private commit(): void {
    this.engine.apply(this.writer.seal(new Uint8Array(64)));
    this.committed = structuredClone(this.model);
    this.checkCounts();
  }

  private read(a: number, b: number, c: number): void {
    this.commit();
    const [key, recipient] = this.pick(a);
    if (recipient === undefined) return;
    const ids = [0, ...recipient.owed.keys(), this.nextId];
    this.checkRead(key, ids[b % ids.length] ?? 0, 1 + (c % 5), c % 2 === 0 ? 1_000_000 : c);
  }

  /** The process ends here: what is in the files then is found by another one. What was not applied never was. */
  private crash(a: number): void {
    if (a % 2 === 0) this.commit();
    this.model = structuredClone(this.committed);
    const copy = this.newFile();
    for (const suffix of ['', '-wal'])
      if (existsSync(this.file + suffix)) copyFileSync(this.file + suffix, copy + suffix);
    this.dispose();
    this.file = copy;
    this.checkFile();
    this.engine = this.open();
    this.recover();
  }

  /** What a tool finds wrong that looks at everything: nothing. */
  private checkFile(): void {
    const view = new StoreView(this.file, (fault) => {
      throw fault;
    });
    checkRows(view, () => {});
    view.close();
  }

  private newFile(): string {
    const directory = path.join(this.root, String(this.directories++));
    mkdirSync(directory);
    return path.join(directory, 'vouch.db');
  }

  private open(): Engine {
    // What is asked of the disk is the same with 'full', but for the sync, and that takes time.
    const { file } = this;
    return Engine.open({ file, tuning: SMALL_TUNING, synchronous: 'normal', bytesMax: 0, monotonic: () => millis(0) });
  }

  /** Compares what a start finds with the model. */
  private recover(): void {
    const recovery = new RecoveryReader(STILL_CLOCK, millis(1000), new BodyReader());
    const retained: (readonly [string, string])[] = [];
    const shares: number[] = [];
    const numbers = this.engine.recover({
      found: (chunk) => retained.push(...recovery.take(chunk).map((each) => [each.topic, contentOf(each)] as const)),
      progress: (share) => shares.push(share),
    });
    const found = recovery.finish(numbers);
    const { model } = this;
    assert.deepEqual(new Map(retained), model.retained);
    assert.deepEqual(
      new Map(found.wills.map(({ key, clientId, will }) => [key, `${clientId} ${will.delayInterval}`])),
      model.wills,
    );
    assert.deepEqual(
      new Map(found.groups.map(({ record, queue }) => [record.key, { name: record.filter, queue }])),
      new Map(this.recipientsOf('group').map(([key, each]) => [key, { name: each.name, queue: queueOf(each) }])),
    );
    assert.deepEqual(
      new Map(found.sessions.map((each) => [each.record.key, sessionForm(each)])),
      new Map(this.recipientsOf('session').map(([key, each]) => [key, modelForm(each)])),
    );
    assert.equal(found.recipientKeyMax, model.keyMax);
    assert.ok(found.messageIdMax >= Math.max(0, ...model.owners.keys()), 'no message has a higher number');
    this.nextKey = numbers.recipientKeyMax + 1;
    this.nextId = numbers.messageIdMax + 1;
    this.writer = new ChangeWriter(true);
    for (const { record } of found.groups) this.writer.knowGroup(record.key);
    this.checkCounts();
    for (const key of model.recipients.keys()) this.checkRead(key, 0, 3, 1_000_000);
  }

  private recipientsOf(kind: 'session' | 'group'): [number, ModelRecipient][] {
    return Array.from(this.model.recipients).filter(([, recipient]) => recipient.kind === kind);
  }

  private checkCounts(): void {
    const { sessions, groups, retained, wills, messages, deliveries } = this.engine.statistics();
    const owed = Array.from(this.model.recipients.values()).reduce((sum, each) => sum + each.owed.size, 0);
    const { model } = this;
    assert.deepEqual(
      { sessions, groups, retained, wills },
      {
        sessions: this.recipientsOf('session').length,
        groups: this.recipientsOf('group').length,
        retained: model.retained.size,
        wills: model.wills.size,
      },
    );
    // What ended recipients were owed is given up over time.
    assert.ok(messages >= model.owners.size && deliveries >= owed, 'nothing that is owed is given up');
  }

  /** When all background work is done, the table has the messages that are owed, and no others. */
  private checkRows(): void {
    const database = new DatabaseSync(this.file);
    const ids = database
      .prepare('SELECT id FROM message ORDER BY id')
      .all()
      .map((row) => row['id']);
    assert.deepEqual(
      ids,
      Array.from(this.model.owners.keys()).sort((x, y) => x - y),
    );
    assert.deepEqual(database.prepare('SELECT * FROM ending').all(), []);
    const recipients = database.prepare('SELECT recipient FROM page UNION SELECT recipient FROM progress').all();
    for (const { recipient } of recipients)
      assert.ok(this.model.recipients.has(Number(recipient)), 'no row is left over');
    database.close();
    const { messages, deliveries } = this.engine.statistics();
    assert.equal(messages, this.model.owners.size);
    assert.equal(
      deliveries,
      Array.from(this.model.owners.values()).reduce((sum, count) => sum + count, 0),
    );
  }

  private checkRead(key: number, after: number, messagesMax: number, bytesMax: number): void {
    const page = this.engine.read(key, after, messagesMax, bytesMax);
    assert.ok(page !== undefined, 'a recipient that is there can be read');
    const found = readPage(page.deliveries, new BodyReader(), 0);
    const recipient = this.model.recipients.get(key);
    const waiting = Array.from(recipient?.owed.values() ?? []).filter((owed) => owed.state === 'queued');
    const newer = waiting.map((owed) => owed.delivery).filter((delivery) => delivery.messageId > after);
    const expected: QueuedDelivery[] = [];
    let bytes = 0;
    for (const delivery of newer) {
      bytes += delivery.message.payload.length;
      if (expected.length > 0 && (expected.length >= messagesMax || bytes > bytesMax)) break;
      expected.push(delivery);
    }
    assert.deepEqual(found.map(deliveryForm), expected.map(deliveryForm));
    assert.equal(page.isLast, expected.length === newer.length);
  }

  private pick(a: number): readonly [number, ModelRecipient | undefined] {
    const keys = Array.from(this.model.recipients.keys());
    const key = keys[a % (keys.length || 1)] ?? 0;
    return [key, this.model.recipients.get(key)];
  }
}
