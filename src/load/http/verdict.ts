// Who is better, judged from rounds: in each round both were measured, one shortly after the other, so that whatever else the machine did met both.
// A round is worth one number, how many times better MQTT was in it; what the machine did drops out of that.
//
// The idea: a verdict needs an interval around the median of these numbers which is clear of an edge. As long as an edge lies inside, another round is worth
// its time; when the rounds are used up it is too close to call, and that is a verdict, too: even. So noise makes verdicts even, and turns none round.
// Two runs can only differ where the truth lies a little outside an edge, by less than what the rounds can tell apart (decision 033).

/** On which terms a quantity is judged. */
export interface Terms {
  /** From when on one of the two is better: 1.5 is half as good again. What is less is no difference. */
  readonly margin: number;
  /** By how much a single measurement may be off, as a factor; it counts as long as the rounds are too few to tell that themselves. */
  readonly noise: number;
  /** A difference that is smaller is none, whatever its factor. In the unit of the quantity. */
  readonly differenceMin: number;
  readonly isMoreBetter: boolean;
}

/** How many times better MQTT is: the median of the rounds, and the interval in which it lies. */
export interface Advantage {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** One round's two values. */
export interface Pair {
  readonly mqtt: number;
  readonly http: number;
}

/** How seldom the interval may miss the median, on either side. */
const MISS_SHARE = 0.005;
/** So many rounds tell by themselves how far they scatter: with fewer not even the range of all is sure enough. */
const ROUNDS_SURE = 8;

/** What the rounds say. There must be one at least. */
export function advantageOf(pairs: readonly Pair[], terms: Terms): Advantage {
  const sorted = pairs.map((pair) => factorOf(pair, terms)).sort((a, b) => a - b);
  const count = sorted.length;
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const outer = outsideCount(count);
  const widened = count < ROUNDS_SURE ? terms.noise ** (1 / count) : 1;
  return {
    median: Math.sqrt(at((count - 1) >> 1) * at(count >> 1)),
    low: at(outer) / widened,
    high: at(count - 1 - outer) * widened,
  };
}

/** Whether more rounds could not change anything that matters: no edge lies in the interval. */
export function isSettled({ low, high }: Advantage, { margin }: Terms): boolean {
  return [margin, 1 / margin].every((edge) => low > edge || high < edge);
}

/** Who is better. */
export function betterOf({ low, high }: Advantage, { margin }: Terms): 'MQTT' | 'HTTP' | 'even' {
  if (low > margin) return 'MQTT';
  if (high < 1 / margin) return 'HTTP';
  return 'even';
}

/** How many times better MQTT was in one round. */
function factorOf({ mqtt, http }: Pair, { differenceMin, isMoreBetter }: Terms): number {
  if (mqtt === http || Math.abs(mqtt - http) < differenceMin) return 1;
  return isMoreBetter ? mqtt / http : http / mqtt;
}

/**
 * How many rounds to leave out at either end. Each is above the median as likely as below it, so that the chance of the interval to miss
 * that is the chance of a coin to fall on one side all but so many times, however the values are distributed.
 */
function outsideCount(count: number): number {
  let outside = 0;
  let ways = 1;
  for (let sum = 1; ; outside++) {
    ways = (ways * (count - outside)) / (outside + 1);
    sum += ways;
    if (sum / 2 ** count > MISS_SHARE) return outside;
  }
}
