// Packet identifiers and DUP. Each side gives an identifier to one flow at a time [MQTT-2.2.1-3] [MQTT-2.2.1-4], over all connections of the session:
// from PUBLISH to PUBACK or PUBCOMP, from SUBSCRIBE to SUBACK. A PUBLISH is sent again only on a new connection of a resumed
// session [MQTT-4.4.0-1], under its identifier, with DUP [MQTT-3.3.1-1], in its order [MQTT-4.6.0-1], and never after PUBREL [MQTT-4.3.3-6].
// DUP is set on nothing else: not on QoS 0 [MQTT-3.3.1-2], not where nothing can have been sent before.
//
// What a crash of the sender may undo: which identifier a QoS 1 message had (it is recorded without waiting), and that an
// acknowledgement has come. A client without a store forgets everything with its process.

import type { Packet, PublishPacket } from '../../src/packet/packet.ts';
import type { History, WirePacket } from '../history.ts';
import { type Digest, digestOf } from './digest.ts';
import { covers } from './filters.ts';
import { NEVER, type SessionSpan } from './session-span.ts';
import type { Violation } from './violation.ts';
import type { WireConnection } from './wire-connection.ts';

const CHECKER = 'packet-ids';

/** What an identifier is in use for. */
interface Use {
  readonly kind: 'publish' | 'request';
  readonly label: string;
  readonly qos: number;
  /** The last connection on which it was sent. */
  connection: number;
  /** The place of its first PUBLISH among those of its QoS. */
  readonly ordinal: number;
  /** PUBREC came, PUBREL was sent. */
  isReceived: boolean;
  isReleased: boolean;
  /** PUBREC came before a crash, which may have undone that, or not. */
  mayBeReceived: boolean;
  /** The session is new, and the sender may have counted it as received: its identifier may be given to another. */
  mayBeOver: boolean;
  /** The place of its last acknowledgement; NEVER. */
  overAt: number;
}

/** The identifiers that one side has given out in one session. */
class Book {
  /** Of the sender's process. */
  life: number;
  readonly open: Map<number, Use>;
  /** What was finished before the last crash, which the sender may not know any more. */
  readonly undone: Map<number, Use[]>;
  /** What was finished since. */
  readonly done: Map<number, Use[]>;
  ordinal: number;
  /** Of the latest PUBLISH on a connection, by QoS. */
  connection: number;
  latest: [number, number, number];

  constructor(life: number) {
    this.life = life;
    this.open = new Map();
    this.undone = new Map();
    this.done = new Map();
    this.ordinal = 0;
    this.connection = 0;
    this.latest = [0, 0, 0];
  }

  /** A new connection: nothing answers the requests of the last one. */
  reconnected(connection: number): void {
    this.connection = connection;
    this.latest = [0, 0, 0];
    for (const [id, { kind }] of this.open) if (kind === 'request') this.open.delete(id);
  }

  /** The sender was killed, and goes on with what is on its disk. */
  crashed(): void {
    for (const [id, uses] of this.done) add(this.undone, id, ...uses);
    this.done.clear();
    for (const [id, use] of this.open) {
      if (use.kind === 'request') this.open.delete(id);
      else if (use.qos === 1) {
        this.open.delete(id);
        add(this.undone, id, use);
      } else {
        // That PUBREC came, it may have forgotten, unless PUBREL was sent.
        use.mayBeReceived ||= use.isReceived;
        use.isReceived = use.isReleased;
      }
    }
  }
}

/** Checks what both sides send. */
export function packetIds(history: History): readonly Violation[] {
  return new Auditor(digestOf(history)).audit();
}

class Auditor {
  private readonly digest: Digest;
  private readonly found: Violation[];
  /** Of the broker, by session; of clients, by name. */
  private readonly books: Map<string | SessionSpan, Book>;

  constructor(digest: Digest) {
    this.digest = digest;
    this.found = [];
    this.books = new Map();
  }

  audit(): readonly Violation[] {
    for (const { isSent, side, connection, wire, at, place } of this.digest.wires) {
      if (connection.isIntruder && side === 'client') continue;
      if (isSent) this.sent(side, connection, wire, at);
      else this.came(side, connection, wire.packet, place);
    }
    return this.found;
  }

  /** The book of a side, as it is in the life of its process that has this connection. */
  private bookOf(by: 'client' | 'broker', connection: WireConnection): Book | undefined {
    const key = by === 'client' ? connection.client : connection.span;
    if (key === undefined) return undefined;
    const life = by === 'client' ? connection.clientLife : connection.brokerLife;
    let book = this.books.get(key);
    if (
      book === undefined ||
      (book.life !== life && by === 'client' && this.digest.client(connection.client).isForgetful)
    ) {
      book = new Book(life);
      this.books.set(key, book);
    }
    if (book.life !== life) {
      if (by === 'client' || this.isLostBetween(book.life, life)) book.crashed();
      book.life = life;
    }
    if (book.connection !== connection.number) book.reconnected(connection.number);
    return book;
  }

