// A history as people read it: one line an event, with its virtual time, who, and what in plain words.
//   0.020 s  ann     > 3      PUBLISH t/1 = ann#1 QoS 2 id 1     what ann lays down to be sent on connection 3
//   0.023 s  broker  < 3 ann  PUBLISH t/1 = ann#1 QoS 2 id 1     what has come to the broker, from ann
//   0.031 s  bob              is handed ann#1 ...                what an application does and is told
// Violations stand where they show. It judges nothing.

import { unreachable } from '../../src/base/assert.ts';
import type { Violation } from '../check/violation.ts';
import type { ApplicationEvent, BrokerEvent, History, HistoryEvent, ProcessEvent, WireEvent } from '../history.ts';
import { sayFilter, sayPacket, sayReason, words } from './say-packet.ts';
import { sayStep, sayTime } from './say-step.ts';

/** Who, on which connection, and what. */
interface Line {
  readonly who: string;
  readonly where: string;
  readonly what: string;
}

/** A whole history, violations included. */
export function timelineOf(history: History, violations: readonly Violation[]): readonly string[] {
  const who = Math.max(6, ...history.plan.clients.map(({ name }) => name.length));
  // Such as `> 12 bob`.
  const where = who + 5;
  const pending = violations.toSorted((a, b) => a.at - b.at);
  const lines: string[] = [];
  const tell = (time: number, line: Line): void => {
    lines.push(
      `${sayTime(time).padStart(11)}  ${line.who.padEnd(who)}  ${line.where.padEnd(where)}  ${line.what}`.trimEnd(),
    );
  };
  const accuse = (until: number): void => {
    for (let next = pending[0]; next !== undefined && next.at < until; next = pending[0]) {
      tell(next.at, { who: '!!!', where: '', what: `${next.checker}: ${next.sentence}` });
      pending.shift();
    }
  };
  for (const event of history.events) {
    accuse(event.at);
    tell(event.at, sayEvent(event));
  }
  accuse(Infinity);
  for (const sentence of history.end.unrest) lines.push(`     at end  ${sentence}`);
  for (const stack of history.end.exceptions) lines.push(`  exception  ${stack}`);
  return lines;
}

/** One event: who, and what. */
function sayEvent(event: HistoryEvent): Line {
  switch (event.kind) {
    case 'fault':
      return { who: '***', where: '', what: sayStep(event.step) };
    case 'quiet':
      return { who: '***', where: '', what: 'from here on nothing breaks' };
    case 'started':
    case 'ready':
    case 'crashed':
    case 'stopped':
    case 'store-failed':
    case 'over':
      return { who: event.who, where: '', what: sayProcess(event) };
    case 'dialled':
    case 'sent':
    case 'came':
    case 'connection-over':
      return sayWire(event);
    case 'published':
    case 'dropped':
    case 'store-full':
      return { who: 'broker', where: '', what: sayBroker(event) };
    case 'publish':
    case 'stored':
    case 'settled':
    case 'failed':
    case 'undelivered':
    case 'subscribe':
    case 'subscribed':
    case 'subscribe-failed':
    case 'unsubscribe':
    case 'unsubscribed':
    case 'unsubscribe-failed':
    case 'received':
    case 'acknowledged':
    case 'connected':
    case 'disconnected':
      return { who: event.client, where: '', what: sayApplication(event) };
    default:
      return unreachable(event);
  }
}

function sayProcess(event: ProcessEvent): string {
  switch (event.kind) {
    case 'started':
      return `starts (life ${event.life})`;
    case 'ready':
      return 'is ready';
    case 'crashed':
      return `${event.machine ? 'loses its power' : 'is killed'}${event.boundary === '' ? '' : ` at a boundary: ${event.boundary}`}`;
    case 'stopped':
      return 'has stopped';
    case 'store-failed':
      return `its store has failed: ${event.code}`;
    case 'over':
      return `ends by itself: ${event.how}`;
    default:
      return unreachable(event);
  }
}

