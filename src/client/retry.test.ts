import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { OperationError } from '../base/errors.ts';
import { type Millis, millis } from '../base/millis.ts';
import type { Random } from '../base/random.ts';
import { ProtocolError } from '../packet/protocol-error.ts';
import { REASON_CODES } from '../packet/reason-code-table.ts';
import { Reason } from '../packet/reason-codes.ts';
import type { ClientEnd } from './endings.ts';
import { type Refusable, Retry, type RetryVerdict, RULES, readReconnect, retryVerdict } from './retry.ts';

const LOST: ClientEnd = { kind: 'connection-lost', cause: undefined };
const SAME: Refusable = { refused: () => false };
const OTHERS: Refusable = { refused: () => true };
const NOW = millis(1_000);

test('without the option the client connects again, for ever', () => {
  const settings = { delayMin: 500, delayMax: 30_000, attemptsMax: Number.POSITIVE_INFINITY };
  assert.deepEqual(readReconnect(undefined), settings);
  assert.deepEqual(readReconnect(true), settings);
  assert.deepEqual(readReconnect({}), settings);
});

test('false: every end is the last one', () => {
  assert.equal(readReconnect(false), undefined);
  const retry = new Retry(undefined, drawing(0.5));
  assert.equal(retry.next(LOST, OTHERS, NOW), undefined);
});

test('one delay alone moves the default of the other where they would cross', () => {
  assert.deepEqual(readReconnect({ delayMinMillis: 60_000 })?.delayMax, 60_000);
  assert.deepEqual(readReconnect({ delayMaxMillis: 100 })?.delayMin, 100);
});

test('options out of bounds are refused', () => {
  for (const option of [
    { delayMinMillis: 0 },
    { delayMinMillis: 1.5 },
    { delayMaxMillis: 86_400_001 },
    { delayMinMillis: 2, delayMaxMillis: 1 },
    { attemptsMax: 0 },
    { attemptsMax: Number.NaN },
  ]) {
    assert.throws(() => readReconnect(option), { name: 'UsageError', code: 'invalid-option', message: /^reconnect\./ });
  }
  for (const option of ['yes', 5, null]) {
    assert.throws(() => Reflect.apply(readReconnect, undefined, [option]), {
      code: 'invalid-option',
      message: /true, false or an object/,
    });
  }
});

test('the bound doubles with each failure, up to the greatest', () => {
  const retry = new Retry(readReconnect({ delayMinMillis: 100, delayMaxMillis: 1_000 }), drawing(1));
  const delays = Array.from({ length: 6 }, () => retry.next(LOST, SAME, NOW));
  assert.deepEqual(delays, [100, 200, 400, 800, 1_000, 1_000]);
});

test('no delay is below a tenth of its bound', () => {
  const retry = new Retry(readReconnect({ delayMinMillis: 100 }), drawing(0));
  assert.deepEqual([retry.next(LOST, SAME, NOW), retry.next(LOST, SAME, NOW)], [10, 20]);
});

test('every delay is between a tenth of its bound and the bound, whatever fails how often', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 86_400_000 }),
      fc.integer({ min: 1, max: 86_400_000 }),
      fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 60 }),
      (one, other, draws) => {
        const [delayMin, delayMax] = [Math.min(one, other), Math.max(one, other)];
        const settings = readReconnect({ delayMinMillis: delayMin, delayMaxMillis: delayMax });
        const retry = new Retry(settings, drawing(...draws));
        for (let failures = 0; failures < draws.length; failures++) {
          const bound = Math.min(delayMax, delayMin * 2 ** failures);
          const delay = retry.next(LOST, SAME, NOW);
          assert.ok(delay !== undefined && Number.isInteger(delay) && delay >= 1);
          assert.ok(delay >= bound / 10 && delay <= bound);
        }
      },
    ),
  );
});

test('a connection that has lasted as long as the longest delay sets the bound back', () => {
  const retry = new Retry(readReconnect({ delayMinMillis: 100, delayMaxMillis: 1_000 }), drawing(1));
  retry.next(LOST, SAME, NOW);
  retry.next(LOST, SAME, NOW);
  retry.succeeded(NOW);
  assert.equal(retry.next(LOST, SAME, millis(NOW + 1_000)), 100);
});

