// The parts that clients play in many checks of a broker: who needs what of it, whose session outlives the connection,
// who listens. What the broker says that it does not offer is no fault of it: the check ends there.

import { textOf, type Received } from '../wire/read.ts';
import type { Properties } from '../wire/types.ts';
import type { ConnectFields } from '../wire/write.ts';
import { demand, notOffered } from './fault.ts';
import { say } from './line.ts';
import type { Peer, ServerStage } from './server-stage.ts';

/** What a check cannot do without. A broker of MQTT 3.1.1 cannot say that it lacks any of it. */
export interface Needs {
  /** The QoS that clients publish with. */
  readonly qos?: 1 | 2;
  /** Retained messages. */
  readonly retain?: true;
  /** Topic aliases of the client's own. */
  readonly aliases?: number;
  /** Subscription Identifiers. */
  readonly identifiers?: true;
  /** Shared Subscriptions. */
  readonly shared?: true;
  /** Filters with wildcards. */
  readonly wildcards?: boolean;
}

/** CONNECT with its properties by name. */
type NamedFields = Omit<ConnectFields, 'properties'> & { readonly properties?: Properties };

/** Connects a client to a broker that must offer this; others are not played with. */
export async function connectFor(
  stage: ServerStage,
  needs: Needs,
  fields: ConnectFields = {},
): Promise<{ readonly peer: Peer; readonly connack: Received }> {
  const { peer, connack } = await stage.introduce(fields);
  demand(connack.reasonCode === 0, `CONNECT was answered with ${say(connack)}.`);
  const { maximumQoS, retainAvailable, topicAliasMaximum } = connack.properties;
  const { subscriptionIdentifierAvailable, wildcardSubscriptionAvailable } = connack.properties;
  if (Number(maximumQoS?.[0] ?? 2) < (needs.qos ?? 0)) throw notOffered('CONNACK has a lower Maximum QoS.');
  if (needs.retain === true && retainAvailable?.[0] === 0) throw notOffered('CONNACK has Retain Available 0.');
  const aliases = Number(topicAliasMaximum?.[0] ?? 0);
  if (aliases < (needs.aliases ?? 0)) throw notOffered(`CONNACK has Topic Alias Maximum ${aliases}.`);
  if (needs.identifiers === true && subscriptionIdentifierAvailable?.[0] === 0) {
    throw notOffered('CONNACK has Subscription Identifier Available 0.');
  }
  if (needs.wildcards === true && wildcardSubscriptionAvailable?.[0] === 0) {
    throw notOffered('CONNACK has Wildcard Subscription Available 0.');
  }
  if (needs.shared === true && connack.properties.sharedSubscriptionAvailable?.[0] === 0) {
    throw notOffered('CONNACK has Shared Subscription Available 0.');
  }
  return { peer, connack };
}

/** Connects a client that publishes, with what it needs. */
export async function publisher(stage: ServerStage, needs: Needs = {}, fields: ConnectFields = {}): Promise<Peer> {
  return (await connectFor(stage, needs, fields)).peer;
}

/** Connects a new client and subscribes; a broker that grants a lower QoS than was asked for is not played with. */
export async function subscriber(
  stage: ServerStage,
  filter: string,
  options = 0,
  fields: ConnectFields = {},
): Promise<Peer> {
  const { peer } = await connectFor(stage, { wildcards: hasWildcard(filter) }, fields);
  await subscribeFully(peer, filter, options);
  return peer;
}

/** Subscribes; a broker that grants a lower QoS than was asked for is not played with. */
export async function subscribeFully(
  peer: Peer,
  filter: string,
  options: number,
  properties: Properties = {},
): Promise<void> {
  const suback = await peer.subscribe(filter, options, properties);
  const [asked, granted] = [options & 3, suback.reasonCodes[0] ?? 0];
  if (granted < asked) throw notOffered(`SUBACK grants QoS ${granted} where ${asked} was asked for.`);
}

/** Connects a new client whose session outlives the connection, and subscribes. @param name  For `resume`. */
export async function lastingSubscriber(
  stage: ServerStage,
  name: string,
  filter: string,
  options: number,
  fields: NamedFields = {},
): Promise<Peer> {
  const { peer } = await connectFor(stage, { wildcards: hasWildcard(filter) }, lasting(stage, name, fields));
  await subscribeFully(peer, filter, options);
  return peer;
}

/** Connects to the session again, which must still be there. */
export async function resume(stage: ServerStage, name: string, fields: NamedFields = {}): Promise<Peer> {
  const { peer, connack } = await stage.introduce(lasting(stage, name, fields));
  demand(connack.reasonCode === 0, `CONNECT was answered with ${say(connack)}.`);
  demand(connack.sessionPresent, 'The session was gone.');
  return peer;
}

function hasWildcard(filter: string): boolean {
  return /[+#]/.test(filter);
}

function lasting(stage: ServerStage, name: string, fields: NamedFields): ConnectFields {
  const properties: Properties = { sessionExpiryInterval: 60, ...fields.properties };
  return { ...fields, clientId: stage.clientId(name), clean: false, properties };
}

/** The next packet, which must be a PUBLISH with that payload; QoS 1 and 2 are acknowledged to the end. */
export async function receiveText(peer: Peer, payload: string): Promise<Received> {
  const publish = await peer.receive();
  demandText(publish, payload);
  return publish;
}

/** Demands that a PUBLISH has that payload. */
export function demandText(publish: Received, payload: string): void {
  const seen = textOf(publish.payload);
  demand(seen === payload, `PUBLISH had the payload '${seen}'; due was '${payload}'.`);
}

/** The next PUBLISH packets, so many at least, until there is silence; nothing is acknowledged. */
export async function gather(peer: Peer, least = 1): Promise<readonly Received[]> {
  const gathered: Received[] = [];
  for (;;) {
    const isDue = gathered.length < least;
    const next = isDue ? await peer.expect('publish') : await peer.line.peekQuietly();
    if (next === undefined) return gathered;
    demand(next.kind === 'publish', `${say(next)} came where PUBLISH was due.`);
    gathered.push(next);
  }
}
