// The network between client and server: a pass-through for TCP that counts every byte, and can be as slow, as narrow and as unreliable as a
// network of the world outside.
//
// What it does: each direction has one bandwidth for all connections together; every byte comes half a round trip later; a new
// connection's first bytes wait a round trip more, which is what TCP's handshake takes; a cut ends every connection and lets none come
// about while it lasts. What it does not: lose single packets, start slowly, or reorder; TCP would hide that at a price that both pay alike.

import { connect, createServer, type Server, type Socket } from 'node:net';

/** A network. */
export interface LinkProfile {
  readonly title: string;
  readonly roundTripMillis: number;
  /** Bits a second, from the client and to it. */
  readonly upBits: number;
  readonly downBits: number;
  readonly cuts: Cuts | undefined;
}

/** Outages, at the same moments for everybody with the same seed. */
export interface Cuts {
  readonly everyMillis: number;
  readonly lastMillis: number;
}

/** What went through, in bytes as TCP carries them. */
export interface LinkCounts {
  readonly up: number;
  readonly down: number;
  readonly connections: number;
}

/** A direction stops reading while so much of it is under way. */
const UNDER_WAY_BYTES_MAX = 256 * 1024;

/** A pass-through to one port of this machine. */
export class Link {
  private readonly profile: LinkProfile | undefined;
  private readonly targetPort: number;
  private readonly server: Server;
  private readonly sockets: Set<Socket>;
  private readonly up: Lane;
  private readonly down: Lane;
  private connections: number;
  private isCut: boolean;
  private readonly timers: NodeJS.Timeout[];

  private constructor(targetPort: number, profile: LinkProfile | undefined) {
    this.profile = profile;
    this.targetPort = targetPort;
    this.sockets = new Set();
    const delay = (profile?.roundTripMillis ?? 0) / 2;
    this.up = new Lane(delay, profile?.upBits ?? Number.POSITIVE_INFINITY);
    this.down = new Lane(delay, profile?.downBits ?? Number.POSITIVE_INFINITY);
    this.connections = 0;
    this.isCut = false;
    this.timers = [];
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.accept(socket));
  }

  /**
   * Opens one.
   * @param profile  `undefined`: nothing but the loopback of this machine.
   */
  static async open(targetPort: number, profile: LinkProfile | undefined): Promise<Link> {
    const link = new Link(targetPort, profile);
    await new Promise<void>((resolve, reject) => {
      link.server.once('error', reject);
      link.server.listen(0, '127.0.0.1', resolve);
    });
    return link;
  }

  /** Where clients connect to. */
  get port(): number {
    const address = this.server.address();
    return address === null || typeof address === 'string' ? 0 : address.port;
  }

  /** What has gone through so far. */
  counts(): LinkCounts {
    return { up: this.up.bytes, down: this.down.bytes, connections: this.connections };
  }

  /** Begins the timetable of cuts, at this moment. The share, from 0 to 1, says how soon the first one comes. */
  startCuts(share: number): void {
    const cuts = this.profile?.cuts;
    if (cuts === undefined) return;
    const cut = (): void => {
      this.isCut = true;
      for (const socket of this.sockets) socket.destroy();
      this.timers.push(
        setTimeout(() => {
          this.isCut = false;
        }, cuts.lastMillis),
        setTimeout(cut, cuts.everyMillis),
      );
    };
    // The first third is quiet, so that everybody gets somewhere.
    this.timers.push(setTimeout(cut, cuts.everyMillis * (1 / 3 + (share * 2) / 3)));
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }

  private accept(near: Socket): void {
    if (this.isCut) {
      near.on('error', () => undefined);
      near.resetAndDestroy();
      return;
    }
    this.connections++;
    const far = connect({ port: this.targetPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const handshakeEnds = performance.now() + (this.profile?.roundTripMillis ?? 0);
    this.carry(this.up, near, far, handshakeEnds);
    this.carry(this.down, far, near, 0);
  }

  private carry(lane: Lane, from: Socket, to: Socket, notBefore: number): void {
    this.sockets.add(from);
    const way = lane.newWay(from, to, notBefore);
    from.on('data', (chunk: Buffer) => way.take(chunk));
    from.on('end', () => way.end());
    // What broke on one side breaks on the other.
    from.on('error', () => to.destroy());
    from.on('close', (hadError) => {
      this.sockets.delete(from);
      if (hadError) to.destroy();
      way.end();
    });
  }
}

/** One direction of a link, which all connections share. */
class Lane {
  bytes: number;
  private readonly delayMillis: number;
  private readonly bitsPerSecond: number;
  private busyUntil: number;

  constructor(delayMillis: number, bitsPerSecond: number) {
    this.bytes = 0;
    this.delayMillis = delayMillis;
    this.bitsPerSecond = bitsPerSecond;
    this.busyUntil = 0;
  }

  newWay(from: Socket, to: Socket, notBefore: number): Way {
    return new Way(this, from, to, notBefore);
  }

  /** When so many bytes that come now are through, counted in. */
  schedule(bytes: number, notBefore: number): number {
    this.bytes += bytes;
    const departs = Math.max(performance.now(), notBefore, this.busyUntil);
    this.busyUntil = departs + (bytes * 8000) / this.bitsPerSecond;
    return this.busyUntil + this.delayMillis;
  }

  get isImmediate(): boolean {
    return this.delayMillis === 0 && this.bitsPerSecond === Number.POSITIVE_INFINITY;
  }
}

/** One direction of one connection: bytes under way, in order. */
class Way {
  private readonly lane: Lane;
  private readonly from: Socket;
  private readonly to: Socket;
  private readonly notBefore: number;
  private readonly underWay: { readonly arrivesAt: number; readonly chunk: Buffer | undefined }[];
  private underWayBytes: number;
  private timer: NodeJS.Timeout | undefined;
  private hasEnded: boolean;

  constructor(lane: Lane, from: Socket, to: Socket, notBefore: number) {
    this.lane = lane;
    this.from = from;
    this.to = to;
    this.notBefore = notBefore;
    this.underWay = [];
    this.underWayBytes = 0;
    this.timer = undefined;
    this.hasEnded = false;
  }

  take(chunk: Buffer): void {
    const arrivesAt = this.lane.schedule(chunk.length, this.notBefore);
    if (this.lane.isImmediate) {
      if (!this.to.destroyed) this.to.write(chunk);
      return;
    }
    this.underWay.push({ arrivesAt, chunk });
    this.underWayBytes += chunk.length;
    if (this.underWayBytes > UNDER_WAY_BYTES_MAX) this.from.pause();
    this.wait();
  }

  end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    if (this.lane.isImmediate) {
      this.to.end();
      return;
    }
    this.underWay.push({ arrivesAt: this.lane.schedule(0, this.notBefore), chunk: undefined });
    this.wait();
  }

  private wait(): void {
    const [first] = this.underWay;
    if (first === undefined || this.timer !== undefined) return;
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        this.deliver();
      },
      Math.max(0, first.arrivesAt - performance.now()),
    );
  }

  private deliver(): void {
    const now = performance.now();
    for (let [first] = this.underWay; first !== undefined && first.arrivesAt <= now + 0.5; [first] = this.underWay) {
      this.underWay.shift();
      if (this.to.destroyed) continue;
      if (first.chunk === undefined) this.to.end();
      else {
        this.underWayBytes -= first.chunk.length;
        this.to.write(first.chunk);
      }
    }
    if (this.underWayBytes <= UNDER_WAY_BYTES_MAX) this.from.resume();
    this.wait();
  }
}
