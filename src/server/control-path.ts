// Where the control socket of a broker is: for the broker, which makes it, and for the commands that look for it.

import path from 'node:path';

import type { Config } from '../config/config.ts';

/** Of the socket in a data directory. */
const SOCKET_NAME = 'control.sock';

/** What is to be known of it. */
export type ControlChoices = Pick<Config, 'controlSocket' | 'store' | 'data'>;

/** The path of the control socket; `undefined`: there is none. */
export function controlSocketPath({ controlSocket, store, data }: ControlChoices): string | undefined {
  if (controlSocket === 'none') return undefined;
  if (controlSocket !== 'auto') return controlSocket;
  return store === 'memory' ? undefined : path.join(data, SOCKET_NAME);
}
