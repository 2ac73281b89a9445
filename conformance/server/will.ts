// The Will (sections 3.1.2.5 to 3.1.2.7 and 3.1.3.2): stored with CONNECT, published when the connection ends without a word,
// forgotten when it ends with one.

import { type ServerCheck, v311, v5 } from '../check.ts';
import { serverHears } from '../liar/connect.ts';
import { isKind, type Lie, serverOverlooks, serverWithholds } from '../liar/lie.ts';
import { isLater, publishOf, serverDelivers } from '../liar/publish.ts';
import { demand, notOffered } from '../stage/fault.ts';
import type { Peer, ServerStage } from '../stage/server-stage.ts';
import { type Received, textOf } from '../wire/read.ts';
import { TYPE } from '../wire/types.ts';
import { type ConnectFields, LASTING, packet, type WillFields } from '../wire/write.ts';

const FORGETS_WILLS = serverHears('forgets the Will', () => ({ will: undefined }));
const PUBLISHES_NO_WILL = serverWithholds('publish', (frame, { level }) =>
  publishOf(frame, level).topic.endsWith('/will'),
);
const OVERLOOKS_DISCONNECT = serverOverlooks('disconnect');
const DISCONNECT_IS_NORMAL: Lie = {
  does: 'takes each DISCONNECT for a normal one',
  fromClient: (frame) => (isKind(frame, 'disconnect') ? [packet(TYPE.disconnect, 0)] : undefined),
};
const IGNORES_DELAY = serverHears('publishes the Will without delay', ({ will }) =>
  will === undefined ? undefined : { will: { ...will, properties: {} } },
);
const WAITS_FOR_DELAY = serverHears('goes by the Will Delay Interval when the session has ended', ({ will }) =>
  will === undefined ? undefined : { properties: { sessionExpiryInterval: 300 } },
);
const OVERLOOKS_RETURN = serverHears('does not notice that the client is back', ({ clientId }, link) =>
  isLater(link) ? { clientId: `${clientId}x` } : undefined,
);
const REMEMBERS_WILLS = serverHears('keeps the Will of an earlier connection', ({ will }, { memory }) => {
  if (will !== undefined) memory.set('will', will);
  const earlier = memory.get('will');
  // What is kept there is what was found here.
  return will === undefined && earlier !== undefined ? { will: earlier as WillFields } : undefined;
});
const RETAINS_WILLS = retains(true);
const RETAINS_NO_WILLS = retains(false);
const TURNS_PROPERTIES = serverDelivers('sends the User Properties in another order', ({ properties }) => ({
  properties: { ...properties, userProperty: PAIRS.toReversed() },
}));

