// What a client process tells the harness, a line each, on its stdout. A line has been written when
// the process goes on: whatever happens to the process then, the harness reads it. The order of the lines is the order
// in which the things happened.

import { writeSync } from 'node:fs';

import { unreachable } from '../../../src/base/assert.ts';
import { type Label, labelKey } from '../label.ts';

const STDOUT = 1;
const RETRY_MILLIS = 1;
/** What nobody changes can be waited for. */
const NOBODY = new Int32Array(new SharedArrayBuffer(4));

/** One thing that happened in a client process. */
export type Report =
  /** Its store is open. */
  | { readonly kind: 'open' }
  /** CONNACK has come. */
  | { readonly kind: 'connected'; readonly isResumed: boolean }
  /** The client is over, though nobody asked it to end. */
  | { readonly kind: 'over'; readonly how: string }
  /** `publish` is about to be called for the message of this number. */
  | { readonly kind: 'trying'; readonly number: number }
  /** Its `stored` was fulfilled. */
  | { readonly kind: 'stored'; readonly number: number }
  /** Its delivery was settled. */
  | { readonly kind: 'settled'; readonly number: number }
  /** Its promise was rejected, with this code. */
  | { readonly kind: 'failed'; readonly number: number; readonly code: string }
  /** The event `undelivered`: a message of an earlier process was rejected. */
  | { readonly kind: 'undelivered'; readonly code: string }
  /** As it was told to, it publishes nothing, and everything is settled. */
  | { readonly kind: 'at-rest' }
  /** The subscriptions are in force. */
  | { readonly kind: 'subscribed' }
  /** A message was processed. */
  | { readonly kind: 'taken'; readonly message: TakenMessage }
  /** The one with this key was acknowledged. */
  | { readonly kind: 'done'; readonly key: number };

/** A message as the application got it. */
export interface TakenMessage {
  /** `undefined`: the payload is not one of the harness as it was sent. */
  readonly label: Label | undefined;
  readonly topic: string;
  readonly qos: number;
  readonly key: number;
}

/** Tells it, from a client process, which waits while the harness is slow to listen. */
export function tell(report: Report): void {
  const bytes = Buffer.from(`${reportLine(report)}\n`);
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(STDOUT, bytes, written);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      Atomics.wait(NOBODY, 0, 0, RETRY_MILLIS);
    }
  }
}

/** A report as a line. */
export function reportLine(report: Report): string {
  switch (report.kind) {
    case 'open':
    case 'at-rest':
    case 'subscribed':
      return report.kind;
    case 'connected':
      return `connected ${report.isResumed ? 'resumed' : 'new'}`;
    case 'over':
      return `over ${report.how.replaceAll('\n', ' ')}`;
    case 'trying':
    case 'stored':
    case 'settled':
      return `${report.kind} ${report.number}`;
    case 'failed':
      return `failed ${report.number} ${report.code}`;
    case 'undelivered':
      return `undelivered ${report.code}`;
    case 'taken': {
      const { label, topic, qos, key } = report.message;
      return `taken ${label === undefined ? '?' : labelKey(label)} ${topic} ${qos} ${key}`;
    }
    case 'done':
      return `done ${report.key}`;
    default:
      return unreachable(report);
  }
}

/** The report that a line is; `undefined`: none. */
export function readReport(line: string): Report | undefined {
  const [kind = '', first = '', second = '', third = '', fourth = ''] = line.split(' ');
  switch (kind) {
    case 'open':
    case 'at-rest':
    case 'subscribed':
      return { kind };
    case 'connected':
      return { kind, isResumed: first === 'resumed' };
    case 'over':
      return { kind, how: line.slice('over '.length) };
    case 'trying':
    case 'stored':
    case 'settled':
      return { kind, number: Number(first) };
    case 'failed':
      return { kind, number: Number(first), code: second };
    case 'undelivered':
      return { kind, code: first };
    case 'taken':
      return {
        kind,
        message: { label: labelOf(first), topic: second, qos: Number(third), key: Number(fourth) },
      };
    case 'done':
      return { kind, key: Number(first) };
    default:
      return undefined;
  }
}

/** The label with this key (label.ts). */
function labelOf(text: string): Label | undefined {
  const [publisher = '', number] = text.split('#');
  return number === undefined ? undefined : { publisher, number: Number(number) };
}
