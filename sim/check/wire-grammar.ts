// What each connection must look like, packet by packet: CONNECT and CONNACK first and once, DISCONNECT last, one answer to each packet that has one and none
// to others, on the connection that carried it; answers in the order in which their causes came [MQTT-4.6.0-2] [MQTT-4.6.0-3]
// [MQTT-4.6.0-4] (both sides promise more than that: PUBACK and PUBREC in one order, the broker all its answers, commit.ts); PUBREL only for what has had its PUBREC; no topic alias that was not given on this connection; and whoever stays until the end has every answer.
// This is one file, and gives the checkers `wire-grammar` and `ack-order`, since both read the same lines.

import type { Packet } from '../../src/packet/packet.ts';
import type { History } from '../history.ts';
import { type Digest, digestOf } from './digest.ts';
import { NEVER } from './session-span.ts';
import type { Checker, Violation } from './violation.ts';
import type { WireConnection } from './wire-connection.ts';

type Side = 'client' | 'broker';

/** A packet that one side has got and must answer. */
interface Owed {
  readonly answer: Packet['kind'];
  readonly id: number;
  /** How many reason codes. */
  readonly codes: number;
  /** One behind it was sent. */
  isSkipped: boolean;
}

/** What one side of a connection has sent and owes. */
class Party {
  hasBegun: boolean;
  hasEnded: boolean;
  /** In the order in which it came: PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK. */
  readonly answers: Owed[];
  /** PUBREC came: PUBREL is owed. */
  readonly releases: number[];
  /** PINGREQ came. */
  pings: number;
  /** Released already on this connection. */
  readonly released: Set<number>;
  readonly aliases: Set<number>;

  constructor() {
    this.hasBegun = false;
    this.hasEnded = false;
    this.answers = [];
    this.releases = [];
    this.pings = 0;
    this.released = new Set();
    this.aliases = new Set();
  }
}

interface Line {
  readonly connection: WireConnection;
  readonly client: Party;
  readonly broker: Party;
}

/** Checks what is sent on each connection, but for the order of acknowledgements. */
export const wireGrammar: Checker = (history) => read(history).filter(({ checker }) => checker === 'wire-grammar');

/** Checks the order of acknowledgements on each connection. */
export const ackOrder: Checker = (history) => read(history).filter(({ checker }) => checker === 'ack-order');

let latest: { readonly history: History; readonly found: readonly Violation[] } | undefined;

function read(history: History): readonly Violation[] {
  if (latest?.history !== history) latest = { history, found: new Reader(digestOf(history)).read() };
  return latest.found;
}

/** Reads all wires. */
class Reader {
  private readonly digest: Digest;
  private readonly lines: Map<WireConnection, Line>;
  private readonly found: Violation[];

  constructor(digest: Digest) {
    this.digest = digest;
    this.lines = new Map();
    this.found = [];
  }

  read(): readonly Violation[] {
    for (const { isSent, side, connection, wire, at } of this.digest.wires) {
      const line = this.line(connection);
      if (isSent) this.sent(line, side, wire.packet, at);
      else came(line[side], wire.packet);
    }
    for (const line of this.lines.values()) this.judgeEnd(line);
    return this.found;
  }

  private line(connection: WireConnection): Line {
    const known = this.lines.get(connection);
    if (known !== undefined) return known;
    const line = { connection, client: new Party(), broker: new Party() };
    this.lines.set(connection, line);
    return line;
  }

  private sent(line: Line, by: Side, packet: Packet, at: number): void {
    const party = line[by];
    this.judgeFrame(line, by, party, packet, at);
    switch (packet.kind) {
      case 'puback':
      case 'pubrec':
      case 'pubcomp':
      case 'suback':
      case 'unsuback':
        return this.judgeAnswer(line, by, party, packet, at);
      case 'pubrel':
        return this.judgeRelease(line, by, party, packet.id, at);
      case 'publish':
        return this.judgeAlias(line, by, party, packet, at);
      case 'pingresp':
        if (party.pings === 0) this.say(line, by, 'sent PINGRESP, though no PINGREQ had come', at);
        party.pings--;
        break;
      default:
    }
  }

  /** First and last packets. */
  private judgeFrame(line: Line, by: Side, party: Party, { kind }: Packet, at: number): void {
    const first = by === 'client' ? 'connect' : 'connack';
    const name = kind.toUpperCase();
    if (!party.hasBegun && kind !== first) {
      // [MQTT-3.1.0-1] [MQTT-3.2.0-1]
      this.say(line, by, `sent ${name} first`, at);
    } else if (party.hasBegun && kind === first) {
      // [MQTT-3.1.0-2] [MQTT-3.2.0-2]
      this.say(line, by, `sent ${name} twice`, at);
    }
    // [MQTT-3.14.4-1]
    if (party.hasEnded) this.say(line, by, `sent ${name} after its DISCONNECT`, at);
    party.hasBegun = true;
    if (kind !== 'disconnect') return;
    party.hasEnded = true;
    if (by === 'broker' && line.connection.version < 5) this.say(line, by, 'sent DISCONNECT to a client of MQTT 3', at);
  }

