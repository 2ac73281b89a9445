// The work that the end-to-end bench gives to every broker. The rows of the first part are those of docs/performance.md.

import type { Load } from './generator.ts';

/** One kind of load. */
export interface Scenario {
  readonly name: string;
  /** For people, in the table. */
  readonly title: string;
  readonly load: Load;
  /** What is measured: CPU time a delivery, or memory a connection. */
  readonly figure: 'microseconds' | 'bytes';
  /** Publishers, and deliveries of each of their messages: what a message count means. */
  readonly publishers: number;
  readonly fanOut: number;
  /** Messages per publisher of the run before the measured one, which warms the broker up and tells how fast it is. */
  readonly warmUpMessages: number;
  /** Whether it runs without being asked for by name. */
  readonly isStandard: boolean;
}

const QOS = [0, 1, 2] as const;

/** Every scenario, in the order of the table. */
export const SCENARIOS: readonly Scenario[] = [
  ...QOS.map((qos) => pairs(`qos${qos}`, `100 pairs, 16 B, window 100, QoS ${qos}`, 100, qos, 100, 16)),
  pairs('worst', '1000 pairs, 16 B, window 1, QoS 1', 1000, 1, 1, 16),
  {
    name: 'fan-out',
    title: '1 to 1000, 16 B, window 100, QoS 0',
    load: { kind: 'fanout', clients: 1000, qos: 0, window: 100, payloadBytes: 16 },
    figure: 'microseconds',
    publishers: 1,
    fanOut: 1000,
    warmUpMessages: 200,
    isStandard: true,
  },
  {
    name: 'fan-in',
    title: '500 to 1, 16 B, window 100, QoS 0',
    load: { kind: 'fanin', clients: 500, qos: 0, window: 100, payloadBytes: 16 },
    figure: 'microseconds',
    publishers: 500,
    fanOut: 1,
    warmUpMessages: 200,
    isStandard: true,
  },
  {
    name: 'idle',
    title: 'an idle connection (10,000 of them)',
    load: { kind: 'conn', clients: 10_000, qos: 0, window: 0, payloadBytes: 0 },
    figure: 'bytes',
    publishers: 0,
    fanOut: 0,
    warmUpMessages: 0,
    isStandard: true,
  },
  ...QOS.map((qos) => pairs(`1k-qos${qos}`, `100 pairs, 1 KiB, window 100, QoS ${qos}`, 100, qos, 100, 1024)),
];

function pairs(name: string, title: string, count: number, qos: number, window: number, size: number): Scenario {
  return {
    name,
    title,
    load: { kind: 'pairs', clients: count, qos, window, payloadBytes: size },
    figure: 'microseconds',
    publishers: count,
    fanOut: 1,
    warmUpMessages: Math.round(50_000 / count),
    isStandard: size === 16,
  };
}
