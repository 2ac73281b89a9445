// Who may open a WebSocket here: the answer to an HTTP request, before anything of MQTT is said.

import type { IncomingMessage } from 'node:http';

/** What a listener allows. */
export interface WebSocketRules {
  /** Where in a URL, such as `/mqtt`. */
  readonly path: string;
  /** Whose pages may connect, such as `https://app.example`; `*`: everybody's. Programs, which name no origin, may in any case. */
  readonly origins: readonly string[];
}

/** A no, as HTTP says it. */
export interface Refusal {
  readonly status: 400 | 403 | 404 | 405 | 426;
  /** For the peer's people and our log: to be put behind "because". */
  readonly reason: string;
}

/** The names under which MQTT is known, the better one first (section 6; the other is that of MQTT 3.1). */
const SUBPROTOCOLS: readonly string[] = ['mqtt', 'mqttv3.1'];

/** Why a request to upgrade is refused; `undefined`: it is not. */
export function refusalOf(request: IncomingMessage, rules: WebSocketRules): Refusal | undefined {
  const path = pathOf(request.url ?? '');
  if (path !== rules.path) {
    return { status: 404, reason: `it asked for ${JSON.stringify(path.slice(0, 100))}, and MQTT is at ${rules.path}` };
  }
  const { origin } = request.headers;
  if (origin !== undefined && !rules.origins.includes('*') && !rules.origins.includes(origin)) {
    const shown = JSON.stringify(origin.slice(0, 100));
    return { status: 403, reason: `pages of ${shown} may not connect; they may when it is listed (origins)` };
  }
  if (subprotocolOf(request.headers['sec-websocket-protocol'] ?? '') === undefined) {
    return { status: 400, reason: `it offers neither of the subprotocols ${SUBPROTOCOLS.join(' and ')}` };
  }
  return undefined;
}

/** The subprotocol to speak, out of those that a header offers [MQTT-6.0.0-3] [MQTT-6.0.0-4]. */
export function subprotocolOf(header: string): string | undefined {
  const offered = header.split(',').map((name) => name.trim());
  return SUBPROTOCOLS.find((name) => offered.includes(name));
}

/** The path of a request, without what stands behind a question mark. */
function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '';
}
