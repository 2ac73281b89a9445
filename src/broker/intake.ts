// Whether a connection is read from. It is not while CONNECT is being decided or a long packet is being handled, while the client has sent more than it may (client-rates.ts),
// and while what it sends would pile up for our own socket or our own disk: all these go on without anybody's help. Never for another session's queue: two
// clients that publish into each other's full queues would wait for ever.
// A connection that is behind stands in `broker.behind`, and is asked again after each commit.

import type { NetworkConnection } from '../transport/contract.ts';
import type { BrokerState } from './broker-state.ts';
import type { CommitGate } from './commit.ts';
import type { Connection } from './connection.ts';

/** The input side of one connection. */
export class Intake {
  private readonly broker: BrokerState;
  private readonly network: NetworkConnection;
  private readonly gate: CommitGate;
  private readonly connection: Connection;
  /** No chunk comes for now. */
  isPaused: boolean;
  /** A packet is being handled that takes more than one turn: what came behind it waits. */
  isBusy: boolean;

  constructor(broker: BrokerState, network: NetworkConnection, gate: CommitGate, connection: Connection) {
    this.broker = broker;
    this.network = network;
    this.gate = gate;
    this.connection = connection;
    this.isPaused = false;
    this.isBusy = false;
  }

  /** Lets no chunk come for now. */
  pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.network.pause();
  }

  /** The packet at hand takes more turns than this one; or it is done. */
  setBusy(isBusy: boolean): void {
    this.isBusy = isBusy;
    if (isBusy) this.pause();
  }

  /** Lets no chunk come for now if there is too much of the client's already. hot: after each chunk. */
  pauseIfBehind(): void {
    if (!this.isBehind()) return;
    this.broker.behind.add(this.connection);
    this.pause();
  }

  /** Reads again if nothing is in the way; says whether it does that from now on. hot: */
  resumeIfCaughtUp(): boolean {
    if (!this.isPaused || this.isBehind()) return false;
    this.broker.behind.delete(this.connection);
    this.isPaused = false;
    this.network.resume();
    return true;
  }

  /** The connection is over. */
  close(): void {
    this.broker.behind.delete(this.connection);
  }

  /**
   * The client sends but does not read what we answer, or sends faster than it may; or the disk is slow, and the client has no Receive Maximum; or the disk
   * is so slow that what waits for it, of the client's among others, takes too much memory. hot:
   */
  private isBehind(): boolean {
    const { limits, overload, store } = this.broker;
    return (
      this.network.waitingBytes() > 2 * limits.outboxBytesMax ||
      this.connection.isTooFast ||
      this.isBusy ||
      this.gate.heldAnswers > limits.receiveMaximum ||
      (store.lateBytes > overload.lateBytesMax && this.gate.isLate)
    );
  }
}