  private judgeAnswer(
    line: Line,
    by: Side,
    { answers }: Party,
    packet: Extract<Packet, { kind: 'puback' | 'pubrec' | 'pubcomp' | 'suback' | 'unsuback' }>,
    at: number,
  ): void {
    const { kind, id } = packet;
    const lane = laneOf(by, kind);
    const inLane = answers.filter((owed) => laneOf(by, owed.answer) === lane);
    const place = answers.findIndex((each) => each.answer === kind && each.id === id);
    const name = `${kind.toUpperCase()} ${id}`;
    if (place < 0) return this.say(line, by, `sent ${name}, which answers nothing that came on this connection`, at);
    const [owed] = answers.splice(place, 1);
    if (owed === undefined) return;
    const before = inLane.find((each) => !each.isSkipped);
    if (owed.isSkipped || (before !== owed && !this.mayBeRefused(line, by, inLane, owed))) {
      this.say(
        line,
        by,
        `sent ${name} out of turn: ${before?.answer.toUpperCase()} ${before?.id} was due`,
        at,
        'ack-order',
      );
    }
    if (kind !== 'suback' && kind !== 'unsuback') return;
    if (packet.reasonCodes.length === owed.codes) return;
    // [MQTT-3.9.3-1] [MQTT-3.11.3-1]; UNSUBACK of 3.x has no codes.
    if (kind === 'unsuback' && line.connection.version < 5) return;
    this.say(
      line,
      by,
      `sent ${name} with ${packet.reasonCodes.length} reason codes for ${owed.codes} topic filters`,
      at,
    );
  }

  /** 3.x has no word for a refusal: what is not answered in its turn must never be. */
  private mayBeRefused({ connection }: Line, by: Side, answers: readonly Owed[], until: Owed): boolean {
    if (by === 'client' || connection.version === 5) return false;
    const before = answers.slice(0, answers.indexOf(until));
    for (const each of before) {
      if (each.answer !== 'puback' && each.answer !== 'pubrec') return false;
      each.isSkipped = true;
    }
    return true;
  }

  /** PUBREL answers a PUBREC of this connection, or is sent again after a resume. */
  private judgeRelease(line: Line, by: Side, party: Party, id: number, at: number): void {
    const { releases, released } = party;
    const place = releases.indexOf(id);
    if (place >= 0) {
      releases.splice(place, 1);
      if (place > 0) {
        const sentence = `sent PUBREL ${id} before PUBREL ${releases[0]}, whose PUBREC had come earlier [MQTT-4.6.0-4]`;
        this.say(line, by, sentence, at, 'ack-order');
      }
    } else if (released.has(id)) this.say(line, by, `sent PUBREL ${id} twice`, at);
    else if (line.connection.connack?.sessionPresent !== true) {
      this.say(line, by, `sent PUBREL ${id} in a new session, though no PUBREC had come`, at);
    }
    released.add(id);
  }

  private judgeAlias(
    line: Line,
    by: Side,
    { aliases }: Party,
    { topic, topicAlias }: Extract<Packet, { kind: 'publish' }>,
    at: number,
  ): void {
    if (topicAlias === 0) {
      if (topic === '') this.say(line, by, 'sent PUBLISH without a topic', at);
      return;
    }
    const { request, connack } = line.connection;
    const maximum = by === 'broker' ? request?.properties.topicAliasMaximum : connack?.properties.topicAliasMaximum;
    // [MQTT-3.3.2-9] [MQTT-3.3.2-11]
    if (topicAlias > (maximum ?? 0)) {
      this.say(line, by, `used the topic alias ${topicAlias}; ${maximum ?? 0} is the highest allowed`, at);
    }
    // [MQTT-3.3.2-7]
    if (topic !== '') aliases.add(topicAlias);
    else if (!aliases.has(topicAlias)) {
      this.say(line, by, `used the topic alias ${topicAlias}, which it had not given on this connection`, at);
    }
  }

  /** Who stays has every answer. */
  private judgeEnd({ connection, client, broker }: Line): void {
    if (connection.over !== NEVER || connection.clientOver !== NEVER || !connection.isAccepted) return;
    const line = { connection, client, broker };
    const { endAt } = this.digest;
    for (const by of ['client', 'broker'] as const) {
      const { answers, releases } = line[by];
      const [owed] = answers;
      // A refusal of 3.x is silence, and the end of the connection; who waits for a full inbox is no fault.
      if (owed !== undefined) this.say(line, by, `never sent ${owed.answer.toUpperCase()} ${owed.id}`, endAt);
      if (releases.length > 0) this.say(line, by, `never sent PUBREL ${releases[0]}`, endAt);
    }
  }

  private say({ connection }: Line, by: Side, what: string, at: number, checker = 'wire-grammar'): void {
    const who = by === 'broker' ? `The broker` : connection.client;
    this.found.push({
      checker,
      sentence: `${who} ${what} (connection ${connection.number}, ${connection.client}).`,
      at,
    });
  }
}

/** Answers that leave in the order of their causes. A client answers PUBREL while it has yet to say what it makes of messages. */
function laneOf(by: Side, kind: Packet['kind']): string {
  return by === 'client' && kind === 'pubcomp' ? 'pubcomp' : 'all';
}

/** What comes asks for an answer, perhaps. */
function came(party: Party, packet: Packet): void {
  switch (packet.kind) {
    case 'publish':
      if (packet.qos > 0) {
        party.answers.push({
          answer: packet.qos === 1 ? 'puback' : 'pubrec',
          id: packet.id ?? 0,
          codes: 0,
          isSkipped: false,
        });
      }
      return;
    case 'pubrec':
      if (packet.reasonCode < 0x80) party.releases.push(packet.id);
      return;
    case 'pubrel':
      party.answers.push({ answer: 'pubcomp', id: packet.id, codes: 0, isSkipped: false });
      return;
    case 'pubcomp':
      party.released.delete(packet.id);
      return;
    case 'subscribe':
      party.answers.push({ answer: 'suback', id: packet.id, codes: packet.subscriptions.length, isSkipped: false });
      return;
    case 'unsubscribe':
      party.answers.push({ answer: 'unsuback', id: packet.id, codes: packet.filters.length, isSkipped: false });
      return;
    case 'pingreq':
      party.pings++;
      break;
    default:
  }
}
