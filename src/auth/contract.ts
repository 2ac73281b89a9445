// Who are you, and may you: the two questions that the broker asks. Answers are values, never
// exceptions; a source that cannot be reached is a refusal with a reason (fail closed).
// The first is answered from what CONNECT says, or in an exchange of several steps (enhanced authentication, MQTT 5.0
// section 4.12), of which this room sees the data alone: packets, their order and their time are the broker's.
// Reason codes are plain bytes here (MQTT 5.0 section 2.4): auth/ knows no packets.

import type { Millis } from '../base/millis.ts';
import type { PeerCertificate } from '../base/peer-certificate.ts';

/** What a client says of itself in CONNECT, and what its connection says of it. */
export interface Credentials {
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly password: Uint8Array | undefined;
  /** The peer's address for people and rules. */
  readonly remote: string;
  /** The certificate with which the client has opened the connection, if it has; it was found good. */
  readonly certificate?: PeerCertificate | undefined;
}

/** Who a client turned out to be. Sessions belong to a principal: another one cannot resume them. */
export interface Identity {
  /** The authenticated name; `undefined` for anonymous clients. */
  readonly principal: string | undefined;
  readonly clientId: string;
  /** The peer's address; '' when it is not known: after a restart, for a session or Will whose client has not come back. */
  readonly remote: string;
  /** The Common Name of the client's certificate, if it has shown one that was found good. */
  readonly certificate?: string | undefined;
  /** Groups to which whoever authenticated it says that it belongs; the rules may name more. */
  readonly groups?: readonly string[] | undefined;
  /** What it may do by the word of whoever authenticated it, besides what the Authorizer knows. */
  readonly rights?: Rights | undefined;
  /** Whether this is what the store remembers of it: its certificate, groups and rights are then not none, but not known. Left out: no. */
  readonly isRecovered?: boolean | undefined;
}

/**
 * Rights of one client that came with the answer about who it is. What is in them is between whoever makes them and the
 * Authorizer that finds them in an Identity; nobody else looks inside. They last as long as the connection.
 */
export interface Rights {
  /** Who gave them, for people. */
  readonly source: string;
}

/** Who a client turned out to be, as its Authenticator says. */
export interface Accepted {
  readonly kind: 'accepted';
  readonly principal: string | undefined;
  /** Left out: none that are known. */
  readonly groups?: readonly string[] | undefined;
  /** When this ends to be so, by `Clock.wall()`: the connection is closed then (0x87). Left out: it does not. */
  readonly expiresAt?: Millis | undefined;
  readonly rights?: Rights | undefined;
}

/** An Authenticator's answer. */
export type Authentication = Accepted | Refused;

/** A limit of those who decide; the broker counts how often a client is refused for it. */
export type AuthLimitName = 'authFailuresMax' | 'passwordChecksWaitingMax' | 'httpAuthWaitingMax';

/** The client is not let in. `reasonCode` goes into CONNACK (0x86, 0x87, 0x88, ...); `detail` is for the log only. */
export interface Refused {
  readonly kind: 'refused';
  readonly reasonCode: number;
  readonly detail: string;
  /** Left out: it is for none. */
  readonly limit?: AuthLimitName;
}

/** Decides who a client is. */
export interface Authenticator {
  /** Never throws; a rejected promise is a bug and is treated as a refusal with 0x83. */
  authenticate(credentials: Credentials): Authentication | Promise<Authentication>;
  /**
   * The Authentication Methods that clients of MQTT 5.0 may name, by that name (`SCRAM-SHA-256`); left out: none. A client that
   * names one of them is asked nothing by `authenticate`, one that names another is refused (0x8C).
   */
  readonly methods?: ReadonlyMap<string, AuthenticationMethod>;
}

/** A way to find out who a client is in several steps (section 4.12). */
export interface AuthenticationMethod {
  /** Begins an exchange, before any data of the client is looked at. Never throws, as none of this does. */
  begin(subject: AuthenticationSubject): AuthenticationExchange;
}

/** Whom an exchange is about. */
export type AuthenticationSubject =
  /** A client that connects. `credentials` is all that it says in CONNECT besides the data, to use or to ignore. */
  | { readonly kind: 'connecting'; readonly credentials: Credentials }
  /** A client that is connected (section 4.12.1). It must turn out to be the same principal as before. */
  | { readonly kind: 're-authenticating'; readonly identity: Identity };

/** One exchange with one client. It is asked one thing at a time, and forgotten without a word where the client goes or is late. */
export interface AuthenticationExchange {
  /**
   * Takes what the client has sent, that is, what came with CONNECT or with the request to re-authenticate, then what came in
   * answer to each challenge.
   * @param data  `undefined`: it has sent none. Where the method has the server speak first, so it is at the first step.
   */
  next(data: Uint8Array | undefined): AuthenticationStep | Promise<AuthenticationStep>;
}

/** What an exchange says to the client's data. `data` is for the client; `undefined`: none. */
export type AuthenticationStep =
  /** Ask the client: a challenge. */
  | { readonly kind: 'continue'; readonly data: Uint8Array | undefined }
  /**
   * It is this principal. `data`, the last word, goes with CONNACK, or with the AUTH that ends a re-authentication, which also
   * renews `expiresAt`; `groups` and `rights` stay as they were.
   */
  | (Accepted & { readonly data: Uint8Array | undefined })
  | Refused;

/** What a client wants to do with a topic. */
export type Action = 'publish' | 'subscribe' | 'receive' | 'will';

/** Decides what a client may do. Asked at every publish and delivery: must be fast and synchronous. */
export interface Authorizer {
  /** True when nothing is ever refused, so that the hot path need not ask. */
  readonly allowsAll: boolean;
  /** For `subscribe`, `topic` is the Topic Filter as requested; otherwise a Topic Name. */
  allows(identity: Identity, action: Action, topic: string, qos: 0 | 1 | 2, retain: boolean): boolean;
  /** Why `allows` says what it says; for logs and people, asked about refusals only. It counts nothing. Left out: there is no more to say. */
  explain?(identity: Identity, action: Action, topic: string, qos: 0 | 1 | 2, retain: boolean): Explanation;
  /** How often each rule has decided, for `$SYS`; left out: there are no rules. */
  tallies?(): readonly RuleTally[];
}

/** Why something is allowed or not. */
export interface Explanation {
  readonly isAllowed: boolean;
  /** What decided, for the operator; without a full stop: `rule "meters" (rules.yaml:12) denies it`. */
  readonly sentence: string;
  /** The place of the rule, such as `rules.yaml:12`; `undefined`: no rule is about it. */
  readonly rule: string | undefined;
  /** What the client may know of it besides that it is refused; `undefined`: nothing. A sentence. */
  readonly tell: string | undefined;
}

/** What a rule has decided since the start. */
export interface RuleTally {
  /** A level of a topic, without wildcards. */
  readonly name: string;
  readonly allowed: number;
  readonly refused: number;
}
