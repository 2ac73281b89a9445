// What the broker does about a client that breaks the protocol: it closes the connection, and nobody else notices (5.0
// section 4.13, 3.1.1 section 4.8). Each packet here is called malformed, a protocol error or (3.1.1) a violation by the
// specification; those that have statements of their own are in the files of their packets.

import { type ServerCheck, v311, v5 } from '../check.ts';
import { type Lie, SERVER_NEVER_CLOSES } from '../liar/lie.ts';
import { Fault, fault } from '../stage/fault.ts';
import { receiveText, subscriber } from '../stage/roles.ts';
import type { ServerStage } from '../stage/server-stage.ts';
import { demandClosing, MALFORMED } from '../stage/wrongs.ts';
import { type Properties, TYPE } from '../wire/types.ts';
import * as write from '../wire/write.ts';
import { bytes, type Level, packet, u16 } from '../wire/write.ts';

/** Something that no client may send. */
interface Wrong {
  readonly what: string;
  readonly packet: Uint8Array;
  /** Default: malformed packet, protocol error. */
  readonly codes?: readonly number[];
}

const STAYS: Lie = { does: 'stays after a code of 0x80 or more', hidesServerClosing: true };
const SHOWS = [v311('MQTT-4.8.0-1', SERVER_NEVER_CLOSES), v5('MQTT-4.13.1-1', SERVER_NEVER_CLOSES)];

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'SUBSCRIBE and UNSUBSCRIBE that break the protocol close the connection, and no other',
    shows: SHOWS,
    play: (stage) => demandNoMercy(stage, subscribeWrongs(stage.level)),
  },
  {
    claim: 'PUBLISH that breaks the protocol closes the connection, and no other',
    shows: SHOWS,
    play: (stage) => demandNoMercy(stage, publishWrongs(stage.level)),
  },
  {
    claim: 'a packet that only a Server sends closes the connection, and no other',
    shows: SHOWS,
    play: (stage) => demandNoMercy(stage, packetsOfServers(stage.level)),
  },
  {
    claim: 'DISCONNECT and AUTH that break the protocol close the connection, and no other',
    shows: [v5('MQTT-4.13.1-1', SERVER_NEVER_CLOSES)],
    play: (stage) => demandNoMercy(stage, farewellWrongs()),
  },
  {
    claim: 'CONNACK and DISCONNECT that say no are followed by the end of the connection',
    shows: [v5('MQTT-4.13.2-1', STAYS)],
    play: async (stage) => {
      const refused = await stage.dial();
      refused.connect({ will: { topic: stage.topic(), qos: 3 } });
      await refused.expectRefused();
      await demandNoMercy(stage, subscribeWrongs(stage.level).slice(0, 2));
    },
  },
  {
    claim: 'CONNACK for somebody who may not connect is followed by the end of the connection',
    setUp: 'guarded',
    shows: [v5('MQTT-4.13.2-1', STAYS)],
    play: async (stage) => {
      const refused = await stage.dial();
      refused.connect({ userName: 'good', password: 'bad' });
      await refused.expectRefused(0x86, 0x87);
    },
  },
];

/** Demands that each of them ends the connection of whoever sends it, and that others do not notice. */
async function demandNoMercy(stage: ServerStage, wrongs: readonly Wrong[]): Promise<void> {
  const bystander = await subscriber(stage, stage.topic());
  for (const { what, packet: wrong, codes = MALFORMED } of wrongs) {
    try {
      await demandClosing(stage, wrong, codes);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw fault(`${what}: ${error.message}`);
    }
  }
  bystander.publish({ topic: stage.topic(), payload: 'still here' });
  await receiveText(bystander, 'still here');
}

