// When a message that waits is not to be sent any more.

import type { Millis } from '../base/millis.ts';
import type { Message } from '../packet/message.ts';

/** Nobody may be sent it any more, if its sending has not begun [MQTT-3.3.2-5]. hot: */
export function isExpired({ expiresAt }: Message, now: Millis): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}
