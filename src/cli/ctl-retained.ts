// `vouch ctl retained`: which retained messages there are, and how they go.

import type { Command } from './command.ts';
import { defineGroup } from './command-group.ts';

/** `vouch ctl retained`. */
export const command: Command = defineGroup({
  name: 'ctl retained',
  sentence: 'Lists retained messages, or removes them.',
  subject: 'retained messages',
  commands: new Map([
    ['list', () => import('./ctl-retained-list.ts')],
    ['clear', () => import('./ctl-retained-clear.ts')],
  ]),
});