  private isLostBetween(from: number, to: number): boolean {
    for (let life = from; life < to; life++) if (this.digest.isLost(life)) return true;
    return false;
  }

  private sent(by: 'client' | 'broker', connection: WireConnection, wire: WirePacket, at: number): void {
    const { packet } = wire;
    if (
      packet.kind !== 'publish' &&
      packet.kind !== 'subscribe' &&
      packet.kind !== 'unsubscribe' &&
      packet.kind !== 'pubrel'
    )
      return;
    const who = by === 'broker' ? `The broker, to ${connection.client},` : connection.client;
    const say = (what: string): void => {
      this.found.push({ checker: CHECKER, sentence: `${who} ${what} (connection ${connection.number}).`, at });
    };
    if (packet.kind === 'publish') {
      if (packet.qos > 0) this.published(by, connection, wire, packet, say);
      // [MQTT-3.3.1-2]
      else if (packet.dup) say(`sent ${wire.label} with DUP and QoS 0`);
    } else if (packet.kind === 'subscribe' || packet.kind === 'unsubscribe') {
      const book = this.bookOf(by, connection);
      const known = book?.open.get(packet.id);
      if (known !== undefined && !this.mayBeGivenUp(by, connection, known)) {
        say(`sent ${packet.kind.toUpperCase()} ${packet.id}, which is ${nameOf(known)}'s`);
      }
      book?.open.set(packet.id, request(connection.number));
    } else if (packet.kind === 'pubrel') {
      const use = this.bookOf(by, connection)?.open.get(packet.id);
      if (use !== undefined) use.isReleased = true;
    }
  }

  private published(
    by: 'client' | 'broker',
    connection: WireConnection,
    wire: WirePacket,
    packet: PublishPacket,
    say: (what: string) => void,
  ): void {
    const { label, topic } = wire;
    const { qos, dup } = packet;
    const book = this.bookOf(by, connection);
    const id: number = packet.id ?? 0;
    if (book === undefined) return;
    const known = book.open.get(id) ?? (dup ? this.undoneUse(book, id, by, connection, wire, packet) : undefined);
    const what = `sent ${label === '' ? `an empty message to ${topic}` : label} under the identifier ${id}`;
    const isSame = known?.kind === 'publish' && known.label === label && known.qos === qos;
    if (known !== undefined && !isSame && !this.mayBeGivenUp(by, connection, known)) {
      say(`${what}, which is ${nameOf(known)}'s`);
    }
    const use =
      known !== undefined && isSame ? known : { ...publishing(label, qos, connection.number), ordinal: ++book.ordinal };
    if (use === known) this.judgeRepeat(connection, known, dup, say, what);
    else if (dup && !this.mayBeRepeat(by, connection, label))
      say(`${what} with DUP, though it cannot have been sent before`);
    use.connection = connection.number;
    use.mayBeOver = false;
    book.open.set(id, use);
    judgeOrder(book, use, say, what);
  }

  private judgeRepeat(
    connection: WireConnection,
    use: Use,
    dup: boolean,
    say: (what: string) => void,
    what: string,
  ): void {
    if (use.connection === connection.number) say(`${what} twice on one connection`);
    else if (use.isReleased) say(`${what} again, after its PUBREL`);
    else if (use.isReceived) say(`${what} again, though its PUBREC had come`);
    else if (!dup && connection.connack?.sessionPresent === true) say(`${what} again, without DUP`);
    else if (dup && connection.connack?.sessionPresent !== true) say(`${what} with DUP in a new session`);
  }

  /** What was finished, or was QoS 1, before a crash may be sent again under its identifier. Of two copies of one message, either. */
  private undoneUse(
    book: Book,
    id: number,
    by: 'client' | 'broker',
    connection: WireConnection,
    { label, topic }: WirePacket,
    { qos, retain }: PublishPacket,
  ): Use | undefined {
    const uses = book.undone.get(id) ?? [];
    const latest = book.latest[qos] ?? 0;
    const fitting = uses.filter((use) => {
      if (use.label !== label || use.qos !== qos) return false;
      // It would be wrong as a repetition, and need not be one.
      const isWrong = use.isReleased || use.ordinal < latest;
      return !(isWrong && this.mayBeAnother(use, by, connection, label, topic, retain));
    });
    const next = fitting.find(({ ordinal }) => ordinal >= latest) ?? fitting.at(-1);
    if (next !== undefined) uses.splice(uses.indexOf(next), 1);
    return next;
  }

  /**
   * With DUP comes, after a crash, also what had its identifier on the disk and had not left before: nobody has seen its first PUBLISH. It may be another
   * delivery of the same name: every life of a client has one name for all its Wills, empty messages have none, a member of a shared
   * subscription may have a copy for that and one for its own, and each SUBSCRIBE that came since brings its own copy of a retained
   * message, with RETAIN.
   */
  private mayBeAnother(
    use: Use,
    by: 'client' | 'broker',
    { span }: WireConnection,
    label: string,
    topic: string,
    retain: boolean,
  ): boolean {
    if (label === '' || this.digest.messages.get(label)?.isWill === true) return true;
    if (by === 'client' || span === undefined) return false;
    if (waysTo(span, topic) > 1) return true;
    if (!retain) return false;
    return span.subscriptions.some(
      ({ filter, isShared, options, possibleFrom }) =>
        !isShared && options.retainHandling !== 2 && possibleFrom > use.overAt && covers(filter, topic),
    );
  }

