// Which server the next attempt goes to (MQTT 5.0 section 4.11). A broker may send a client to another server, for good
// (0x9D) or for now (0x9C); whether the client goes there is the application's to say, since that server is given the same
// credentials, and a network that is not encrypted lets anybody name one.
// For now: the next attempt goes there, and those after it where the client belongs. For good: that is where it belongs, as
// long as this client lives. A broker that accepts nobody but sends on is followed a few times in a row, and then no more.

import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { Reason } from '../packet/reason-codes.ts';
import { PORTS } from './broker-url.ts';
import type { ClientEnd } from './endings.ts';
import type { Transport } from './parts.ts';

/** Where a server is. */
export interface ServerAddress {
  /** A name or an address. */
  readonly host: string;
  readonly port: number;
}

/** From one server to another. */
export interface Redirect {
  readonly from: ServerAddress;
  readonly to: ServerAddress;
  /** For good; otherwise for the next connection alone. */
  readonly permanent: boolean;
}

/** Which redirects are followed. A function is asked about each server that the broker names. */
export type RedirectPolicy = 'refuse' | 'follow' | ((redirect: Redirect) => boolean);

/** A redirect that is followed. */
export interface FollowedRedirect {
  readonly redirect: Redirect;
  /** It was told in CONNACK: the attempt goes on there. Otherwise a connection was ended, and the next attempt takes its time. */
  readonly isAtOnce: boolean;
}

/** So many servers may send a client on in a row. */
const HOPS_MAX = 5;
/** `name`, `name:port`, `[name]` or `[name]:port`. */
const REFERENCE = /^(?:\[([^\]]+)\]|([^[\]:/]+))(?::(\d{1,5}))?$/;

/** Where a client connects to. One for the life of a client. */
export class ServerChoice {
  /** Of a server that is named without a port; 0: servers are not reached by names and ports here. */
  private readonly usualPort: number;
  private readonly policy: RedirectPolicy;
  private readonly random: Random;
  private readonly log: Log;
  /** Where the client belongs: any of these. */
  private home: readonly ServerAddress[];
  /** Where the next attempt goes instead. */
  private elsewhere: ServerAddress | undefined;
  /** The server of the latest attempt. */
  latest: ServerAddress;
  private hops: number;

  /** @param server  Where the client belongs at first, and what it speaks over: TCP unless told. */
  constructor(
    server: ServerAddress & { readonly transport?: Transport },
    policy: RedirectPolicy,
    random: Random,
    log: Log,
  ) {
    const { host, port, transport } = server;
    this.usualPort = PORTS[transport?.kind ?? 'tcp'];
    this.policy = policy;
    this.random = random;
    this.log = log;
    this.home = [{ host, port }];
    this.elsewhere = undefined;
    this.latest = { host, port };
    this.hops = 0;
  }

  /** The server of an attempt that is made now. */
  next(): ServerAddress {
    this.latest = this.elsewhere ?? this.choose(this.home) ?? this.latest;
    this.elsewhere = undefined;
    return this.latest;
  }

  /** An attempt has failed, or a connection has ended; says whether the client is to go elsewhere for that. */
  follow(end: ClientEnd): FollowedRedirect | undefined {
    const told = referenceOf(end);
    if (told === undefined) {
      this.hops = 0;
      return undefined;
    }
    const { isAtOnce, permanent } = told;
    this.hops = isAtOnce ? this.hops + 1 : 0;
    if (this.hops > HOPS_MAX) return undefined;
    const redirects = parseServerReference(told.reference, this.usualPort)
      .map((to) => ({ from: this.latest, to, permanent }))
      .filter((redirect) => this.isAllowed(redirect));
    const redirect = this.choose(redirects);
    if (redirect === undefined) return undefined;
    this.elsewhere = redirect.to;
    if (permanent) this.home = redirects.map(({ to }) => to);
    return { redirect, isAtOnce };
  }

  /** Several are for the client to choose from (section 4.11): by chance, so that all get their share. */
  private choose<Choice>(choices: readonly Choice[]): Choice | undefined {
    return choices.length > 1 ? choices[Math.floor(this.random.next() * choices.length)] : choices[0];
  }

  private isAllowed(redirect: Redirect): boolean {
    if (typeof this.policy !== 'function') return this.policy === 'follow';
    try {
      const answer: unknown = this.policy(redirect);
      return answer === true; // A promise is no answer.
    } catch (error) {
      this.log.error('The function that says which redirects to follow threw', { error: String(error) });
      return false;
    }
  }
}

/**
 * Reads a Server Reference in the form that section 4.11 recommends: names or addresses with spaces between, each with a port unless it
 * is that of MQTT. What is not of that form is left out.
 * @param usualPort  That of MQTT over what the client speaks over; 0: none is reached by a name and a port.
 */
export function parseServerReference(reference: string, usualPort: number = PORTS.tcp): readonly ServerAddress[] {
  if (usualPort === 0) return [];
  return reference.split(' ').flatMap((text) => {
    const [, bracketed, plain, digits] = REFERENCE.exec(text) ?? [];
    const host = bracketed ?? plain;
    const port = digits === undefined ? usualPort : Number(digits);
    return host === undefined || port === 0 || port > 65_535 ? [] : [{ host, port }];
  });
}

/** What an end says of another server. */
function referenceOf(
  end: ClientEnd,
): { readonly reference: string; readonly permanent: boolean; readonly isAtOnce: boolean } | undefined {
  if (end.kind !== 'not-connected' && end.kind !== 'disconnected-by-broker') return undefined;
  const isAtOnce = end.kind === 'not-connected';
  const reasonCode = isAtOnce ? end.error.reasonCode : end.reasonCode;
  const permanent = reasonCode === Reason.serverMoved;
  if ((!permanent && reasonCode !== Reason.useAnotherServer) || end.serverReference === undefined) return undefined;
  return { reference: end.serverReference, permanent, isAtOnce };
}
