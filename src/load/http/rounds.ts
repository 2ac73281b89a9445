// Rivals measured in rounds: every rival once, then every rival once more, until there is enough for the verdict on each. A moment in which the machine is busy
// meets neighbours of one round, not one rival in all of its repetitions.

/** How many rounds there are at least, and how many at most where verdicts are not clear before. */
export interface Rounds {
  readonly min: number;
  readonly max: number;
}

/** What is measured in rounds, and when it is enough. */
export interface Contest<Rival, Row> {
  readonly rivals: readonly Rival[];
  readonly rounds: Rounds;
  readonly stop: AbortSignal;
  readonly measure: (rival: Rival, round: number) => Promise<Row>;
  /** Whom another round is still worth its time for; nobody: it is enough. Asked from the least number of rounds on. */
  readonly undecided: (done: readonly (readonly Row[])[]) => readonly Rival[];
}

/** Measures. The last round is not complete when it was stopped, and there may be none. */
export async function inRounds<Rival, Row>(contest: Contest<Rival, Row>): Promise<readonly (readonly Row[])[]> {
  const { rounds, stop, measure, undecided } = contest;
  const done: Row[][] = [];
  let { rivals } = contest;
  while (done.length < rounds.max && rivals.length > 0 && !stop.aborted) {
    const round: Row[] = [];
    done.push(round);
    // Everybody is the first one once: what came just before may matter.
    for (const index of rivals.keys()) {
      const rival = rivals[(index + done.length - 1) % rivals.length];
      if (rival === undefined || stop.aborted) break;
      round.push(await measure(rival, done.length));
    }
    if (done.length >= rounds.min) rivals = undecided(done);
  }
  return done;
}
