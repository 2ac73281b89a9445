// A flood in a process of its own, so that what it costs is not taken for what the broker costs. Its parent says which one, where to and
// when to stop, as messages; without a parent it ends by itself.

import { setTimeout as wait } from 'node:timers/promises';

import { FLOODS, type FloodName } from './floods/catalogue.ts';
import type { FloodTarget } from './floods/flood.ts';

/** What the parent says: once `begin`, then `stop`. */
export type FloodOrder =
  | { readonly kind: 'begin'; readonly name: FloodName; readonly target: FloodTarget; readonly millisMax: number }
  | { readonly kind: 'stop' };

/** What the process says: when the flood has begun to flow, and when it is over. */
export type FloodReport =
  | { readonly kind: 'flowing' }
  | {
      readonly kind: 'over';
      /** What was done. */
      readonly count: number;
    };

const stop = new AbortController();

process.once('disconnect', () => process.exit(1));
process.on('message', (order: FloodOrder) => {
  if (order.kind === 'stop') stop.abort();
  else void flood(order);
});

async function flood(order: Extract<FloodOrder, { readonly kind: 'begin' }>): Promise<void> {
  let count = 0;
  void wait(order.millisMax, undefined, { ref: false }).then(() => stop.abort());
  await FLOODS[order.name].run({
    target: order.target,
    stop: stop.signal,
    did: (more) => {
      if (count === 0) tell({ kind: 'flowing' });
      count += more;
    },
  });
  tell({ kind: 'over', count }, () => process.exit(0));
}

function tell(report: FloodReport, afterwards = (): void => {}): void {
  process.send?.(report, afterwards);
}
