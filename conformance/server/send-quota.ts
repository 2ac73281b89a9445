// The Receive Maximum of the client, which is the send quota of the broker (sections 3.3.4 and 4.9).

import { type ServerCheck, v5 } from '../check.ts';
import { isKind, type Lie, NOTHING, serverMishears, serverWithholds, withByte } from '../liar/lie.ts';
import { publishOf } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { lastingSubscriber, publisher, resume, subscribeFully, subscriber } from '../stage/roles.ts';
import type { Peer } from '../stage/server-stage.ts';
import { type Received, read } from '../wire/read.ts';
import { PROPERTIES } from '../wire/types.ts';
import { acknowledge } from '../wire/write.ts';

const QUOTA = 2;

/** A server for which the Receive Maximum is 20: that of CONNECT stands first or last among its properties. */
const ALLOWS_ITSELF_MORE = serverMishears('connect', 'sends more than Receive Maximum', (frame) => {
  const { body } = frame;
  const last = 11 + (body[10] ?? 0) - 3;
  const at = [11, last].find((offset) => body[offset] === PROPERTIES.receiveMaximum[0] && body[10] !== 0);
  return at === undefined ? frame.bytes : withByte(frame, at + 2, 20);
});

/** A server that counts nothing of QoS 1 and 2: each place is free again at once. */
const COUNTS_NOT: Lie = {
  does: 'counts nothing that it has sent',
  fromServer: (frame, link) => {
    if (!isKind(frame, 'publish')) return undefined;
    const { qos, id } = publishOf(frame, link.level);
    if (qos === 1) link.toServer(acknowledge(link.level, 'puback', id));
    if (qos === 2) link.toServer(acknowledge(link.level, 'pubrec', id, 0x83));
    return undefined;
  },
  fromClient: (frame) => (isKind(frame, 'puback') || isKind(frame, 'pubrec') ? NOTHING : undefined),
};

/** A server that frees the place of a QoS 2 message at PUBREC: it sends one more that waits, without a place. */
const FREES_AT_PUBREC: Lie = {
  does: 'counts PUBREC as the end of a delivery',
  fromServer: (frame, link) => {
    if (!isKind(frame, 'pubrel')) return undefined;
    link.toServer(acknowledge(link.level, 'pubcomp', read(frame, link.level).id));
    return undefined;
  },
  fromClient: (frame) => (isKind(frame, 'pubcomp') ? NOTHING : undefined),
};

/** A server that, once it has sent something of QoS 1 or 2, sends nothing else to that client. */
const SENDS_NOTHING_ELSE: Lie = {
  does: 'sends nothing but PUBLISH while the quota is used up',
  fromServer: (frame, link) => {
    if (isKind(frame, 'publish')) link.memory.set('full', link);
    return link.memory.get('full') === link && !isKind(frame, 'publish') ? NOTHING : undefined;
  },
};

/** A server that, once it has sent something of QoS 1 or 2, takes nothing but acknowledgements from that client. */
const TAKES_NOTHING_ELSE: Lie = {
  does: 'takes nothing but acknowledgements while the quota is used up',
  fromServer: (frame, link) => {
    if (isKind(frame, 'publish')) link.memory.set('full', link);
    return undefined;
  },
  fromClient: (frame, link) => {
    const isAcknowledgement = isKind(frame, 'puback') || isKind(frame, 'pubrec') || isKind(frame, 'pubcomp');
    return link.memory.get('full') === link && !isAcknowledgement ? NOTHING : undefined;
  },
};

/** The messages that are under way to a client, and no more of them than the quota. */
class Deliveries {
  private readonly peer: Peer;
  private readonly quota: number;
  private readonly open: Received[];
  private seenCount: number;

  constructor(peer: Peer, quota: number) {
    this.peer = peer;
    this.quota = quota;
    this.open = [];
    this.seenCount = 0;
  }

  get count(): number {
    return this.seenCount;
  }

  /** Takes what the broker sends now: one at least if none is under way, for the quota is not 0. */
  async take(): Promise<void> {
    if (this.open.length === 0) this.add(await this.peer.expect('publish'));
    for (;;) {
      const next = await this.peer.line.peekQuietly();
      if (next === undefined) return;
      demand(next.kind === 'publish', `${next.kind} came where PUBLISH was due.`);
      this.add(next);
    }
  }

