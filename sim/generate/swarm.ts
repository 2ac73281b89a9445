// A plan by swarm testing: the switches are drawn, and then every part from them.

import type { Plan } from '../plan.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { assemblePlan } from './assemble-plan.ts';
import { drawDraft, type Frame } from './draft.ts';
import { drawBroker, drawNetwork } from './draw-broker.ts';
import { drawClients } from './draw-clients.ts';
import { drawFaults } from './draw-faults.ts';
import { drawPublishing, drawResubscribing } from './draw-workload.ts';

/** A plan with the switches that fall on, those of `frame` as it says. */
export function drawSwarm(random: SeededRandom, seed: number, frame: Partial<Frame> = {}): Plan {
  const draft = drawDraft(random, seed, frame);
  const clients = drawClients(draft);
  const publishing = drawPublishing(draft, clients);
  const faults = drawFaults(draft, clients, publishing);
  return assemblePlan(seed, {
    broker: drawBroker(draft, clients),
    clients,
    network: drawNetwork(draft),
    steps: [...publishing, ...drawResubscribing(draft, clients), ...faults],
    quietAt: draft.size.spanMillis,
  });
}
