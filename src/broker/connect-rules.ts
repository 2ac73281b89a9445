// What this broker asks of a CONNECT, found out from the packet alone: who may have which Client Identifier by its version, and
// what its Will is made of. Whether the client is who it says, and may what it wants, is connecting.ts.

import { utf8Length } from '../base/utf8.ts';
import type { ConnectPacket } from '../packet/packet.ts';
import { Reason } from '../packet/reason-codes.ts';
import type { BrokerState } from './broker-state.ts';
import { type Refusal, refusalOfMessage, refusalOfUserProperties } from './message-rules.ts';

/** Why a CONNECT is not accepted, whoever sent it; `undefined`: it may be. */
export function refusalOfConnect(broker: BrokerState, packet: ConnectPacket): Refusal | undefined {
  const why = packet.clientId === '' ? emptyClientId(broker, packet) : longClientId(broker, packet);
  if (why !== undefined) return { reasonCode: Reason.clientIdentifierNotValid, why };
  const { will, properties } = packet;
  const refusal = refusalOfUserProperties(broker, properties.userProperties);
  if (refusal !== undefined || will === undefined) return refusal;
  const ofWill = refusalOfMessage(broker, will.properties, will.payload);
  return ofWill === undefined ? undefined : { ...ofWill, why: `The Will is not taken. ${ofWill.why}` };
}

/** Why the client cannot be without an identifier; `undefined`: it is given one [MQTT-3.1.3-6]. */
function emptyClientId({ rules }: BrokerState, { version, clean }: ConnectPacket): string | undefined {
  if (version === 3) return 'MQTT 3.1 has no empty client identifier.';
  // MQTT 3.1.1 [MQTT-3.1.3-8].
  if (version === 4 && !clean) return 'An empty client identifier needs Clean Session [MQTT-3.1.3-8].';
  return rules.emptyClientIds === 'assign' ? undefined : 'Clients name themselves here (emptyClientIds).';
}

/** Why the client cannot have so long an identifier; `undefined`: it can. */
function longClientId({ limitNews, limits }: BrokerState, { version, clientId }: ConnectPacket): string | undefined {
  // MQTT 3.1: 1 to 23 characters, or return code 2. Later versions let a Server take longer ones, and never refuse these [MQTT-3.1.3-5].
  const limit = version === 3 ? 'clientIdBytesMax31' : 'clientIdBytesMax';
  const length = utf8Length(clientId);
  if (length <= limits[limit]) return undefined;
  limitNews.count(limit);
  return `The client identifier has ${length} bytes, and at most ${limits[limit]} are taken (${limit}).`;
}
