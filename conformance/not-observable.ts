// The statements that no exchange of packets can show, each with the reason. A row says for which side: a statement that binds
// both may be shown for one of them.

import type { NotObservable } from './check.ts';
import { NOT_OBSERVABLE as SERVERS } from './not-observable/servers.ts';
import { NOT_OBSERVABLE as CLIENT } from './not-observable/client.ts';
import { NOT_OBSERVABLE as WEB_SOCKET } from './not-observable/web-socket.ts';

/** All of them. */
export const NOT_OBSERVABLE: readonly NotObservable[] = [...SERVERS, ...WEB_SOCKET, ...CLIENT];
