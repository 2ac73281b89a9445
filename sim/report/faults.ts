// The kinds of faults that coverage counts, and which event is one of them. Crashes count when they happen, not when they are planned.

import { unreachable } from '../../src/base/assert.ts';
import type { HistoryEvent } from '../history.ts';
import type { Step } from '../plan.ts';

const PROCESS_FAULTS = [
  'killed',
  'killed at a boundary',
  'loses its power',
  'stopped',
  'disk slow',
  'disk full',
  'disk failing',
] as const;

const NETWORK_FAULTS = ['cut', 'half-open', 'stalled', 'unreachable', 'taken over', 'wall clock'] as const;

type ProcessFault = (typeof PROCESS_FAULTS)[number];

/** A kind of fault. */
export type FaultKind = `${'broker' | 'client'} ${ProcessFault}` | (typeof NETWORK_FAULTS)[number];

/** All of them, in the groups that tables have. */
export const FAULT_GROUPS: readonly (readonly FaultKind[])[] = [
  PROCESS_FAULTS.map((fault) => `broker ${fault}` as const),
  PROCESS_FAULTS.map((fault) => `client ${fault}` as const),
  NETWORK_FAULTS,
];

/** A fault, and whom it meets. */
export interface Fault {
  readonly kind: FaultKind;
  /** `undefined`: everybody. */
  readonly client: string | undefined;
}

/** The fault that an event is; `undefined`: none. Takeovers are not among them: they are seen in the packets of two connections. */
export function faultOf(event: HistoryEvent): Fault | undefined {
  if (event.kind === 'fault') return faultOfStep(event.step);
  if (event.kind !== 'crashed') return undefined;
  if (event.machine) return ofProcess(event.who, 'loses its power');
  return ofProcess(event.who, event.boundary === '' ? 'killed' : 'killed at a boundary');
}

function faultOfStep(step: Step): Fault | undefined {
  switch (step.kind) {
    case 'stop':
      return ofProcess(step.who, 'stopped');
    case 'disk':
      return ofProcess(step.who, `disk ${step.fault}`);
    case 'cut':
    case 'half-open':
    case 'unreachable':
      return { kind: step.kind, client: step.client };
    case 'stall':
      return { kind: 'stalled', client: step.client };
    case 'wall-clock':
      return { kind: 'wall clock', client: undefined };
    case 'publish':
    case 'subscribe':
    case 'unsubscribe':
    case 'start':
    case 'crash':
    case 'crash-at':
    case 'intruder':
      return undefined;
    default:
      return unreachable(step);
  }
}

function ofProcess(who: string, fault: ProcessFault): Fault {
  return who === 'broker' ? { kind: `broker ${fault}`, client: undefined } : { kind: `client ${fault}`, client: who };
}
