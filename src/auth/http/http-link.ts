// Who a client is, by the word of an HTTP server, which may also say what it may do and for how long. Answers are remembered for a
// while by a keyed digest of the question, so that clients that come back together do not all ask again; who guesses is held off as
// with a password file. A server that does not answer, or not as it should, has not said yes: the client is refused with 0x88.

import { createHmac } from 'node:crypto';

import { unreachable } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { ExpiringMap } from '../../base/expiring-map.ts';
import type { Millis } from '../../base/millis.ts';
import type { Random } from '../../base/random.ts';
import type { ChainLink, LinkAnswer } from '../chain.ts';
import { CheckLine } from '../check-line.ts';
import type { Credentials } from '../contract.ts';
import { type Caller, callerOf, Guesses } from '../guesses.ts';
import type { AuthLimits } from '../limits.ts';
import {
  BAD_USER_NAME_OR_PASSWORD,
  CONNECTION_RATE_EXCEEDED,
  NOT_AUTHORIZED,
  refused,
  SERVER_BUSY,
  SERVER_UNAVAILABLE,
} from '../refusals.ts';
import { AnsweredRules } from '../rules/answered-rules.ts';
import type { AuthSources } from '../sources.ts';
import { type HttpAnswer, readAnswer, type ReadRules } from './http-answer.ts';
import type { EndpointReply, HttpEndpoint } from './http-endpoint.ts';
import { questionText } from './http-question.ts';

/** What it is made of. */
export interface HttpLinkParts {
  readonly endpoint: Pick<HttpEndpoint, 'ask'>;
  readonly sources: Pick<
    AuthSources,
    'httpAuth' | 'httpAuthRequestsMax' | 'httpAuthWaitingMax' | 'httpAuthCacheExpiry'
  >;
  readonly limits: AuthLimits;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly random: Random;
  readonly readRules: ReadRules;
}

/** What came of a client whose turn it was; `held`: the server was not asked, since there were too many failures before. */
type Reply = EndpointReply<HttpAnswer> | { readonly kind: 'held'; readonly why: string };

const KEY_BYTES = 32;
/** Answers that are remembered. */
const REMEMBERED_MAX = 20_000;

/** Asks an HTTP server about every client that comes to it. */
export class HttpLink implements ChainLink {
  private readonly parts: HttpLinkParts;
  /** The server as the log names it: without what stands behind a question mark, which may be a secret. */
  private readonly name: string;
  private readonly guesses: Guesses;
  private readonly line: CheckLine;
  private readonly remembered: ExpiringMap<HttpAnswer>;
  /** Questions under way: many clients may come with the same at once. */
  private readonly underWay: Map<string, Promise<Reply | undefined>>;
  /** Of this process, so that a digest is of no use elsewhere. */
  readonly #key: Uint8Array;
  #token: string;

  /** @param token  What the broker says of itself there; '': nothing. */
  constructor(parts: HttpLinkParts, token: string) {
    const { sources, limits, random } = parts;
    const { origin, pathname } = new URL(sources.httpAuth);
    this.parts = parts;
    this.name = origin + pathname;
    this.guesses = new Guesses(limits);
    this.line = new CheckLine(sources.httpAuthRequestsMax, sources.httpAuthWaitingMax);
    this.remembered = new ExpiringMap(REMEMBERED_MAX, sources.httpAuthCacheExpiry);
    this.underWay = new Map();
    this.#key = random.bytes(KEY_BYTES);
    this.#token = token;
  }

  /** From now on the broker says this of itself. */
  replaceToken(token: string): void {
    this.#token = token;
  }

  knows(): boolean {
    return true;
  }

  authenticate(credentials: Credentials): LinkAnswer | Promise<LinkAnswer> {
    const { userName } = credentials;
    const now = this.parts.clock.monotonic();
    const caller = callerOf(credentials);
    const held = this.guesses.held(caller, now);
    if (held !== undefined) return refused(CONNECTION_RATE_EXCEEDED, held, 'authFailuresMax');
    const question = questionText(credentials);
    const digest = createHmac('sha256', this.#key).update(question).digest('base64');
    const known = this.remembered.peek(digest, now);
    if (known !== undefined) return this.decide(known, userName);
    const reply = this.underWay.get(digest) ?? this.ask(digest, question, caller);
    return reply.then((came) => {
      switch (came?.kind) {
        case 'answered':
          return this.decide(came.answer, userName);
        case 'failed':
          return refused(SERVER_UNAVAILABLE, `${this.name} does not say who it is: ${came.why}.`);
        case 'held':
          return refused(CONNECTION_RATE_EXCEEDED, came.why, 'authFailuresMax');
        case undefined:
          return refused(
            SERVER_BUSY,
            `Too many clients wait for ${this.name} to be asked about (httpAuthWaitingMax).`,
            'httpAuthWaitingMax',
          );
        default:
          return unreachable(came);
      }
    });
  }

  /** `undefined`: too many are waiting. The answer is remembered even if the client has gone. */
  private ask(digest: string, question: string, caller: Caller): Promise<Reply | undefined> {
    const { guesses } = this;
    const asking = this.line.run({
      network: caller.network,
      mayStart: () => guesses.mayBegin(caller, this.parts.clock.monotonic()),
      run: () => guesses.during(caller, () => this.askNow(digest, question, caller)),
    });
    const ended = asking.finally(() => this.underWay.delete(digest));
    this.underWay.set(digest, ended);
    return ended;
  }

  private async askNow(digest: string, question: string, caller: Caller): Promise<Reply> {
    const { endpoint, readRules, clock } = this.parts;
    // Others that came before it may have been refused since it came.
    const why = this.guesses.held(caller, clock.monotonic());
    if (why !== undefined) return { kind: 'held', why };
    const headers: Record<string, string> = this.#token === '' ? {} : { authorization: `Bearer ${this.#token}` };
    const reply = await endpoint.ask(question, headers, (text) => readAnswer(text, readRules));
    if (reply.kind === 'answered') this.note(digest, reply.answer, caller, clock.monotonic());
    else if (reply.cause === 'question') this.guesses.fail(caller, clock.monotonic()); // It may mean no by that.
    return reply;
  }

  private note(digest: string, answer: HttpAnswer, caller: Caller, now: Millis): void {
    this.remembered.set(digest, answer, now);
    if (answer.result === 'deny') this.guesses.fail(caller, now);
    else if (answer.result === 'allow') this.guesses.succeed(caller, now);
  }

  private decide(
    { result, user, groups, expiresAt, reason, rules }: HttpAnswer,
    userName: string | undefined,
  ): LinkAnswer {
    if (result === 'ignore') return { kind: 'not-mine' };
    if (result === 'deny') {
      const why = `${this.name} says no${reason === '' ? '' : `: ${JSON.stringify(reason)}`}.`;
      return refused(userName === undefined ? NOT_AUTHORIZED : BAD_USER_NAME_OR_PASSWORD, why);
    }
    const said = userName === '' ? undefined : userName;
    return {
      kind: 'accepted',
      principal: user === undefined ? said : (user ?? undefined),
      groups,
      expiresAt,
      rights: rules === undefined ? undefined : new AnsweredRules(`the answer of ${this.name}`, rules),
    };
  }
}
