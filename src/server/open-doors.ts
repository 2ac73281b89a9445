// What is said of a listener that other machines can reach, in `vouch start` as in a program that embeds the broker: that nobody is asked
// who they are there, and that nothing is encrypted.

import type { Log } from '../base/log.ts';
import { isEncrypted, isOpenToOthers, type ListenerAddress, requiresCertificate } from '../config/listener-address.ts';

/** Who is let in, as far as a warning needs to know. */
export interface DoorGuard {
  /** Whether anything finds out who clients are. */
  readonly isAsked: boolean;
  /** Whether who says nothing of that is let in all the same. */
  readonly allowAnonymous: boolean;
  /** Whether there are rules for what clients may do. */
  readonly hasRules: boolean;
}

/** Warns of a listener that has been opened, if there is something to warn of. */
export function warnOfOpenDoor(address: ListenerAddress, url: string, guard: DoorGuard, log: Log): void {
  if (!isOpenToOthers(address)) return;
  const fields = { listener: url };
  const right = guard.hasRules ? 'connect' : 'publish and subscribe';
  if (!requiresCertificate(address) && (!guard.isAsked || guard.allowAnonymous))
    log.warn(`Everybody who can reach this listener may ${right}`, fields);
  if (!isEncrypted(address))
    log.warn(
      'Nothing is encrypted here: passwords, tokens and messages can be read, and changed, on their way',
      fields,
    );
}
