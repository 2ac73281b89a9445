import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { HistoryEvent } from '../history.ts';
import { NOTHING_LEFT as END } from './sample-events.ts';
import { traceHash } from './trace-hash.ts';

const STARTED: HistoryEvent = { at: 1, kind: 'started', who: 'broker', life: 1 };
const READY: HistoryEvent = { at: 2, kind: 'ready', who: 'broker', life: 1 };

test('the same events have the same hash, as 16 digits', () => {
  const hash = traceHash({ events: [STARTED, READY], end: END });
  assert.match(hash, /^[0-9a-f]{16}$/);
  assert.equal(traceHash({ events: [{ ...STARTED }, { ...READY }], end: { ...END } }), hash);
});

test('a time, a name, the order, one event more, and the end each make another hash', () => {
  const hashes = [
    traceHash({ events: [STARTED, READY], end: END }),
    traceHash({ events: [READY, STARTED], end: END }),
    traceHash({ events: [STARTED], end: END }),
    traceHash({ events: [{ ...STARTED, at: 2 }, READY], end: END }),
    traceHash({ events: [{ ...STARTED, who: 'ann' }, READY], end: END }),
    traceHash({ events: [STARTED, READY], end: { ...END, unrest: ['something moves'] } }),
    traceHash({ events: [STARTED, READY], end: { ...END, sizes: { ...END.sizes, sessions: 1 } } }),
  ];
  assert.equal(new Set(hashes).size, hashes.length);
});

test('a text is not the number that it looks like, nor is nothing the text of it', () => {
  const of = (value: unknown): string => traceHash({ events: [], end: { ...END, exceptions: [value as string] } });
  const hashes = [
    of('1'),
    of(1),
    of(undefined),
    of('undefined'),
    of(true),
    of('true'),
    of(''),
    of(new Uint8Array([1])),
  ];
  assert.equal(new Set(hashes).size, hashes.length);
});
