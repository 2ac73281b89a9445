// One URL that the broker asks, with everything about it bounded: connections, time, the length of an answer. A redirect is not
// followed: what a client says of itself goes where the operator said, and nowhere else. A server that failed again and again is
// left alone for a while (circuit-breaker.ts). What goes wrong is a value with a sentence for the log, which has nothing in it of
// what was sent. Who asks something that the server does not take, or answers in words of its own, has harmed nobody else by that.

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
  /**
   * `cause`: what it comes of. `server`: it does not answer, or says itself that it cannot. `question`: it does not take this one.
   * `answer`: what it says is of no use. `why`: clauses without a full stop.
   */
  | { readonly kind: 'failed'; readonly cause: 'server' | 'question' | 'answer'; readonly why: string };

/** What was read in an answer; `unusable`: as if there were none. */
export type ReadAnswer<Answer> =
  | { readonly kind: 'read'; readonly answer: Answer }
  | { readonly kind: 'unusable'; readonly why: string };

const ANSWER_BYTES_MAX = 256 * 1024;
const OK = 200;

/** Asks one URL. */
export class HttpEndpoint {
  private readonly options: EndpointOptions;
  private readonly path: string;
  private readonly clock: Pick<Clock, 'monotonic'>;
  private pool: Promise<Pool>;
  private breaker: CircuitBreaker;

  constructor(options: EndpointOptions, clock: Pick<Clock, 'monotonic'>) {
    const { pathname, search } = new URL(options.url);
    this.options = options;
    this.path = pathname + search;
    this.clock = clock;
    this.pool = openPool(options);
    this.breaker = new CircuitBreaker();
  }

  /**
   * From now on these CAs are trusted. What was asked before is answered on its old connection; a server that had failed is asked again at
   * once, since that may have been the reason.
   */
  replaceAuthorities(ca: string | undefined): void {
    void this.pool.then((pool) => pool.close()); // It ends when it is idle; nobody waits for that.
    this.pool = openPool({ ...this.options, ca });
    this.breaker = new CircuitBreaker();
  }

  /**
   * Asks. Never rejects.
   * @param body  What is posted; `undefined`: nothing, it is a GET.
   * @param read  Takes the body of an answer with the status 200. One that it cannot use is a failure.
   */
  async ask<Answer>(
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
    read: (text: string) => ReadAnswer<Answer>,
  ): Promise<EndpointReply<Answer>> {
    const { breaker } = this;
    if (!breaker.mayAsk(this.clock.monotonic())) {
      return { kind: 'failed', cause: 'server', why: 'it has failed too often, and is left alone for a while' };
    }
    const outcome = await this.outcomeOf(body, headers, read);
    if (outcome.kind === 'failed' && outcome.cause === 'server') breaker.fail(this.clock.monotonic());
    else breaker.succeed();
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
        signal: AbortSignal.timeout(this.options.timeout),
      });
      const text = await reply.body.text();
      if (reply.statusCode !== OK) {
        return {
          kind: 'failed',
          cause: causeOf(reply.statusCode),
          why: `it answers with the status ${reply.statusCode}`,
        };
      }
      const outcome = read(text);
      if (outcome.kind === 'read') return { kind: 'answered', answer: outcome.answer };
      return { kind: 'failed', cause: 'answer', why: `its answer is of no use: ${outcome.why}` };
    } catch (error) {
      return { kind: 'failed', cause: isTooLong(error) ? 'answer' : 'server', why: this.reasonOf(error) };
    }
  }

  private reasonOf(error: unknown): string {
    const name = error instanceof Error ? error.name : '';
    if (/Timeout/u.test(name)) return `it has not answered within ${this.options.timeout / 1000} s`;
    if (isTooLong(error)) return `its answer is longer than ${ANSWER_BYTES_MAX / 1024} KiB`;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const what = error instanceof Error ? error.message : String(error);
    return `it cannot be asked: ${what === '' ? code : what}`;
  }
}

/** Loaded when there is something to ask, since that takes long. */
async function openPool({ url, ca, connectionsMax, timeout }: EndpointOptions): Promise<Pool> {
  const { Pool } = await import('undici');
  return new Pool(new URL(url).origin, {
    connections: connectionsMax,
    allowH2: false,
    connect: { timeout, ca },
    headersTimeout: timeout,
    bodyTimeout: timeout,
    maxResponseSize: ANSWER_BYTES_MAX,
  });
}

function causeOf(status: number): 'server' | 'question' | 'answer' {
  if (status >= 500) return 'server';
  return status >= 400 ? 'question' : 'answer';
}

function isTooLong(error: unknown): boolean {
  return error instanceof Error && error.name === 'ResponseExceededMaxSizeError';
}

const JSON_BODY = { 'content-type': 'application/json' };
