// What this broker asks of a message, or a Will, beyond the specifications: found out from the message alone. Rights, topics and room are
// asked for elsewhere (publishing.ts).

import { isUtf8 } from '../base/utf8.ts';
import type { MessageProperties, UserProperty } from '../packet/properties.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import type { BrokerState } from './broker-state.ts';

/** Why something is refused. */
export interface Refusal {
  readonly reasonCode: ReasonCode;
  /** A sentence, for the log and for the client. */
  readonly why: string;
}

/** Why a message is not taken; `undefined`: it may be. Only for messages with properties: others have nothing to be looked at. */
export function refusalOfMessage(
  broker: BrokerState,
  properties: MessageProperties,
  payload: Uint8Array,
): Refusal | undefined {
  // Section 3.3.2.3.2: such a check is allowed. Nobody else relies on it.
  if (broker.rules.payloadFormatCheck && properties.payloadFormatIndicator === 1 && !isUtf8(payload)) {
    const why = 'The payload is said to be UTF-8 text and is not (payloadFormatCheck).';
    return { reasonCode: Reason.payloadFormatInvalid, why };
  }
  return refusalOfUserProperties(broker, properties.userProperties);
}

/** Why so many User Properties are not taken; `undefined`: they are. */
export function refusalOfUserProperties(
  { limitNews, limits }: BrokerState,
  { length }: readonly UserProperty[],
): Refusal | undefined {
  if (length <= limits.userPropertiesMax) return undefined;
  limitNews.count('userPropertiesMax');
  const why = `There are ${length} User Properties, and at most ${limits.userPropertiesMax} are taken (userPropertiesMax).`;
  return { reasonCode: Reason.quotaExceeded, why };
}
