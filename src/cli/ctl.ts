// `vouch ctl`: asks and steers a broker that runs on this machine.

import type { Command } from './command.ts';
import { defineGroup } from './command-group.ts';

/** `vouch ctl`. */
export const command: Command = defineGroup({
  name: 'ctl',
  sentence: 'Asks and steers a broker that runs: who is connected, what waits, kick, ban, reload, drain.',
  subject: 'a running broker',
  commands: new Map([
    ['clients', () => import('./ctl-clients.ts')],
    ['client', () => import('./ctl-client.ts')],
    ['sessions', () => import('./ctl-sessions.ts')],
    ['queue', () => import('./ctl-queue.ts')],
    ['groups', () => import('./ctl-groups.ts')],
    ['kick', () => import('./ctl-kick.ts')],
    ['end-session', () => import('./ctl-end-session.ts')],
    ['retained', () => import('./ctl-retained.ts')],
    ['bans', () => import('./ctl-bans.ts')],
    ['ban', () => import('./ctl-ban.ts')],
    ['unban', () => import('./ctl-unban.ts')],
    ['reload', () => import('./ctl-reload.ts')],
    ['drain', () => import('./ctl-drain.ts')],
  ]),
});
