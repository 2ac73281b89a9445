// Somebody who sees what the broker has in hand: subscribed to everything with QoS 0, it gets a message as soon as the broker
// has routed it, committed or not. What the witness has seen and nobody has acknowledged waited for its commit.

import type { Packet } from '../../src/packet/packet.ts';
import { packetId } from '../../src/packet/packet-id.ts';
import type { Chronicle } from './chronicle.ts';
import { type Label, labelKey, readLabel } from './label.ts';
import { connectPacket, subscribePacket } from './packets.ts';
import { Wire } from './wire.ts';

/** A witness of one life of a broker after the other. */
export class Witness {
  private readonly filter: string;
  private readonly chronicle: Chronicle;
  private readonly seen: Set<string>;
  private wire: Wire | undefined;

  constructor(filter: string, chronicle: Chronicle) {
    this.filter = filter;
    this.chronicle = chronicle;
    this.seen = new Set();
    this.wire = undefined;
  }

  /** Watches this broker; what it saw of the one before is forgotten. */
  watch(port: number): void {
    this.wire?.cut();
    this.seen.clear();
    const wire = new Wire(port, 5, {
      receive: (packet) => this.receive(packet),
      lose: () => {
        if (this.wire === wire) this.wire = undefined;
      },
    });
    this.wire = wire;
    const choice = { version: 5, clean: true, isPersistent: false, receiveMaximum: undefined } as const;
    wire.send(connectPacket({ ...choice, clientId: 'witness' }));
    wire.send(subscribePacket(packetId(1), this.filter, { qos: 0, wantsRetained: false, identifier: undefined }));
  }

  /** Whether this broker has had the message in hand. */
  hasSeen(label: Label): boolean {
    return this.seen.has(labelKey(label));
  }

  /** Sees nothing more. */
  turnBlind(): void {
    this.wire = undefined;
  }

  private receive(packet: Packet): void {
    const label = packet.kind === 'publish' && this.wire !== undefined ? readLabel(packet.payload) : undefined;
    if (label === undefined) return;
    this.seen.add(labelKey(label));
    this.chronicle.tick();
  }
}
