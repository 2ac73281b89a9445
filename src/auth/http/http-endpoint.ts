// One URL that the broker asks, with everything about it bounded: connections, time, the length of an answer. A redirect is not
// followed: what a client says of itself goes where the operator said, and nowhere else. A server that failed again and again is
// left alone for a while (circuit-breaker.ts). What goes wrong is a value with a sentence for the log, which has nothing in it of
// what was sent.

import type { Pool } from 'undici';

import type { Clock } from '../../base/clock.ts';
import type { Millis } from '../../base/millis.ts';
import { CircuitBreaker } from './circuit-breaker.ts';

/** What is asked, and how. */
export interface EndpointOptions {
  readonly url: string;
  /** CAs in PEM; `undefined`: those that Node knows. */
  readonly ca: string | undefined;
  readonly connectionsMax: number;
  /** For all of a question: connecting, asking, and the answer. */
  readonly timeout: Millis;
}

/** What came of a question. */
export type EndpointReply<Answer> =
  | { readonly kind: 'answered'; readonly answer: Answer }
  /** Clauses without a full stop. */
  | { readonly kind: 'failed'; readonly why: string };

/** What was read in an answer; `unusable`: as if there were none. */
export type ReadAnswer<Answer> =
  | { readonly kind: 'read'; readonly answer: Answer }
  | { readonly kind: 'unusable'; readonly why: string };

const ANSWER_BYTES_MAX = 256 * 1024;
const OK = 200;

/** Asks one URL. */
export class HttpEndpoint {
  /** Loaded when there is something to ask, since that takes long. */
  private readonly pool: Promise<Pool>;
  private readonly path: string;
  private readonly timeout: Millis;
  private readonly clock: Pick<Clock, 'monotonic'>;
  private readonly breaker: CircuitBreaker;

  constructor({ url, ca, connectionsMax, timeout }: EndpointOptions, clock: Pick<Clock, 'monotonic'>) {
    const { origin, pathname, search } = new URL(url);
    this.pool = import('undici').then(
      ({ Pool }) =>
        new Pool(origin, {
          connections: connectionsMax,
          allowH2: false,
          connect: { timeout, ca },
          headersTimeout: timeout,
          bodyTimeout: timeout,
          maxResponseSize: ANSWER_BYTES_MAX,
        }),
    );
    this.path = pathname + search;
    this.timeout = timeout;
    this.clock = clock;
    this.breaker = new CircuitBreaker();
  }

  /**
   * Asks. Never rejects.
   * @param body  What is posted; `undefined`: nothing, it is a GET.
   * @param read  Takes the body of an answer with the status 200. One that it cannot use counts as a failure of the server.
   */
  async ask<Answer>(
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
    read: (text: string) => ReadAnswer<Answer>,
  ): Promise<EndpointReply<Answer>> {
    if (!this.breaker.mayAsk(this.clock.monotonic())) {
      return { kind: 'failed', why: 'it has failed too often, and is left alone for a while' };
    }
    const outcome = await this.outcomeOf(body, headers, read);
    if (outcome.kind === 'answered') this.breaker.succeed();
    else this.breaker.fail(this.clock.monotonic());
    return outcome;
  }

  /** Asks no more; who waits for an answer gets none. */
  close(): void {
    void this.pool.then((pool) => pool.destroy()); // Whoever waits hears of it as of a failure.
  }

  private async outcomeOf<Answer>(
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
    read: (text: string) => ReadAnswer<Answer>,
  ): Promise<EndpointReply<Answer>> {
    try {
      const pool = await this.pool;
      const reply = await pool.request({
        method: body === undefined ? 'GET' : 'POST',
        path: this.path,
        headers: { accept: 'application/json', ...(body === undefined ? {} : JSON_BODY), ...headers },
        body: body ?? null,
        signal: AbortSignal.timeout(this.timeout),
      });
      const text = await reply.body.text();
      if (reply.statusCode !== OK) return { kind: 'failed', why: `it answers with the status ${reply.statusCode}` };
      const outcome = read(text);
      if (outcome.kind === 'read') return { kind: 'answered', answer: outcome.answer };
      return { kind: 'failed', why: `its answer is of no use: ${outcome.why}` };
    } catch (error) {
      return { kind: 'failed', why: this.reasonOf(error) };
    }
  }

  private reasonOf(error: unknown): string {
    const name = error instanceof Error ? error.name : '';
    if (/Timeout/u.test(name)) return `it has not answered within ${this.timeout / 1000} s`;
    if (name === 'ResponseExceededMaxSizeError') return `its answer is longer than ${ANSWER_BYTES_MAX / 1024} KiB`;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const what = error instanceof Error ? error.message : String(error);
    return `it cannot be asked: ${what === '' ? code : what}`;
  }
}

const JSON_BODY = { 'content-type': 'application/json' };
