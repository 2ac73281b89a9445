// Keep Alive (MQTT 5.0 section 3.1.2.10) of one connection. A Server watches that its Client does not
// fall silent for one and a half times the interval. A Client sends PINGREQ before the interval passes
// in silence, its own or the Server's (who only sends QoS 0 would not notice a dead link otherwise), and
// gives the connection up if nothing at all comes within as long again.
// Invariant: the next deadline only ever moves to a later moment, so that an owner's timer may be lazy.

import { type Millis, millis } from '../base/millis.ts';
import { ProtocolError } from '../packet/protocol-error.ts';
import { Reason } from '../packet/reason-codes.ts';

/** Timers ring late, so what is due after an interval is due a tenth of it early. */
const PING_PART = 0.9;
/** [MQTT-3.1.2-22]. */
const WATCH_PART = 1.5;

/** The clock face of one connection; its owner supplies the time and the timer. */
export class KeepAlive {
  private readonly interval: Millis;
  private readonly duty: 'watch' | 'ping';
  /** When something came from the peer last. */
  receivedAt: Millis;
  private sentAt: Millis;
  /** When the PINGREQ was sent since which nothing has come. */
  private pingedAt: Millis | undefined;

  /** @param interval  The Keep Alive in force; 0: off. */
  constructor(interval: Millis, duty: 'watch' | 'ping', now: Millis) {
    this.interval = interval;
    this.duty = duty;
    this.receivedAt = now;
    this.sentAt = now;
    this.pingedAt = undefined;
  }

  /** Something came from the peer, which is alive then, be it PINGRESP or not. hot: */
  received(now: Millis): void {
    this.receivedAt = now;
    this.pingedAt = undefined;
  }

  /** Something went to the peer. hot: */
  sent(now: Millis): void {
    this.sentAt = now;
  }

  /** When `tick` should be called next; `undefined`: never. */
  nextDeadline(): Millis | undefined {
    if (this.interval === 0) return undefined;
    if (this.duty === 'watch') return later(this.receivedAt, this.interval * WATCH_PART);
    if (this.pingedAt !== undefined) return later(this.pingedAt, this.interval * PING_PART);
    return later(this.sentAt < this.receivedAt ? this.sentAt : this.receivedAt, this.interval * PING_PART);
  }

  /**
   * Says whether a PINGREQ is due now.
   * @throws {ProtocolError} `keep-alive-timeout` (0x8D) when the peer has been silent for too long.
   */
  tick(now: Millis): boolean {
    const deadline = this.nextDeadline();
    if (deadline === undefined || now < deadline) return false;
    if (this.duty === 'watch') throw this.timeout(now, 'more than one and a half times');
    if (this.pingedAt !== undefined) throw this.timeout(now, 'and a PINGREQ was not answered within');
    // [MQTT-3.1.2-20]
    this.pingedAt = now;
    this.sentAt = now;
    return true;
  }

  private timeout(now: Millis, measure: string): ProtocolError {
    const silence = Math.round((now - this.receivedAt) / 1000);
    const detail = `Nothing came for ${silence} s, ${measure} the Keep Alive of ${this.interval / 1000} s.`;
    const statement = this.duty === 'watch' ? 'MQTT-3.1.2-22' : '';
    return new ProtocolError('keep-alive-timeout', Reason.keepAliveTimeout, statement, detail);
  }
}

function later(moment: Millis, duration: number): Millis {
  return millis(moment + duration);
}