function subscribeWrongs(level: Level): readonly Wrong[] {
  const head = bytes(u16(1), level === 5 ? [0] : []);
  const wrongs: Wrong[] = [
    { what: 'SUBSCRIBE without a filter', packet: write.subscribe(level, 1, []) },
    { what: 'UNSUBSCRIBE without a filter', packet: write.unsubscribe(level, 1, []) },
    { what: 'SUBSCRIBE whose filter is cut short', packet: packet(TYPE.subscribe, 2, head, [0, 9, 0x61]) },
    { what: 'SUBSCRIBE without options', packet: packet(TYPE.subscribe, 2, head, [0, 1, 0x61]) },
    { what: 'UNSUBSCRIBE whose filter is cut short', packet: packet(TYPE.unsubscribe, 2, head, [0, 9, 0x61]) },
    { what: 'SUBSCRIBE with QoS 3', packet: write.subscribe(level, 1, [['a', 3]]) },
  ];
  if (level === 4) return wrongs;
  const withProperties = (values: Properties): Uint8Array => write.subscribe(5, 1, [['a', 0]], values);
  return [
    ...wrongs,
    { what: 'SUBSCRIBE with Retain Handling 3', packet: write.subscribe(5, 1, [['a', 0x30]]) },
    { what: 'No Local on a Shared Subscription', packet: write.subscribe(5, 1, [['$share/group/a', 0x04]]) },
    { what: 'Subscription Identifier 0', packet: withProperties({ subscriptionIdentifier: 0 }) },
    { what: 'two Subscription Identifiers', packet: withProperties({ subscriptionIdentifier: [1, 2] }) },
    { what: 'SUBSCRIBE with a Topic Alias', packet: withProperties({ topicAlias: 1 }) },
  ];
}

function publishWrongs(level: Level): readonly Wrong[] {
  const wrongs: Wrong[] = [
    { what: 'PUBLISH with QoS 3', packet: write.publish(level, { topic: 'a', qos: 3 }) },
    { what: 'PUBLISH whose Topic Name is cut short', packet: packet(TYPE.publish, 0, [0, 9, 0x61]) },
    { what: 'PUBLISH without a packet identifier', packet: packet(TYPE.publish, 2, [0, 1, 0x61]) },
  ];
  if (level === 4) return wrongs;
  const withProperties = (properties: Properties | Uint8Array): Uint8Array =>
    write.publish(5, { topic: 'a', properties });
  return [
    ...wrongs,
    { what: 'two Content Types', packet: withProperties({ contentType: ['a', 'b'] }) },
    { what: 'two Message Expiry Intervals', packet: withProperties({ messageExpiryInterval: [1, 2] }) },
    { what: 'two Topic Aliases', packet: withProperties({ topicAlias: [1, 1] }), codes: [...MALFORMED, 0x94] },
    { what: 'Topic Alias 0', packet: withProperties({ topicAlias: 0 }), codes: [...MALFORMED, 0x94] },
    { what: 'PUBLISH with a Session Expiry Interval', packet: withProperties({ sessionExpiryInterval: 1 }) },
    { what: 'a property that there is not', packet: withProperties(Uint8Array.of(0x7f, 0)) },
    {
      what: 'neither Topic Name nor Topic Alias',
      packet: write.publish(5, { topic: '' }),
      codes: [...MALFORMED, 0x90],
    },
  ];
}

function packetsOfServers(level: Level): readonly Wrong[] {
  return [
    { what: 'CONNACK', packet: write.connack(level) },
    { what: 'SUBACK', packet: write.suback(level, 1, [0]) },
    { what: 'UNSUBACK', packet: write.unsuback(level, 1, [0]) },
    { what: 'PINGRESP', packet: write.PINGRESP },
    { what: 'packet type 0', packet: packet(0, 0) },
    ...(level === 4 ? [{ what: 'packet type 15', packet: packet(15, 0) }] : []),
  ];
}

function farewellWrongs(): readonly Wrong[] {
  return [
    {
      what: 'a Session Expiry Interval after one of 0',
      packet: write.disconnect(5, 0, { sessionExpiryInterval: 60 }),
    },
    { what: 'two Reason Strings', packet: write.disconnect(5, 0, { reasonString: ['a', 'b'] }) },
    { what: 'DISCONNECT with a Topic Alias', packet: write.disconnect(5, 0, { topicAlias: 1 }) },
    { what: 'AUTH of a client that did not ask for it', packet: write.auth(0x18, { authenticationMethod: 'none' }) },
    { what: 'AUTH without a method', packet: write.auth(0x19, {}) },
  ];
}
