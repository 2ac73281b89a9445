// When messages are due. With a rate, all publishers of a run share one timetable, evenly, one after the other; without one, everything is
// due at once.

/** The timetable of one publisher, in microseconds. */
export class Schedule {
  private readonly startAt: number;
  private readonly everyMicros: number;

  /**
   * @param startAt  When the whole run begins.
   * @param rate     Messages a second of all publishers together.
   * @param publishers  How many there are.
   * @param publisher   Which one this is.
   */
  constructor(startAt: number, rate: number, publishers: number, publisher: number) {
    this.everyMicros = (publishers * 1e6) / rate;
    this.startAt = startAt + (this.everyMicros * publisher) / publishers;
  }

  /** When a message is due. hot: */
  dueAt(sequence: number): number {
    return this.startAt + sequence * this.everyMicros;
  }

  /** How many messages are due by now. hot: */
  dueCount(now: number): number {
    return now < this.startAt ? 0 : Math.floor((now - this.startAt) / this.everyMicros) + 1;
  }
}