const PAIRS: readonly (readonly [string, string])[] = [
  ['b', '1'],
  ['a', '2'],
  ['b', '3'],
  ['a', '2'],
  ['', ''],
];

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'the Will is published when the client goes without DISCONNECT',
    shows: [
      v311('MQTT-3.1.2-8', FORGETS_WILLS),
      v311('MQTT-3.1.2-8', PUBLISHES_NO_WILL),
      v5('MQTT-3.1.2-7', FORGETS_WILLS),
      v5('MQTT-3.1.2-8', PUBLISHES_NO_WILL),
    ],
    play: (stage) => publishWillAfter(stage, [(peer) => peer.cut(), (peer) => peer.line.close()]),
  },
  {
    claim: 'the Will is published when the server closes because of what the client has sent',
    shows: [v311('MQTT-3.1.2-8', PUBLISHES_NO_WILL), v5('MQTT-3.1.2-8', PUBLISHES_NO_WILL)],
    play: (stage) => publishWillAfter(stage, [(peer) => peer.send(packet(0, 0)), (peer) => peer.connect()]),
  },
  {
    claim: 'the Will is published after a DISCONNECT that is not a normal one',
    shows: [v5('MQTT-3.1.2-8', DISCONNECT_IS_NORMAL)],
    play: async (stage) => {
      const watcher = await watch(stage);
      for (const reasonCode of [0x04, 0x80, 0x98]) {
        const peer = await stage.connect({ will: { topic: willOf(stage), payload: `${reasonCode}`, qos: 1 } });
        peer.leave(reasonCode);
        demandWill(await watcher.receive(), `${reasonCode}`);
      }
    },
  },
  {
    claim: 'the Will is forgotten with DISCONNECT',
    shows: [
      v311('MQTT-3.1.2-8', OVERLOOKS_DISCONNECT),
      v311('MQTT-3.1.2-10', OVERLOOKS_DISCONNECT),
      v5('MQTT-3.1.2-8', OVERLOOKS_DISCONNECT),
      v5('MQTT-3.1.2-10', OVERLOOKS_DISCONNECT),
    ],
    play: async (stage) => {
      const watcher = await watch(stage);
      const peer = await stage.connect({ will: { topic: willOf(stage), qos: 1 } });
      peer.leave();
      await peer.expectClosed();
      await watcher.expectNothing();
    },
  },
  {
    claim: 'the Will is published once: a connection that ends without having one publishes none',
    shows: [
      v311('MQTT-3.1.2-10', REMEMBERS_WILLS),
      v311('MQTT-3.1.2-12', REMEMBERS_WILLS),
      v5('MQTT-3.1.2-10', REMEMBERS_WILLS),
    ],
    play: async (stage) => {
      const watcher = await watch(stage);
      const client: ConnectFields = { ...LASTING, clientId: stage.clientId('k') };
      (await stage.connect({ ...client, will: { topic: willOf(stage), payload: 'once', qos: 1 } })).cut();
      demandWill(await watcher.receive(), 'once');
      (await stage.connect(client)).cut();
      // Once the client is back its last connection has ended, also for the broker.
      await stage.connect(client);
      await watcher.expectNothing();
    },
  },
  {
    claim: 'a Will with Will Retain 0 is not retained',
    shows: [v311('MQTT-3.1.2-16', RETAINS_WILLS), v5('MQTT-3.1.2-14', RETAINS_WILLS)],
    play: async (stage) => {
      const watcher = await watch(stage);
      (await stage.connect({ will: { topic: willOf(stage), payload: 'passing', qos: 1 } })).cut();
      demandWill(await watcher.receive(), 'passing');
      const late = await watch(stage);
      await late.expectNothing();
    },
  },
  {
    claim: 'a Will with Will Retain 1 is retained',
    shows: [v311('MQTT-3.1.2-17', RETAINS_NO_WILLS), v5('MQTT-3.1.2-15', RETAINS_NO_WILLS)],
    play: async (stage) => {
      const watcher = await watch(stage);
      const { peer, connack } = await stage.introduce({
        will: { topic: willOf(stage), payload: 'retained', qos: 1, retain: true },
      });
      if (connack.properties.retainAvailable?.[0] === 0) throw notOffered('CONNACK says Retain Available 0.');
      demand(connack.reasonCode === 0, `A Will that is to be retained is refused with ${connack.reasonCode}.`);
      peer.cut();
      demandWill(await watcher.receive(), 'retained');
      const late = await watch(stage);
      const retained = await late.receive();
      demandWill(retained, 'retained');
      demand(retained.retain, 'The Will came late, and without RETAIN.');
    },
  },
  {
    claim: 'the Will waits for the Will Delay Interval',
    shows: [v5('MQTT-3.1.2-8', IGNORES_DELAY)],
    play: async (stage) => {
      const watcher = await watch(stage);
      const peer = await stage.connect({ ...LASTING, will: delayedWill(stage, 1) });
      const since = performance.now();
      peer.cut();
      demandWill(await watcher.receive(), 'delayed');
      const after = performance.now() - since;
      // Timers may be a little early.
      demand(after > 900, `The Will came after ${after.toFixed(0)} ms; its Will Delay Interval is 1 s.`);
    },
  },
  {
    claim: 'the Will does not wait beyond the end of its session',
    shows: [v5('MQTT-3.1.2-8', WAITS_FOR_DELAY)],
    play: async (stage) => {
      const watcher = await watch(stage);
      (await stage.connect({ will: delayedWill(stage, 60) })).cut();
      demandWill(await watcher.receive(), 'delayed');
    },
  },
  {
    claim: 'the Will is not sent where the client is back within the Will Delay Interval',
    shows: [v5('MQTT-3.1.3-9', OVERLOOKS_RETURN), v5('MQTT-3.1.2-8', OVERLOOKS_RETURN)],
    play: async (stage) => {
      const watcher = await watch(stage);
      const client: ConnectFields = { ...LASTING, clientId: stage.clientId('k') };
      (await stage.connect({ ...client, will: delayedWill(stage, 1) })).cut();
      await stage.connect(client);
      await stage.pass(1_600);
      await watcher.expectNothing();
    },
  },
  {
    claim: 'User Properties of the Will keep their order',
    shows: [v5('MQTT-3.1.3-10', TURNS_PROPERTIES)],
    play: async (stage) => {
      const watcher = await watch(stage);
      const will = { topic: willOf(stage), payload: 'ordered', qos: 1, properties: { userProperty: PAIRS } };
      (await stage.connect({ will })).cut();
      const came = await watcher.receive();
      demandWill(came, 'ordered');
      const pairs = JSON.stringify(came.properties.userProperty);
      demand(pairs === JSON.stringify(PAIRS), `The User Properties came as ${pairs}.`);
    },
  },
];

async function publishWillAfter(stage: ServerStage, ends: readonly ((peer: Peer) => void)[]): Promise<void> {
  const watcher = await watch(stage);
  for (const [index, end] of ends.entries()) {
    end(await stage.connect({ will: { topic: willOf(stage), payload: `${index}`, qos: 1 } }));
    demandWill(await watcher.receive(), `${index}`);
  }
}

function willOf(stage: ServerStage): string {
  return stage.topic('will');
}

function delayedWill(stage: ServerStage, seconds: number): WillFields {
  return { topic: willOf(stage), payload: 'delayed', qos: 1, properties: { willDelayInterval: seconds } };
}

/** A client that has subscribed to the Wills. */
async function watch(stage: ServerStage): Promise<Peer> {
  const watcher = await stage.connect();
  await watcher.subscribe(willOf(stage), 1);
  return watcher;
}

function demandWill(came: Received, due: string): void {
  const payload = textOf(came.payload);
  demand(payload === due, `The payload of the Will came as "${payload}"; it is "${due}".`);
  demand(came.qos === 1, `A Will of QoS 1 came with QoS ${came.qos}.`);
}

/** A server that retains every Will, or none. */
function retains(retain: boolean): Lie {
  return serverHears(`retains ${retain ? 'every' : 'no'} Will`, ({ will }) =>
    will === undefined ? undefined : { will: { ...will, retain } },
  );
}
