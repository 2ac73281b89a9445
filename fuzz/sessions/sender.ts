// One of the two that are fuzzed: it sends whatever bytes it is given, on one connection after another, and can answer
// what it got by the book, so that handshakes go on behind the bytes that begin them.

import type { Packet } from '../../src/packet/packet.ts';
import { NO_REASON_PROPERTIES } from '../../src/packet/properties.ts';
import type { Accept } from '../../src/transport/contract.ts';
import { both, type Features, templateOf } from '../engine/features.ts';
import { bytesOf } from '../packets/ordinary.ts';
import { Watch } from './watch.ts';
import { Wire } from './wire.ts';

/** A connection and what is known of it. */
export class Sender {
  readonly wire: Wire;
  private readonly watch: Watch;
  private readonly features: Features;
  /** Deliveries that have come and were not answered. */
  private readonly unanswered: Packet[];
  private lastKind: number;

  constructor(accept: Accept, remote: string, published: ReadonlySet<string>, features: Features) {
    this.wire = new Wire(accept, remote);
    this.watch = new Watch(published);
    this.features = features;
    this.unanswered = [];
    this.lastKind = 0;
  }

  /** Lets bytes flow both ways; says whether some did. */
  exchange(): boolean {
    const hasFlown = this.wire.flow((bytes) => this.watch.noteSent(bytes));
    this.wire.read(this.watch.version);
    const { received, sizes } = this.wire;
    for (const [at, packet] of received.entries()) this.take(packet, sizes[at] ?? 0);
    received.length = 0;
    sizes.length = 0;
    return this.wire.confirmEnd() || hasFlown;
  }

  /** Answers so many of the deliveries that came, by the book. */
  answer(atMost: number): void {
    const answers = this.unanswered.splice(0, atMost).map(answerTo);
    if (answers.length > 0) this.wire.send(bytesOf(answers, this.watch.version));
  }

  private take(packet: Packet, size: number): void {
    this.watch.judge(packet, size);
    const kind = both(templateOf(packet.kind), this.watch.version);
    this.features.note(both(this.lastKind, kind));
    this.lastKind = kind;
    if ('reasonCode' in packet) this.features.note(both(kind, packet.reasonCode + 1));
    if (packet.kind === 'pubrec' || packet.kind === 'pubrel') this.unanswered.push(packet);
    else if (packet.kind === 'publish') {
      this.features.note(both(kind, 0x200 + packet.qos * 4 + (packet.dup ? 2 : 0) + (packet.retain ? 1 : 0)));
      if (packet.qos > 0) this.unanswered.push(packet);
    }
  }
}

function answerTo(packet: Packet): Packet {
  const rest = { reasonCode: 0, properties: NO_REASON_PROPERTIES };
  if (packet.kind === 'publish' && packet.id !== undefined)
    return { kind: packet.qos === 1 ? 'puback' : 'pubrec', id: packet.id, ...rest };
  if (packet.kind === 'pubrec') return { kind: 'pubrel', id: packet.id, ...rest };
  if (packet.kind === 'pubrel') return { kind: 'pubcomp', id: packet.id, ...rest };
  throw new TypeError(`${packet.kind} is no delivery.`);
}
