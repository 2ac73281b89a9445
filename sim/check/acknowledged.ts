// An acknowledgement says that the broker has the message: below 0x80 only for one that it took, at 0x80 and above only for one that it did not.
// And the other half: what a client has stored, and what it was told is settled, the broker has taken.

import type { History } from '../history.ts';
import type { ClientFacts } from './client-facts.ts';
import { type Digest, digestOf } from './digest.ts';
import type { MessageFacts } from './message-facts.ts';
import { NEVER, type SessionSpan } from './session-span.ts';
import type { Violation } from './violation.ts';
import type { InboundPublish, WireConnection } from './wire-connection.ts';

const CHECKER = 'acknowledged';

/** Checks every PUBACK, PUBREC, `settled` and `stored`. */
export function acknowledged(history: History): readonly Violation[] {
  const digest = digestOf(history);
  const found: Violation[] = [];
  const repeats = new Repeats();
  for (const connection of digest.connections.values()) {
    for (const publish of connection.publishes) judge(digest, connection, publish, repeats, found);
  }
  const answered = answeredLabels(digest);
  for (const message of digest.messages.values()) judgeOutcome(digest, message, answered, found);
  return found;
}

/** What each session has had last under an identifier of QoS 2, and from which life of its client. */
class Repeats {
  private readonly taken: Map<SessionSpan, Map<number, { readonly label: string; readonly life: number }>>;

  constructor() {
    this.taken = new Map();
  }

  note(span: SessionSpan, id: number, label: string, life: number): void {
    const known = this.taken.get(span);
    if (known === undefined) this.taken.set(span, new Map([[id, { label, life }]]));
    else known.set(id, { label, life });
  }

  /** Whether the session has had this message under the identifier, or another one of a process that has forgotten it since. */
  has(span: SessionSpan, id: number, label: string, life: number): boolean {
    const known = this.taken.get(span)?.get(id);
    return known !== undefined && (known.label === label || known.life !== life);
  }
}

function judge(
  digest: Digest,
  connection: WireConnection,
  publish: InboundPublish,
  repeats: Repeats,
  found: Violation[],
): void {
  const { qos, id, label, topic, acceptance, answer, answeredAt } = publish;
  const { span } = connection;
  if (qos === 0) return;
  if (answeredAt !== NEVER) {
    const at = digest.at(answeredAt);
    const what = `${qos === 1 ? 'PUBACK' : 'PUBREC'} ${id} of ${connection.client}'s ${label === '' ? 'empty message' : label} to ${topic}`;
    if (answer >= 0x80 && acceptance !== undefined) {
      found.push({ checker: CHECKER, sentence: `${what} refuses what the broker had taken.`, at });
    }
    if (answer < 0x80 && acceptance === undefined && !isRepeat(digest, connection, publish, repeats)) {
      found.push({ checker: CHECKER, sentence: `${what} acknowledges what the broker had not taken.`, at });
    }
  }
  if (qos === 2 && acceptance !== undefined && span !== undefined) repeats.note(span, id, label, connection.clientLife);
}

/** A QoS 2 PUBLISH that the session has had: this message, or, of a client that has forgotten its half, another one under the identifier. */
function isRepeat(digest: Digest, connection: WireConnection, publish: InboundPublish, repeats: Repeats): boolean {
  const { span, client } = connection;
  if (publish.qos !== 2 || span === undefined) return false;
  // Empty messages have no names: which of them is repeated nobody can tell.
  if (publish.label === '') return true;
  if (span.isDoubtful) return true;
  if (digest.client(client).isForgetful) {
    return repeats.has(span, publish.id, publish.label, connection.clientLife);
  }
  const message = digest.messages.get(publish.label);
  return message === undefined
    ? publish.dup
    : message.acceptances.some((acceptance) => acceptance.place < publish.answeredAt);
}

function answeredLabels({ connections }: Digest): ReadonlySet<string> {
  const labels = new Set<string>();
  for (const { publishes } of connections.values()) {
    for (const { label, answeredAt, answer } of publishes) if (answeredAt !== NEVER && answer < 0x80) labels.add(label);
  }
  return labels;
}

function judgeOutcome(digest: Digest, message: MessageFacts, answered: ReadonlySet<string>, found: Violation[]): void {
  const { label, client, topic, qos, acceptances, settled, settledCode, stored } = message;
  if (qos === 0 || message.isWill || acceptances.length > 0 || answered.has(label)) return;
  const facts = digest.client(client);
  if (settled !== NEVER && settledCode < 0x80) {
    const sentence = `${client} was told that ${label} to ${topic} is settled; the broker never took it.`;
    found.push({ checker: CHECKER, sentence, at: digest.at(settled) });
  } else if (stored !== NEVER && isOwed(facts, message)) {
    const sentence = `${client} had stored ${label} to ${topic} (QoS ${qos}); the broker never took it, and nobody was told why.`;
    found.push({ checker: CHECKER, sentence, at: digest.endAt });
  }
}

/** Whether what is stored must have come to the broker. */
function isOwed(facts: ClientFacts, { failed, failedCode, topic }: MessageFacts): boolean {
  const { isForgetful, isUpAtEnd, undelivered } = facts;
  if (isForgetful || !isUpAtEnd) return false;
  // The end of a process fails nothing that is on its disk.
  const isLeft = failed === NEVER || failedCode === 'closed' || failedCode === 'store-failed';
  return isLeft && !undelivered.has(topic);
}
