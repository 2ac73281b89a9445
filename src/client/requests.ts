// SUBSCRIBE and UNSUBSCRIBE packets that wait for their acknowledgement, over connections: what was sent and not answered when one
// ends is sent again on the next, before what was asked later, so that the broker gets all requests in the order in which they were
// made. (Nothing answers a SUBSCRIBE on another connection, and to ask twice does no harm.) Renewals stand for what was granted before
// any of these was made, and go first: behind an UNSUBSCRIBE that has yet to be answered, one would undo it.
// A packet is made anew for each connection, since each broker has limits of its own.
// Bound: the application's; each request is a call of its that waits, or a subscription of its that is renewed.

import type { SubackPacket, SubscribePacket, UnsubackPacket, UnsubscribePacket } from '../packet/packet.ts';
import type { PacketId } from '../packet/packet-id.ts';
import { violation } from '../packet/protocol-error.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import type { Agreement } from './handshake.ts';

/** Makes the packet of a request, its packet identifier 0; throws what this broker has no place for. */
export type MakeRequest = (agreement: Agreement) => SubscribePacket | UnsubscribePacket;

/** Who stands behind the requests. */
export interface RequestsOwner {
  /** A packet identifier, if one is free. The owner takes it back when the answer has come, before `settle`. */
  lendId(): PacketId | undefined;
  send(packet: SubscribePacket | UnsubscribePacket): void;
}

/** A request somebody has made. */
interface Request {
  readonly make: MakeRequest;
  readonly resolve: (reasonCodes: readonly ReasonCode[]) => void;
  readonly reject: (error: unknown) => void;
  /** Ends listening to the signal. */
  readonly release: () => void;
  /** It is one of those that go first. */
  readonly isRenewal: boolean;
  /** Nobody waits any more. */
  isAbandoned: boolean;
}

/** A request that is on its way, and what must answer it. */
interface Sent {
  readonly request: Request;
  readonly answer: 'suback' | 'unsuback';
  /** How many topic filters it names. */
  readonly filterCount: number;
}

/** The requests of a client. */
export class Requests {
  private readonly owner: RequestsOwner;
  /** In order of `ask`, renewals first. */
  private waiting: Set<Request>;
  /** Why nothing is asked any more. */
  private error: Error | undefined;

  // As long as the connection:

  /** `undefined`: nobody is connected. */
  private agreement: Agreement | undefined;
  /** By packet identifier, in the order in which they were sent. */
  private readonly sent: Map<PacketId, Sent>;

  constructor(owner: RequestsOwner) {
    this.owner = owner;
    this.waiting = new Set();
    this.error = undefined;
    this.agreement = undefined;
    this.sent = new Map();
  }

  /** How many wait to be sent or answered. */
  get pendingCount(): number {
    return this.waiting.size + this.sent.size;
  }

  /**
   * Sends a request as soon as somebody is connected and an identifier is free.
   * @param isRenewal  It asks for what a session had that is lost; before the connection is opened.
   * @returns The answer: one Reason Code per topic filter, in order.
   * @throws What `make` throws, the signal's reason, or the error of `rejectAll`.
   */
  ask(make: MakeRequest, signal?: AbortSignal, isRenewal = false): Promise<readonly ReasonCode[]> {
    return new Promise((resolve, reject) => {
      if (this.error !== undefined) throw this.error;
      signal?.throwIfAborted();
      const onAbort = (): void => this.abandon(request, signal?.reason);
      const release = (): void => signal?.removeEventListener('abort', onAbort);
      const request: Request = { make, resolve, reject, release, isRenewal, isAbandoned: false };
      signal?.addEventListener('abort', onAbort, { once: true });
      if (isRenewal) this.addRenewal(request);
      else this.waiting.add(request);
      this.sendWaiting();
    });
  }

  /** CONNACK has come: everything that waits is sent, in order. */
  opened(agreement: Agreement): void {
    this.agreement = agreement;
    this.sendWaiting();
  }

  /** Sends what waits as far as identifiers are free; to be called where one may have come back from elsewhere. */
  sendWaiting(): void {
    const { agreement } = this;
    if (agreement === undefined || this.waiting.size === 0) return;
    for (const request of this.waiting) {
      const packet = this.packetOf(request, agreement);
      if (packet === undefined) continue;
      const id = this.owner.lendId();
      if (id === undefined) return;
      this.waiting.delete(request);
      this.sent.set(id, sentAs(packet, request));
      this.owner.send({ ...packet, id });
      // What is sent may find the connection gone.
      if (this.agreement !== agreement) return;
    }
  }

  /**
   * An answer has come.
   * @throws {ProtocolError} when it answers nothing, or not all that was asked.
   */
  settle(packet: SubackPacket | UnsubackPacket): void {
    const { kind, id, reasonCodes } = packet;
    const sent = this.sent.get(id);
    const name = kind.toUpperCase();
    // [MQTT-2.2.1-6]
    if (sent?.answer !== kind) {
      throw violation('MQTT-2.2.1-6', `${name} for packet identifier ${id}, which waits for none.`);
    }
    const { request, filterCount } = sent;
    // UNSUBACK of 3.x has no codes: that it came is success.
    const isPlain = kind === 'unsuback' && this.agreement?.terms.version !== 5;
    const codes = isPlain ? Array<ReasonCode>(filterCount).fill(Reason.success) : reasonCodes;
    if (codes.length !== filterCount) {
      const statement = kind === 'suback' ? 'MQTT-3.9.3-1' : 'MQTT-3.11.3-1';
      throw violation(statement, `${name} has ${codes.length} reason codes for ${filterCount} topic filters.`);
    }
    this.sent.delete(id);
    request.release();
    request.resolve(codes);
    this.sendWaiting();
  }

  /** What was sent and not answered waits again, before everything else. */
  connectionEnded(): void {
    this.agreement = undefined;
    const again = Array.from(this.sent.values(), ({ request }) => request).filter(({ isAbandoned }) => !isAbandoned);
    this.sent.clear();
    this.waiting = new Set([...again, ...this.waiting]);
  }

  /** The client is over: nothing will answer, now or later. */
  rejectAll(error: Error): void {
    this.error = error;
    this.connectionEnded();
    const requests = Array.from(this.waiting);
    this.waiting.clear();
    for (const { release, reject } of requests) {
      release();
      reject(error);
    }
  }

  private addRenewal(request: Request): void {
    const waiting = Array.from(this.waiting);
    const others = waiting.filter(({ isRenewal }) => !isRenewal);
    this.waiting = new Set([...waiting.filter(({ isRenewal }) => isRenewal), request, ...others]);
  }

  /** The packet, or `undefined` when it cannot be made, and whoever waits is told why. */
  private packetOf(request: Request, agreement: Agreement): SubscribePacket | UnsubscribePacket | undefined {
    try {
      return request.make(agreement);
    } catch (error) {
      this.waiting.delete(request);
      request.release();
      request.reject(error);
      return undefined;
    }
  }

  /** Nobody waits any more. What was sent is not called back: its answer is taken, and tells nobody. */
  private abandon(request: Request, reason: unknown): void {
    request.isAbandoned = true;
    this.waiting.delete(request);
    request.reject(reason);
  }
}

function sentAs(packet: SubscribePacket | UnsubscribePacket, request: Request): Sent {
  return packet.kind === 'subscribe'
    ? { request, answer: 'suback', filterCount: packet.subscriptions.length }
    : { request, answer: 'unsuback', filterCount: packet.filters.length };
}
