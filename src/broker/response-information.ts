// Response Information (MQTT 5.0 section 3.2.2.3.15): where a client that asks for it may have responses sent to. It is a part of the
// topic tree for this client alone, and the same as long as it keeps its identifier: a session that goes on finds its
// responses where they were asked for. It grants nothing: who may publish and subscribe there is the Authorizer's to say.

import { utf8Length } from '../base/utf8.ts';

/** What a string takes on the wire. */
const TEXT_BYTES_MAX = 65_535;

/** The root of the client's response topics; `undefined` where it would be no UTF-8 Encoded String. */
export function responseInformation(prefix: string, clientId: string): string | undefined {
  // As one level of a topic; no two become the same.
  const level = clientId.replace(/[+#/%]/g, encodeURIComponent);
  const root = `${prefix.replace(/\/$/, '')}/${level}`;
  return utf8Length(root) <= TEXT_BYTES_MAX ? root : undefined;
}