  /** Brings the oldest to its end. @param no  By a PUBREC that says no, if it is of QoS 2. */
  async finish(no: boolean): Promise<void> {
    const oldest = this.open[0];
    demand(oldest !== undefined, 'Nothing is under way.');
    const { id, qos } = oldest;
    if (qos === 1) this.peer.acknowledge('puback', id);
    if (qos === 2 && no) this.peer.acknowledge('pubrec', id, 0x83);
    if (qos === 2 && !no) {
      this.peer.acknowledge('pubrec', id);
      await this.peer.line.expectPastPublish('pubrel');
      // The place is free with PUBCOMP only.
      await this.take();
      this.peer.acknowledge('pubcomp', id);
    }
    this.open.shift();
  }

  private add(publish: Received): void {
    this.open.push(publish);
    this.seenCount++;
    const { length } = this.open;
    demand(length <= this.quota, `${length} messages are under way; the Receive Maximum is ${this.quota}.`);
  }
}

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'no more messages of QoS 1 and 2 are under way than the client allows, and one at least',
    shows: [
      v5('MQTT-3.3.4-9', ALLOWS_ITSELF_MORE),
      v5('MQTT-4.9.0-1', ALLOWS_ITSELF_MORE),
      v5('MQTT-4.9.0-1', serverWithholds('publish')),
      v5('MQTT-4.9.0-2', COUNTS_NOT),
      v5('MQTT-4.9.0-2', FREES_AT_PUBREC),
    ],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic(), 2, { properties: { receiveMaximum: QUOTA } });
      const sender = await publisher(stage, { qos: 2 });
      const qosOfEach = [2, 2, 1, 2, 1, 1, 2, 2];
      for (const qos of qosOfEach) await sender.publishWhole({ topic: stage.topic(), payload: `${qos}`, qos });
      const deliveries = new Deliveries(receiver, QUOTA);
      for (let finished = 0; finished < qosOfEach.length; finished++) {
        await deliveries.take();
        await deliveries.finish(finished >= 4);
      }
      demand(deliveries.count === qosOfEach.length, `${deliveries.count} messages came; ${qosOfEach.length} were due.`);
      await receiver.expectNothing();
    },
  },
  {
    claim: 'what is sent again to a client that comes back counts for the Receive Maximum that it says now',
    shows: [v5('MQTT-3.3.4-9', ALLOWS_ITSELF_MORE)],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 1 });
      const first = await lastingSubscriber(stage, 'sub', stage.topic(), 1);
      for (const payload of ['a', 'b', 'c']) {
        await sender.publishWhole({ topic: stage.topic(), payload, qos: 1 });
        await first.expect('publish');
      }
      first.cut();
      const again = new Deliveries(await resume(stage, 'sub', { properties: { receiveMaximum: 1 } }), 1);
      for (let finished = 0; finished < 3; finished++) {
        await again.take();
        await again.finish(false);
      }
    },
  },
  {
    claim: 'a client that acknowledges nothing gets answers to everything else',
    shows: [v5('MQTT-3.3.4-10', SENDS_NOTHING_ELSE), v5('MQTT-4.9.0-3', TAKES_NOTHING_ELSE)],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic(), 2, { properties: { receiveMaximum: 1 } });
      const sender = await publisher(stage, { qos: 2 });
      for (const payload of ['sent', 'waiting']) {
        await sender.publishWhole({ topic: stage.topic(), payload, qos: 2 });
      }
      const sent = await receiver.expect('publish');
      await receiver.expectNothing();
      await receiver.publishWhole({ topic: stage.topic('other'), qos: 1 });
      await receiver.publishWhole({ topic: stage.topic('other'), qos: 2 });
      await subscribeFully(receiver, stage.topic('other'), 0);
      await receiver.unsubscribe(stage.topic('other'));
      receiver.acknowledge('pubrec', sent.id);
      const pubrel = await receiver.expect('pubrel');
      demand(pubrel.id === sent.id, `PUBREL ${pubrel.id} answered PUBREC ${sent.id}.`);
      receiver.acknowledge('pubcomp', sent.id);
      await receiver.receive();
    },
  },
];
