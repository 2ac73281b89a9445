// What the exchange of messages between a client and a broker has come to, and what is wrong with it.

import type { Exchange } from './exchange.ts';

/** What may have happened on the way, and excuses what. */
export interface Circumstances {
  /** The broker has lost the session: a message that was on its way to it is as `onAmbiguous` says. */
  readonly wasSessionLost: boolean;
  readonly onAmbiguous: 'resend' | 'reject';
}

/** Everything that is wrong, a line each; to be asked when the exchange is finished. */
export function faultsOf(exchange: Exchange, circumstances: Circumstances): readonly string[] {
  const { owed } = exchange;
  const left = owed === '' ? [] : [`at the end, ${owed}`];
  return [...outwardFaults(exchange, circumstances), ...inwardFaults(exchange), ...left];
}

function outwardFaults({ published, broker }: Exchange, { wasSessionLost, onAmbiguous }: Circumstances): string[] {
  const faults: string[] = [];
  for (const { text, qos, isStored, outcome } of published) {
    const count = broker.accepted.filter((each) => each === text).length;
    const isOwed = (isStored || outcome === 'delivered') && outcome !== 'ambiguous';
    if (isOwed && count === 0) faults.push(`QoS ${qos} message ${text} is lost`);
    if (outcome === 'failed') faults.push(`QoS ${qos} message ${text} failed`);
    const mayComeTwice = qos === 1 || (wasSessionLost && onAmbiguous === 'resend');
    if (!mayComeTwice && count > 1) faults.push(`QoS ${qos} message ${text} arrived ${count} times`);
  }
  for (const qos of [1, 2]) {
    const texts = published.filter((each) => each.qos === qos).map(({ text }) => text);
    const first = Array.from(new Set(broker.accepted)).filter((text) => texts.includes(text));
    if (!isAscending(first.map(Number))) faults.push(`QoS ${qos} messages arrived as ${first.join(' ')}`);
  }
  return faults;
}

function inwardFaults({ sent, handed }: Exchange): string[] {
  const faults: string[] = [];
  for (const { text, qos, isLost } of sent) {
    const copies = handed.filter((each) => each.text === text);
    const keys = new Set(copies.map(({ key }) => key));
    const processes = new Set(copies.map(({ process }) => process));
    if (copies.length === 0 && !isLost) faults.push(`QoS ${qos} message ${text} was not handed over`);
    if (qos === 1) continue;
    if (keys.size > 1) faults.push(`QoS 2 message ${text} was handed over under ${keys.size} keys`);
    if (copies.length > processes.size) faults.push(`QoS 2 message ${text} was handed over twice by one process`);
  }
  const keyOwners = Map.groupBy(handed, ({ key }) => key);
  for (const [key, owners] of keyOwners) {
    if (new Set(owners.map(({ text }) => text)).size > 1) faults.push(`key ${key} is that of more than one message`);
  }
  for (const qos of [1, 2]) {
    const first = Array.from(new Set(handed.filter((each) => each.qos === qos).map(({ text }) => text)));
    if (!isAscending(first.map(Number))) faults.push(`QoS ${qos} messages were handed over as ${first.join(' ')}`);
  }
  return faults;
}

function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0));
}
