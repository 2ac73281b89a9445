// Opens the control socket of a broker, and decides what happens if it cannot be there: a path that somebody has chosen must do; the one that goes
// without saying, in the data directory, is left out with a warning. A broker that serves is worth more than one that can be asked.

import { OperationError, UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { type ControlSocket, type ControlTarget, openControlSocket } from '../control/control-server.ts';
import { type ControlChoices, controlSocketPath } from './control-path.ts';

/**
 * Opens the control socket that the configuration asks for.
 * @throws as `openControlSocket`, for a path that was chosen.
 */
export async function openControl(
  choices: ControlChoices,
  target: ControlTarget,
  log: Log,
): Promise<ControlSocket | undefined> {
  const socketPath = controlSocketPath(choices);
  if (socketPath === undefined) return undefined;
  try {
    const socket = await openControlSocket(socketPath, target, log);
    log.debug('The control socket is open', { path: socketPath });
    return socket;
  } catch (error) {
    const isExpected = error instanceof UsageError || error instanceof OperationError;
    if (choices.controlSocket !== 'auto' || !isExpected) throw error;
    log.warn(`There is no control socket, so "vouch ctl" cannot ask this broker: ${error.message}`, {
      path: socketPath,
      option: 'controlSocket',
    });
    return undefined;
  }
}
