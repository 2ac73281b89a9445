// What went over one connection: a few numbers that only grow, for whoever looks at it. Objects of their own, since numbers that
// become too large for small integers change the shape of what they are in.

/** The traffic of one connection. */
export class Traffic {
  /** PUBLISH packets that came, once each, whatever became of them. */
  messagesReceived: number;
  /** Of packets of any kind, as they were on the wire. */
  bytesReceived: number;
  /** PUBLISH packets that were sent, those that are sent again included. */
  messagesSent: number;
  bytesSent: number;

  constructor() {
    this.messagesReceived = 0;
    this.bytesReceived = 0;
    this.messagesSent = 0;
    this.bytesSent = 0;
  }
}
