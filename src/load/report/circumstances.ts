// When, with what and on which machine something was measured: without it a figure says nothing a month later.

import { availableParallelism, cpus, release } from 'node:os';

import { readVersion } from '../../server/version.ts';

/** The circumstances of a run. */
export interface Circumstances {
  /** When it began: ISO 8601, UTC. */
  readonly at: string;
  readonly vouch: string;
  readonly node: string;
  readonly processor: string;
  readonly cores: number;
  readonly system: string;
}

/** As they are now. */
export function circumstances(): Circumstances {
  return {
    at: new Date().toISOString(),
    vouch: readVersion(),
    node: process.version,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    system: `${process.platform} ${release()}`,
  };
}

/** In a sentence. */
export function circumstancesSentence({ at, vouch, node, processor, cores, system }: Circumstances): string {
  const day = at.replace('T', ' ').replace(/\..*$/, ' UTC');
  return `Measured on ${day} with Vouch ${vouch}, Node.js ${node}, ${system}, ${processor}, ${cores} ${cores === 1 ? 'core' : 'cores'}.`;
}
