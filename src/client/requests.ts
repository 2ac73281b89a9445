// SUBSCRIBE and UNSUBSCRIBE packets that wait for their acknowledgement. They live as long as the
// connection: nothing answers them on another one.

import type { SubackPacket, UnsubackPacket } from '../packet/packet.ts';
import type { PacketId } from '../packet/packet-id.ts';
import { violation } from '../packet/protocol-error.ts';
import type { ProtocolVersion } from '../packet/protocol-version.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';

/** A request that was sent. */
interface Request {
  readonly answer: 'suback' | 'unsuback';
  /** How many topic filters it names. */
  readonly filterCount: number;
  readonly resolve: (reasonCodes: readonly ReasonCode[]) => void;
  readonly reject: (error: Error) => void;
}

/** The requests of one connection; at most one per packet identifier. */
export class Requests {
  private readonly version: ProtocolVersion;
  private readonly pending: Map<PacketId, Request>;

  constructor(version: ProtocolVersion) {
    this.version = version;
    this.pending = new Map();
  }

  /** Waits for the answer to a request that was sent: one Reason Code per topic filter, in order. */
  waitFor(answer: Request['answer'], id: PacketId, filterCount: number): Promise<readonly ReasonCode[]> {
    return new Promise((resolve, reject) => {
      this.pending.set(id, { answer, filterCount, resolve, reject });
    });
  }

  /**
   * An answer has come.
   * @throws {ProtocolError} when it answers nothing, or not all that was asked.
   */
  settle(packet: SubackPacket | UnsubackPacket): void {
    const { kind, id, reasonCodes } = packet;
    const request = this.pending.get(id);
    const name = kind.toUpperCase();
    // [MQTT-2.2.1-6]
    if (request?.answer !== kind)
      throw violation('MQTT-2.2.1-6', `${name} for packet identifier ${id}, which waits for none.`);
    // UNSUBACK of 3.x has no codes: that it came is success.
    const isPlain = kind === 'unsuback' && this.version !== 5;
    const codes = isPlain ? Array<ReasonCode>(request.filterCount).fill(Reason.success) : reasonCodes;
    if (codes.length !== request.filterCount) {
      const statement = kind === 'suback' ? 'MQTT-3.9.3-1' : 'MQTT-3.11.3-1';
      throw violation(statement, `${name} has ${codes.length} reason codes for ${request.filterCount} topic filters.`);
    }
    this.pending.delete(id);
    request.resolve(codes);
  }

  /** The connection is over: nothing will answer. */
  rejectAll(error: Error): void {
    const requests = Array.from(this.pending.values());
    this.pending.clear();
    for (const request of requests) request.reject(error);
  }
}