test('a broker that accepts and drops meets slower and slower attempts', () => {
  const retry = new Retry(readReconnect({ delayMinMillis: 100, delayMaxMillis: 1_000 }), drawing(1));
  const delays = Array.from({ length: 5 }, () => {
    retry.succeeded(NOW);
    return retry.next(LOST, SAME, millis(NOW + 999));
  });
  assert.deepEqual(delays, [100, 200, 400, 800, 1_000]);
});

test('attemptsMax counts the attempts that failed since the last connection', () => {
  const retry = new Retry(readReconnect({ attemptsMax: 2 }), drawing(0.5));
  const isOver = (): boolean => retry.next(LOST, SAME, NOW) === undefined;
  assert.deepEqual([isOver(), isOver()], [false, true]);
  retry.succeeded(NOW);
  // The end of the connection is no failed attempt.
  assert.deepEqual([isOver(), isOver(), isOver()], [false, false, true]);
});

test('a broker that asks for patience gets it at once', () => {
  const settings = readReconnect({ delayMinMillis: 100, delayMaxMillis: 1_000 });
  for (const reasonCode of [Reason.serverBusy, Reason.quotaExceeded, Reason.connectionRateExceeded]) {
    const retry = new Retry(settings, drawing(1));
    assert.equal(retry.next(refused(reasonCode), SAME, NOW), 1_000);
    assert.equal(retry.next(LOST, SAME, NOW), 200);
  }
});

test('taken over is the end, but once for each CONNECT that had no answer and may have come late', () => {
  const taken = told(Reason.sessionTakenOver);
  const retry = new Retry(readReconnect({ delayMinMillis: 100, delayMaxMillis: 1_000 }), drawing(1));
  for (let attempt = 0; attempt < 2; attempt++) {
    retry.unanswered(NOW);
    assert.notEqual(retry.next(LOST, SAME, NOW), undefined);
  }
  retry.succeeded(NOW);
  const delays = [taken, LOST, taken, taken].map((end) => retry.next(end, SAME, NOW));
  assert.deepEqual(delays, [1_000, 800, 1_000, undefined]);
});

test('a CONNECT comes late by a quarter of an hour at most', () => {
  const minutes = (count: number): Millis => millis(NOW + count * 60_000);
  for (const [later, isOver] of [
    [minutes(14), false],
    [minutes(15), true],
  ] as const) {
    const retry = new Retry(readReconnect(true), drawing(1));
    retry.unanswered(NOW);
    retry.succeeded(NOW);
    assert.equal(retry.next(told(Reason.sessionTakenOver), SAME, later) === undefined, isOver);
  }
  const retry = new Retry(readReconnect(true), drawing(1));
  retry.unanswered(NOW);
  retry.unanswered(minutes(15));
  const delays = [1, 2].map(() => retry.next(told(Reason.sessionTakenOver), SAME, minutes(16)));
  assert.deepEqual(delays, [30_000, undefined], 'the first one is forgotten');
});

test('a connection that was ended to send the client elsewhere is followed by an attempt, where it goes there', () => {
  for (const end of [told(Reason.useAnotherServer), told(Reason.serverMoved)]) {
    const retry = new Retry(readReconnect({ delayMinMillis: 100 }), drawing(1));
    retry.succeeded(NOW);
    assert.equal(retry.next(end, SAME, NOW, true), 100);
    assert.equal(retry.next(end, SAME, NOW), undefined);
  }
  assert.equal(new Retry(undefined, drawing(1)).next(told(Reason.serverMoved), SAME, NOW, true), undefined);
});

test('a refusal of the credentials is tried again with others only', () => {
  for (const reasonCode of [Reason.badUserNameOrPassword, Reason.notAuthorized, Reason.banned]) {
    for (const end of [refused(reasonCode), told(reasonCode)]) {
      assert.equal(new Retry(readReconnect(true), drawing(1)).next(end, SAME, NOW), undefined);
      assert.equal(new Retry(readReconnect(true), drawing(1)).next(end, OTHERS, NOW), 500);
    }
  }
});

