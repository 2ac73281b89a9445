// Whatever is not delivered for a limit's sake is counted and said, once each; what is said to have expired had the time to; and who is
// refused hears it: by a Reason Code, or, on 3.x, by the end of the connection.

import type { Drop } from './client-facts.ts';
import { type Digest, digestOf } from './digest.ts';
import type { History } from '../history.ts';
import { covers } from './filters.ts';
import { NEVER } from './session-span.ts';
import type { Violation } from './violation.ts';

const CHECKER = 'drops';

/** Checks every drop and every refusal. */
export function drops(history: History): readonly Violation[] {
  const digest = digestOf(history);
  const found: Violation[] = [];
  judgeCounts(digest, found);
  judgeReasons(digest, found);
  judgeRefusals(digest, found);
  return found;
}

function judgeCounts({ dropsSaid: said, history, endAt }: Digest, found: Violation[]): void {
  const counted = history.end.dropsCounted;
  for (const reason of new Set([...said.keys(), ...Object.keys(counted)])) {
    const one = said.get(reason) ?? 0;
    const other = counted[reason] ?? 0;
    if (one === other) continue;
    const sentence = `${one} messages were said to be dropped (${reason}), but ${other} were counted.`;
    found.push({ checker: CHECKER, sentence, at: endAt });
  }
}

/** Each reason needs its cause. */
function judgeReasons(digest: Digest, found: Violation[]): void {
  for (const { drops: ofClient, plan, name } of digest.clients.values()) {
    for (const drop of ofClient) {
      const why = faultOf(digest, drop, plan?.maximumPacketSize !== undefined);
      if (why !== undefined) found.push(violation(name, drop, why));
    }
  }
  for (const [name, ofGroup] of digest.groupDrops) {
    for (const drop of ofGroup) {
      const why = faultOf(digest, drop, false);
      if (why !== undefined) found.push(violation(name, drop, why));
    }
  }
}

function violation(name: string, { topic, reason, at }: Drop, why: string): Violation {
  return { checker: CHECKER, sentence: `A message to ${topic} was dropped for ${name} (${reason}), but ${why}.`, at };
}

/** Why a drop is none that may be; `undefined`: it may. */
function faultOf(digest: Digest, { reason, topic, at, client }: Drop, hasPacketLimit: boolean): string | undefined {
  const limits = digest.circumstances.limitsOf(1);
  switch (reason) {
    case 'expired':
      return mayHaveExpired(digest, topic, at, client) ? undefined : 'none had lived so long';
    case 'too-large':
      return hasPacketLimit ? undefined : 'no packet is too large for it';
    case 'not-authorized':
      return 'everything is allowed here';
    case 'refused-by-client':
      return 'no client refuses anything';
    case 'queues-full':
      return limits.queuesMessagesMax + limits.queuesBytesMax > 0 ? undefined : 'there is no such limit';
    default:
      return undefined;
  }
}

/** Some message of the topic that was taken long enough before. */
function mayHaveExpired(
  { acceptances, circumstances: { slack } }: Digest,
  topic: string,
  at: number,
  client: string,
): boolean {
  return acceptances.some((acceptance) => {
    if (topic !== '' ? acceptance.topic !== topic : client.startsWith('$share/') && !covers(client, acceptance.topic))
      return false;
    const seconds = acceptance.expirySeconds;
    return seconds !== undefined && acceptance.at + seconds * 1000 <= at + slack;
  });
}

/** Who was refused hears of it. */
function judgeRefusals(digest: Digest, found: Violation[]): void {
  for (const { publishes, version, client, over, number } of digest.connections.values()) {
    if (over !== NEVER) continue;
    for (const { qos, answeredAt, acceptance, label, topic, id } of publishes) {
      if (qos === 0 || answeredAt !== NEVER || acceptance !== undefined) continue;
      const how = version === 5 ? 'has no answer' : 'was refused in silence, and its connection is still there';
      const sentence = `${client}'s ${label === '' ? 'empty message' : label} to ${topic} (${id}, connection ${number}) ${how}.`;
      found.push({ checker: CHECKER, sentence, at: digest.endAt });
    }
  }
}
