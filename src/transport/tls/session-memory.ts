// TLS sessions of a client that can be resumed, so that coming back costs neither side a whole handshake: the last of each broker, in
// memory alone. A resumed session takes the broker's certificate as it was found then; so a session belongs to all that decides about
// it, and is of no use once a CA, the client's own certificate or key, the name or any other of the options is another one.
// A session that is in use is taken out, and put back when it has worked: what fails is tried from the beginning the next time.

import { createHash } from 'node:crypto';

/** What a session was made with. All of it counts. */
export interface SessionOwner {
  readonly host: string;
  readonly port: number;
  readonly trust: { readonly [option: string]: unknown };
}

/** Brokers of which a client has a session: redirects may send it to any number. */
const OWNERS_MAX = 16;

/** The sessions of one client. */
export class SessionMemory {
  /** The oldest first. */
  private readonly sessions: Map<string, Buffer>;

  constructor() {
    this.sessions = new Map();
  }

  /** Takes out the session of a broker, if there is one. */
  take(owner: SessionOwner): Buffer | undefined {
    const key = keyOf(owner);
    const session = this.sessions.get(key);
    this.sessions.delete(key);
    return session;
  }

  /** Keeps the session of a broker in place of the one before. */
  keep(owner: SessionOwner, session: Buffer): void {
    const key = keyOf(owner);
    this.sessions.delete(key);
    this.sessions.set(key, session);
    if (this.sessions.size <= OWNERS_MAX) return;
    for (const oldest of this.sessions.keys()) {
      this.sessions.delete(oldest);
      return;
    }
  }
}

/** A digest: there is a key in what it is made of. */
function keyOf({ host, port, trust }: SessionOwner): string {
  const options = Object.entries(trust).filter(([, value]) => value !== undefined);
  options.sort(([a], [b]) => (a < b ? -1 : 1));
  const values = options.map(([name, value]) => [
    name,
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  ]);
  return createHash('sha256')
    .update(JSON.stringify([host, port, values]))
    .digest('base64');
}