test('who has credentials is asked only where they are to blame', () => {
  const never: Refusable = { refused: () => assert.fail('asked') };
  const retry = new Retry(readReconnect(true), drawing(1));
  for (const end of [LOST, refused(Reason.serverUnavailable), told(Reason.sessionTakenOver)]) {
    retry.next(end, never, NOW);
  }
});

test('every Reason Code with which a broker ends or refuses a connection has a rule of its own', () => {
  for (const reasonCode of new Set([...REASON_CODES.connack, ...REASON_CODES.disconnectFromServer])) {
    assert.ok(RULES.has(reasonCode), `0x${reasonCode.toString(16)}`);
    assert.equal(retryVerdict(refused(reasonCode)), RULES.get(reasonCode));
    assert.equal(retryVerdict(told(reasonCode)), RULES.get(reasonCode));
  }
  assert.equal(retryVerdict(told(0xff)), 'again');
});

test('an end is tried again, or not, for what it says', () => {
  const network = new Error('no route');
  const cases: readonly (readonly [ClientEnd, RetryVerdict])[] = [
    [LOST, 'again'],
    [{ kind: 'connection-lost', cause: network }, 'again'],
    [
      {
        kind: 'not-connected',
        error: new OperationError('connection-refused', 'nobody listens'),
        serverReference: undefined,
      },
      'again',
    ],
    [{ kind: 'not-connected', error: new OperationError('timed-out', 'silence'), serverReference: undefined }, 'again'],
    [
      {
        kind: 'not-connected',
        error: new OperationError('connection-lost', 'closed before CONNACK'),
        serverReference: undefined,
      },
      'again',
    ],
    [
      {
        kind: 'not-connected',
        error: new OperationError('protocol-error', 'no broker', 0x81),
        serverReference: undefined,
      },
      'never',
    ],
    [{ kind: 'protocol-error', error: new ProtocolError('keep-alive-timeout', 0x8d, '', 'silence') }, 'again'],
    [{ kind: 'protocol-error', error: new ProtocolError('malformed-packet', 0x81, '', 'nonsense') }, 'never'],
    [refused(Reason.serverUnavailable), 'again'],
    [refused(Reason.clientIdentifierNotValid), 'never'],
    [refused(Reason.unsupportedProtocolVersion), 'never'],
    [refused(Reason.packetTooLarge), 'never'],
    [refused(Reason.useAnotherServer), 'never'],
    [told(Reason.normalDisconnection), 'again'],
    [told(Reason.serverShuttingDown), 'again'],
    [told(Reason.keepAliveTimeout), 'again'],
    [told(Reason.administrativeAction), 'again'],
    [told(Reason.sessionTakenOver), 'never'],
    [told(Reason.protocolError), 'never'],
    [told(Reason.serverMoved), 'never'],
    [{ kind: 'authentication-failed', error: new OperationError('timed-out', 'silence') }, 'again'],
    [{ kind: 'disconnected' }, 'never'],
    [{ kind: 'handler-failed', error: network }, 'never'],
    [{ kind: 'store-failed', error: new OperationError('store-failed', 'disk') }, 'never'],
  ];
  for (const [end, verdict] of cases) assert.equal(retryVerdict(end), verdict, JSON.stringify(end));
});

/** Chance that draws these numbers in turn, round and round. */
function drawing(...draws: readonly number[]): Random {
  let at = 0;
  return { next: () => draws[at++ % draws.length] ?? 0, bytes: (count) => new Uint8Array(count) };
}

function refused(reasonCode: number): ClientEnd {
  return {
    kind: 'not-connected',
    error: new OperationError('connection-refused', 'refused', reasonCode),
    serverReference: undefined,
  };
}

function told(reasonCode: number): ClientEnd {
  return { kind: 'disconnected-by-broker', reasonCode, reasonString: undefined, serverReference: undefined };
}
