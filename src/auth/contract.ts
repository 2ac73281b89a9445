// Who are you, and may you: the two questions that the broker asks. Answers are values, never
// exceptions; a source that cannot be reached is a refusal with a reason (fail closed).
// Reason codes are plain bytes here (MQTT 5.0 section 2.4): auth/ knows no packets.

/** What a client says of itself in CONNECT. */
export interface Credentials {
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly password: Uint8Array | undefined;
  /** The peer's address for people and rules. */
  readonly remote: string;
}

/** Who a client turned out to be. Sessions belong to a principal: another one cannot resume them. */
export interface Identity {
  /** The authenticated name; `undefined` for anonymous clients. */
  readonly principal: string | undefined;
  readonly clientId: string;
  readonly remote: string;
}

/** An Authenticator's answer. */
export type Authentication =
  | { readonly kind: 'accepted'; readonly principal: string | undefined }
  /** `reasonCode` goes into CONNACK (0x86, 0x87, 0x88, ...); `detail` is for the log only. */
  | { readonly kind: 'refused'; readonly reasonCode: number; readonly detail: string };

/** Decides who a client is. */
export interface Authenticator {
  /** Never throws; a rejected promise is a bug and is treated as a refusal with 0x83. */
  authenticate(credentials: Credentials): Authentication | Promise<Authentication>;
}

/** What a client wants to do with a topic. */
export type Action = 'publish' | 'subscribe' | 'receive' | 'will';

/** Decides what a client may do. Asked at every publish and delivery: must be fast and synchronous. */
export interface Authorizer {
  /** True when nothing is ever refused, so that the hot path need not ask. */
  readonly allowsAll: boolean;
  /** For `subscribe`, `topic` is the Topic Filter as requested; otherwise a Topic Name. */
  allows(identity: Identity, action: Action, topic: string, qos: 0 | 1 | 2, retain: boolean): boolean;
}
