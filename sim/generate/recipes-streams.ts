// Two clients that say much to each other over slow links and slow disks: at any moment some message is in each state of its
// handshake, in both directions, so that one fault meets them all. What chance seldom brings together meets here:
// every kind of fault, every state, and whatever else the broker and its clients have besides.

import type { BrokerLimits, QueuePolicy } from '../../src/broker/limits.ts';
import { unreachable } from '../../src/base/assert.ts';
import type { ClientPlan, DiskFault, Plan } from '../plan.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { skewed } from './draft.ts';
import { plainPublish, plainSubscription, plainWill } from './plain-parts.ts';
import { Scene } from './scene.ts';
import { willTopic } from './topics.ts';

/** What other recipes have plenty of. */
const COMMON = ['broker crash', 'broker machine', 'client crash', 'client machine', 'cut'] as const;
const RARE = [
  ...(['broker crash-at', 'broker stop', 'broker slow', 'broker full', 'broker failing'] as const),
  ...(['client crash-at', 'client stop', 'client slow', 'client full', 'client failing'] as const),
  ...(['half-open', 'stall', 'unreachable', 'intruder', 'wall-clock'] as const),
] as const;

type Fault = (typeof COMMON)[number] | (typeof RARE)[number];

/** Of each QoS, from each. */
const COUNT = 16;

/** Streams of both QoS, both ways; something breaks in the middle of them, at the beginning, or while something is broken already. */
export function streams(random: SeededRandom, seed: number): Plan {
  const scene = new Scene(random, seed, ['slow-commits', 'slow-links'], ['small-links']);
  const fault = random.chance(0.1) ? random.pick(COMMON) : random.pick(RARE);
  const clients = [addClient(scene, 'b1', fault), addClient(scene, 'b2', fault)] as const;
  if (random.chance(0.3))
    scene.add('s3', { subscriptions: [plainSubscription(random.pick(['t/#', '$share/g/t/1', 'w/#']), 2)] });
  const begin = 6 * scene.roundMillis + 150;
  // As long as a handshake of QoS 2 takes, from the first packet to the last commit.
  const span = 3 * scene.roundMillis + 150;
  for (const { name, version } of clients) {
    const more = {
      count: COUNT,
      everyMillis: Math.ceil(span / COUNT),
      retain: random.chance(0.2),
      expirySeconds: version === 5 && random.chance(0.2) ? random.between(1, 3) : undefined,
    };
    scene.do(plainPublish(begin, name, topicOf(name), 1, more), plainPublish(begin + 5, name, topicOf(name), 2, more));
  }
  const middle = begin + random.between(span >> 1, span);
  const client = random.pick(clients);
  switch (random.pick(['middle', 'middle', 'beginning', 'upheaval'])) {
    case 'beginning':
      breakSomething(scene, random.between(0, 3 * scene.roundMillis), fault, client);
      break;
    case 'upheaval':
      breakSomething(scene, goAndCome(scene, middle, client), fault, client);
      break;
    default:
      breakSomething(scene, middle, fault, client);
  }
  // What was forgotten shows when there is more.
  scene.do(plainPublish(begin + random.between(600, 1_500), 'b1', 't/1', 2, { count: 3 }));
  return scene.finish(drawLimits(random, clients));
}

/** Somebody goes away and comes back. @returns A moment at which that is not over. */
function goAndCome(scene: Scene, at: number, { name }: ClientPlan): number {
  const { random, roundMillis } = scene;
  const who = random.pick(['broker', name, 'the connection']);
  const downMillis = who === 'the connection' ? 0 : skewed(random, 1, 200);
  if (downMillis > 0) scene.leave(at, who, downMillis, ['crash', 'machine']);
  else if (random.chance(0.6)) scene.do({ kind: 'cut', at, client: name });
  else scene.do({ kind: 'half-open', at, client: name, told: random.pick(['client', 'broker']) });
  const back = at + downMillis;
  return random.pick([
    at + random.between(0, downMillis),
    back + random.between(0, 6),
    back + random.between(0, 2 * roundMillis),
  ]);
}

