// What the clients of a plan do besides what they begin with: messages, and subscriptions that come and go.

import type { ClientPlan, PublishStep, Step } from '../plan.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { type Draft, drawMoment, skewed } from './draft.ts';
import { drawSubscription, isPublisher } from './draw-clients.ts';
import { plainPublish } from './plain-parts.ts';

/** A step with messages. */
export type Publishing = Step & PublishStep;

/** All messages, in steps of some. */
export function drawPublishing(draft: Draft, clients: readonly ClientPlan[]): readonly Publishing[] {
  const random = draft.random.fork('publishing');
  const [first, ...others] = clients.filter(isPublisher);
  if (first === undefined) return [];
  const steps: Publishing[] = [];
  const isFlood = draft.traits.has('flood');
  for (let left = draft.size.messages; left > 0; ) {
    const count = Math.min(left, skewed(random, 1, 16));
    steps.push(drawPublish(draft, random, random.pick([first, ...others]), count));
    left -= count;
  }
  if (isFlood) {
    const { at, client, topic } = drawPublish(draft, random, random.pick([first, ...others]), 1);
    steps.push(plainPublish(at, client, topic, random.pick([0, 0, 1]), { count: random.between(100, 300) }));
  }
  return steps;
}

/** SUBSCRIBE and UNSUBSCRIBE in the middle of everything. */
export function drawResubscribing(draft: Draft, clients: readonly ClientPlan[]): readonly Step[] {
  if (!draft.traits.has('resubscribing')) return [];
  const random = draft.random.fork('resubscribing');
  const [first, ...others] = clients.filter((client) => client.subscriptions.length > 0);
  if (first === undefined) return [];
  const steps: Step[] = [];
  for (let left = random.between(1, 4); left > 0; left--) {
    const client = random.pick([first, ...others]);
    const at = drawMoment(draft);
    const [known = '#', ...more] = client.subscriptions.flatMap(({ filters }) => filters.map(({ filter }) => filter));
    if (random.chance(0.5)) {
      steps.push({ kind: 'unsubscribe', at, client: client.name, filters: [random.pick([known, ...more])] });
    } else {
      const subscription = drawSubscription(draft, random, client.version);
      steps.push({ kind: 'subscribe', at, client: client.name, subscription });
    }
  }
  return steps;
}

function drawPublish(draft: Draft, random: SeededRandom, { name, version }: ClientPlan, count: number): Publishing {
  const { traits, topics } = draft;
  const retain = traits.has('retained') && random.chance(0.5);
  const isEmpty = retain && random.chance(0.25);
  const expires = version === 5 && traits.has('message-expiry') && random.chance(0.5);
  return plainPublish(drawMoment(draft), name, random.pick(topics), random.pick([0, 1, 1, 2, 2, 2]), {
    retain,
    isEmpty,
    count: isEmpty ? 1 : count,
    everyMillis: random.pick([0, 0, 1, 5, 20, 100]),
    payloadBytes: traits.has('large-payloads') && random.chance(0.5) ? random.pick([100, 300, 900]) : 0,
    expirySeconds: expires ? random.pick([1, 1, 2, 5, 60]) : undefined,
  });
}
