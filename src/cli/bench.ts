// `vouch bench`: how much a broker takes, and whether it loses anything; for any broker. One command per kind of load, and one that
// measures MQTT against HTTP.

import type { Command } from './command.ts';
import { defineGroup } from './command-group.ts';
import { LOAD_KINDS, type LoadKind } from '../load/plan.ts';

/** `vouch bench`. */
export const command: Command = defineGroup({
  name: 'bench',
  sentence: 'Measures a broker, any broker, and checks that nothing is lost, doubled or out of order.',
  subject: 'a benchmark',
  commands: new Map<string, () => Promise<{ readonly command: Command }>>([
    ...LOAD_KINDS.map((kind) => [kind, () => loadOf(kind)] as const),
    ['http', () => import('./bench-http.ts')],
  ]),
});

async function loadOf(kind: LoadKind): Promise<{ readonly command: Command }> {
  const { loadCommand } = await import('./bench-load.ts');
  return { command: loadCommand(kind) };
}