/** One of the two: it hears what the other one says, or both. */
function addClient(scene: Scene, name: string, fault: Fault): ClientPlan {
  const { random } = scene;
  const version = random.chance(0.6) ? 5 : 4;
  const needsDisk = fault === 'client slow' || fault === 'client full' || fault === 'client failing';
  const filter = random.pick([topicOf(name === 'b1' ? 'b2' : 'b1'), 't/+']);
  const will = plainWill(random.chance(0.3) ? topicOf(name) : willTopic(name), {
    qos: random.pick([0, 1, 2]),
    retain: random.chance(0.4),
    delaySeconds: version === 5 ? random.pick([0, 1]) : 0,
    expirySeconds: version === 5 && random.chance(0.4) ? random.between(1, 3) : undefined,
  });
  return scene.add(name, {
    version,
    store: needsDisk || random.chance(0.7) ? scene.storeOfClient() : 'none',
    inFlightMax: 50,
    startsAt: random.between(0, 30),
    keepAliveSeconds: random.pick([0, 1]),
    will: random.chance(0.35) ? will : undefined,
    maximumPacketSize: version === 5 && random.chance(0.1) ? 200 : undefined,
    inboxBytesMax: random.chance(0.1) ? 100 : undefined,
    subscriptions: [plainSubscription(filter, 2)],
    handlingMillisMax: random.pick([0, 20]),
  });
}

function topicOf(name: string): string {
  return name === 'b1' ? 't/1' : 't/2';
}

/** Most plans have none. */
function drawLimits(random: SeededRandom, clients: readonly ClientPlan[]): Partial<BrokerLimits> {
  if (random.chance(0.7)) return {};
  const policy = random.pick<QueuePolicy>(['reject', 'drop-oldest', 'drop-newest', 'end-session']);
  switch (random.between(0, 4)) {
    case 0:
      return { sessionQueueMessagesMax: random.between(3, 10), sessionQueueMessagesPolicy: policy };
    case 1:
      return { queuesMessagesMax: random.between(5, 20), queuesMessagesPolicy: policy };
    case 2:
      return { transientQueueMessagesMax: random.between(1, 6), storeLateBytesMax: 500 };
    default:
      // A client of 3.1.1 is not told why it is refused, and would try for ever.
      if (clients.some(({ version }) => version === 4)) return { queueHeadMessagesMax: random.between(1, 3) };
      return { retainedMessagesMax: random.between(0, 1), queueHeadMessagesMax: random.between(1, 3) };
  }
}

function breakSomething(scene: Scene, at: number, fault: Fault, { name, store }: ClientPlan): void {
  const { random } = scene;
  const millis = random.pick([skewed(random, 5, 100), random.between(100, 1_500)]);
  const disk = (who: string, kind: DiskFault): void => {
    scene.do({ kind: 'disk', at, who, fault: kind, millis });
    if (kind === 'failing') scene.do({ kind: 'start', at: at + millis + random.between(50, 500), who });
  };
  const boundary = skewed(random, 1, 20);
  const downMillis = skewed(random, 1, 300);
  switch (fault) {
    case 'broker crash':
    case 'broker machine':
    case 'broker stop':
      scene.leave(at, 'broker', downMillis, [wayOf(fault)]);
      return;
    case 'client crash':
    case 'client machine':
    case 'client stop':
      scene.leave(at, name, downMillis, [wayOf(fault)]);
      return;
    case 'broker crash-at':
    case 'client crash-at': {
      const who = fault === 'broker crash-at' ? 'broker' : name;
      return scene.do({ kind: 'crash-at', at, who, boundary, downMillis, machine: random.chance(0.3) });
    }
    case 'broker slow':
    case 'broker full':
    case 'broker failing':
      return disk('broker', diskFaultOf(fault));
    case 'client slow':
    case 'client full':
    case 'client failing':
      return disk(store === 'none' ? 'broker' : name, diskFaultOf(fault));
    case 'cut':
      return scene.do({ kind: fault, at, client: name });
    case 'half-open':
      return scene.do({ kind: fault, at, client: name, told: random.pick(['client', 'broker', 'nobody']) });
    case 'stall':
      return scene.do({ kind: fault, at, client: name, to: random.pick(['client', 'broker', 'both']), millis });
    case 'unreachable':
      return scene.do({ kind: fault, at, client: name, millis }, { kind: 'cut', at, client: name });
    case 'intruder':
      return scene.do(
        { kind: fault, at, client: name, clean: random.chance(0.2), millis: skewed(random, 1, 50) },
        { kind: 'start', at: at + 100, who: name },
      );
    case 'wall-clock':
      return scene.do({ kind: fault, at, millis: random.pick([1, -1]) * random.pick([2_000, 3_600_000]) });
    default:
      return unreachable(fault);
  }
}

function wayOf(fault: `${string} ${'crash' | 'machine' | 'stop'}`): 'crash' | 'machine' | 'stop' {
  return fault.endsWith('machine') ? 'machine' : fault.endsWith('stop') ? 'stop' : 'crash';
}

function diskFaultOf(fault: `${string} ${DiskFault}`): DiskFault {
  return fault.endsWith('slow') ? 'slow' : fault.endsWith('full') ? 'full' : 'failing';
}
