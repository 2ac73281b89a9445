// A session that outlives its connection, in either version.

import type { ClientStage } from '../stage/client-stage.ts';

/** Options of a client that keeps its session. */
export function resumable({ level }: Pick<ClientStage, 'level'>): NonNullable<Parameters<ClientStage['start']>[0]> {
  return level === 5 ? { clientId: 'zoe', sessionExpirySeconds: 60 } : { clientId: 'zoe', clean: false };
}
