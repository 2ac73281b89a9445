// Files and sockets of the process run out: the doors close each connection that would get one of the last, and say so here. It is counted
// (`$SYS/broker/limits/openFiles`), the log hears once when it begins and once when it is over, and of those that have
// not sent their CONNECT some make way, so that nobody can keep others out by connecting and saying nothing.
// Who is connected is left alone: there is no telling who is one too many.
// How many there are is asked of the owner, as long as they are short; who comes when one is free comes in, whatever is said here.

import { type Millis, millis } from '../base/millis.ts';
import type { BrokerState, Timed } from './broker-state.ts';

/** The descriptors of the process. */
export interface FilesGauge {
  /** Whether so many connections more would each get one. */
  hasRoomFor(count: number): boolean;
}

const LOOK_MILLIS = 1_000;
/** It is over when nobody was cut off for so long, */
const QUIET_MILLIS = 3_000;
/** and there is room for so many. Else one client that comes and goes would make it begin and end. */
const ROOM = 8;

/** The files of one broker. */
export class FileShortage implements Timed {
  private readonly broker: BrokerState;
  private readonly gauge: FilesGauge | undefined;
  /** When somebody was cut off last; `undefined`: there are files enough. */
  private shortAt: Millis | undefined;
  private cutOffCount: number;
  deadline: Millis;
  deadlineIndex: number;

  constructor(broker: BrokerState, gauge: FilesGauge | undefined) {
    this.broker = broker;
    this.gauge = gauge;
    this.shortAt = undefined;
    this.cutOffCount = 0;
    this.deadline = millis(0);
    this.deadlineIndex = -1;
  }

  /** Whether files were short a moment ago. */
  get isShort(): boolean {
    return this.shortAt !== undefined;
  }

  /** A connection was closed, since it got one of the last descriptors. */
  note(remote: string, now: Millis): void {
    const { limitNews, log, deadlines, visitors } = this.broker;
    limitNews.count('openFiles');
    this.cutOffCount++;
    visitors.makeWay();
    const isNew = this.shortAt === undefined;
    this.shortAt = now;
    if (!isNew) return;
    log.warn(
      `Cut off ${remote}: the process has as many files and sockets open as it may, but for what the store and the log need (openFilesReserve). ` +
        'Others who connect are cut off like it until some are free. Let it open more (ulimit -n, LimitNOFILE=), or lower connectionsMax.',
      { remote, limit: 'openFiles' },
    );
    deadlines.set(this, millis(now + LOOK_MILLIS));
  }

  tick(now: Millis): void {
    const { shortAt, gauge } = this;
    if (shortAt === undefined) return;
    if (now - shortAt < QUIET_MILLIS || gauge?.hasRoomFor(ROOM) === false) {
      this.broker.deadlines.set(this, millis(now + LOOK_MILLIS));
      return;
    }
    this.broker.log.info(
      `There are files and sockets to be had again: whoever connects is let in. ${this.cutOffCount} were cut off meanwhile.`,
      { cutOff: this.cutOffCount, limit: 'openFiles' },
    );
    this.shortAt = undefined;
    this.cutOffCount = 0;
  }
}