function sayWire(event: WireEvent): Line {
  const { client, connection } = event;
  switch (event.kind) {
    case 'dialled':
      return { who: client, where: `  ${connection}`, what: event.isIntruder ? 'somebody else dials as it' : 'dials' };
    case 'sent':
      return { ...placeOf(event.by, client, connection, '>'), what: sayPacket(event.packet) };
    case 'came':
      return { ...placeOf(event.to, client, connection, '<'), what: sayPacket(event.packet) };
    case 'connection-over':
      return { ...placeOf(event.side, client, connection, 'x'), what: OVER[event.how] };
    default:
      return unreachable(event);
  }
}

/** Clients have one connection at a time; of the broker's it is said whose it is. */
function placeOf(
  side: 'client' | 'broker',
  client: string,
  connection: number,
  sign: string,
): Pick<Line, 'who' | 'where'> {
  if (side === 'client') return { who: client, where: `${sign} ${connection}` };
  return { who: 'broker', where: `${sign} ${connection} ${client}` };
}

const OVER = {
  end: 'ends it',
  destroy: 'destroys it',
  told: 'is told that it is over',
  crash: 'is gone from it',
} as const;

function sayBroker(event: BrokerEvent): string {
  switch (event.kind) {
    case 'published': {
      const what = `${event.label === '' ? 'an empty message' : event.label} to ${event.topic}, QoS ${event.qos}`;
      return words(
        `accepts ${what}`,
        event.retain && 'retain',
        event.by === undefined ? 'of itself' : `of ${event.by}`,
      );
    }
    case 'dropped': {
      const what = event.topic === '' ? 'messages' : `of ${event.topic}`;
      return `drops ${event.count} ${what} for ${event.client}: ${event.reason}`;
    }
    case 'store-full':
      return event.isFull ? 'says that its store is full' : 'says that its store has room again';
    default:
      return unreachable(event);
  }
}

// One line a case. oxlint counts them all the same.
function sayApplication(event: ApplicationEvent): string {
  switch (event.kind) {
    case 'publish': {
      const what = event.isEmpty ? `${event.label}, an empty message,` : event.label;
      return words(
        `publishes ${what} to ${event.topic}, QoS ${event.qos}`,
        event.retain && 'retain',
        event.expirySeconds !== undefined && `expiring in ${event.expirySeconds} s`,
      );
    }
    case 'stored':
      return `hears that ${event.label} is stored`;
    case 'settled':
      return words(`hears that ${event.label} is settled`, sayReason(event.reasonCode));
    case 'failed':
      return words(`hears that ${event.label} has failed: ${event.code}`, sayReason(event.reasonCode));
    case 'undelivered':
      return `hears that a message of an earlier life to ${event.topic} is not delivered: ${event.code}`;
    case 'subscribe':
      return `subscribes (${event.handle}) to ${event.filters.map(sayFilter).join(', ')}`;
    case 'subscribed':
      return `is subscribed (${event.handle}): ${event.granted.join(', ')}`;
    case 'subscribe-failed':
      return `is not subscribed (${event.handle}): ${event.code}`;
    case 'unsubscribe':
      return `unsubscribes from ${event.filters.join(', ')}`;
    case 'unsubscribed':
      return words(`is unsubscribed from ${event.filters.join(', ')}:`, event.reasonCodes.join(', '));
    case 'unsubscribe-failed':
      return `is not unsubscribed from ${event.filters.join(', ')}: ${event.code}`;
    case 'received': {
      const what = `${event.label === '' ? 'an empty message' : event.label} on ${event.topic}, QoS ${event.qos}`;
      const whose = event.handle < 0 ? 'for no subscription of this life' : `for subscription ${event.handle}`;
      return words(`is handed ${what}`, event.retain && 'retain', event.dup && 'dup', `${whose}, key ${event.key}`);
    }
    case 'acknowledged':
      return `is done with ${event.label === '' ? 'an empty message' : event.label}, key ${event.key}`;
    case 'connected':
      return `is connected, ${event.sessionPresent ? 'to the session it had' : 'with a new session'}`;
    case 'disconnected':
      return words(`is disconnected: ${event.how}`, sayReason(event.reasonCode));
    default:
      return unreachable(event);
  }
}
