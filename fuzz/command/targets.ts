// Every target by its name.

import { codecTarget } from '../codec/codec-target.ts';
import type { Target, TargetName } from '../engine/target.ts';
import { sessionsTarget } from '../sessions/sessions-target.ts';

const TARGETS: { readonly [Name in TargetName]: () => Target } = {
  codec: () => codecTarget(),
  sessions: () => sessionsTarget(),
};

/** Makes a target; it has its own buffers, so that every thread makes its own. */
export function targetOf(name: TargetName): Target {
  return TARGETS[name]();
}
