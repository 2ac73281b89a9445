// `vouch passwd`: what is done with a password file.

import type { Command } from './command.ts';
import { defineGroup } from './command-group.ts';

/** `vouch passwd`. */
export const command: Command = defineGroup({
  name: 'passwd',
  sentence: 'Adds, deletes and checks the users of a password file.',
  subject: 'a password file',
  commands: new Map([
    ['add', () => import('./passwd-add.ts')],
    ['delete', () => import('./passwd-delete.ts')],
    ['verify', () => import('./passwd-verify.ts')],
  ]),
});