  /** A flow that ends without a packet: the client has heard that its session is gone; the broker found it too large for the client. */
  private mayBeGivenUp(
    by: 'client' | 'broker',
    connection: WireConnection,
    { connection: last, mayBeOver }: Use,
  ): boolean {
    if (mayBeOver) return true;
    if (by === 'client') return connection.connack?.sessionPresent !== true && last !== connection.number;
    return this.digest.client(connection.client).drops.some(({ reason }) => reason === 'too-large');
  }

  /** Something may have been sent on an earlier connection of this session. */
  private mayBeRepeat(by: 'client' | 'broker', connection: WireConnection, label: string): boolean {
    if (connection.connack?.sessionPresent !== true) return false;
    if (label === '') return true;
    const message = this.digest.messages.get(label);
    const place = by === 'client' ? message?.place : message?.acceptances[0]?.place;
    return (place ?? NEVER) < (by === 'client' ? connection.connackCame : connection.connackSent);
  }

  private came(to: 'client' | 'broker', connection: WireConnection, packet: Packet, place: number): void {
    switch (packet.kind) {
      case 'puback':
      case 'pubcomp':
      case 'suback':
      case 'unsuback':
        return this.close(this.bookOf(to, connection), packet.id, packet.kind, place);
      case 'pubrec': {
        const book = this.bookOf(to, connection);
        const use = book?.open.get(packet.id);
        if (packet.reasonCode >= 0x80) this.close(book, packet.id, packet.kind, place);
        else if (use?.qos === 2) use.isReceived = true;
        break;
      }
      case 'connack':
        if (!packet.sessionPresent) this.sessionLost(connection);
        break;
      default:
    }
  }

  private close(book: Book | undefined, id: number, kind: Packet['kind'], place: number): void {
    const use = book?.open.get(id);
    const isRequest = kind === 'suback' || kind === 'unsuback';
    if (book === undefined || use === undefined || (use.kind === 'request') !== isRequest) return;
    if (kind === 'puback' && use.qos !== 1) return;
    if ((kind === 'pubcomp' || kind === 'pubrec') && use.qos !== 2) return;
    book.open.delete(id);
    use.overAt = place;
    if (!isRequest) add(book.done, id, use);
  }

  /** The client hears that it has a new session: what was past PUBREC is over, the rest is sent as new. */
  private sessionLost(connection: WireConnection): void {
    const book = this.bookOf('client', connection);
    if (book === undefined) return;
    // Who would rather have ambiguous messages rejected has given them up.
    const isGivenUp = this.digest.client(connection.client).plan?.onAmbiguous === 'reject';
    for (const [id, use] of book.open) {
      if (use.isReceived || use.isReleased || (isGivenUp && use.qos === 2)) book.open.delete(id);
      else if (use.mayBeReceived) use.mayBeOver = true;
    }
    book.done.clear();
    book.undone.clear();
  }
}

/** How many copies of a message on a topic a session may get: one for each shared subscription, and one for all of its own. */
function waysTo({ subscriptions }: SessionSpan, topic: string): number {
  const matching = subscriptions.filter(({ filter }) => covers(filter, topic));
  const groups = new Set(matching.filter(({ isShared }) => isShared).map(({ filter }) => filter));
  return groups.size + (matching.some(({ isShared }) => !isShared) ? 1 : 0);
}

/** [MQTT-4.6.0-1] The first time and every other time in one order. */
function judgeOrder(book: Book, use: Use, say: (what: string) => void, what: string): void {
  const { ordinal, qos } = use;
  if (ordinal < (book.latest[qos] ?? 0)) say(`${what} after messages that it had sent later`);
  book.latest[qos] = ordinal;
}

function add(uses: Map<number, Use[]>, id: number, ...more: readonly Use[]): void {
  const known = uses.get(id);
  if (known === undefined) uses.set(id, [...more]);
  else known.push(...more);
}

function publishing(label: string, qos: number, connection: number): Omit<Use, 'ordinal'> {
  return {
    kind: 'publish',
    label,
    qos,
    connection,
    isReceived: false,
    isReleased: false,
    mayBeReceived: false,
    mayBeOver: false,
    overAt: NEVER,
  };
}

function request(connection: number): Use {
  return {
    kind: 'request',
    label: '',
    qos: 0,
    connection,
    ordinal: 0,
    isReceived: false,
    isReleased: false,
    mayBeReceived: false,
    mayBeOver: false,
    overAt: NEVER,
  };
}

function nameOf(use: Use): string {
  return use.kind === 'request' ? 'a request' : use.label === '' ? 'an empty message' : use.label;
}
