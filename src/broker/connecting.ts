// CONNECT (MQTT 5.0 section 3.1): who is it, may it, which session does it get, and what CONNACK says.
// Steps: the rules that need nobody's help, authentication (which may take time), the Will's rights,
// the session, durability, CONNACK. After each wait the connection is asked whether it is still there.
// A refusal is a CONNACK with a reason where the version has one, then the connection closes.

import type { Authentication, Credentials, Identity } from '../auth/contract.ts';
import { type Millis, millis } from '../base/millis.ts';
import { packetSize } from '../packet/encode.ts';
import type { ConnackPacket, ConnectPacket, Will } from '../packet/packet.ts';
import { NO_CONNACK_PROPERTIES } from '../packet/properties.ts';
import { ProtocolError } from '../packet/protocol-error.ts';
import { Reason, type ReasonCode, reasonName } from '../packet/reason-codes.ts';
import type { ConnectionTerms } from '../session/terms.ts';
import { type AuthenticationOutcome, ClientAuthentication } from './authenticating.ts';
import { sayBan } from './bans.ts';
import type { BrokerState } from './broker-state.ts';
import type { ClientSession } from './client-session.ts';
import { refusalOfConnect } from './connect-rules.ts';
import { denialOf } from './denial.ts';
import type { DrainGoal } from './draining.ts';
import type { Connection } from './connection.ts';
import type { ClientRedirect } from './parts.ts';
import { redirectFor } from './redirecting.ts';
import { refuseConnection } from './refusing.ts';
import { responseInformation } from './response-information.ts';
import type { AttachedSession } from './session-registry.ts';
import type { LimitRefusal } from './visitors.ts';

/** Why a client is not let in, or not any more, that was good for a time. */
export const EXPIRED = 'Its authentication has expired.';

/** Handles the first packet of a connection. */
export function connect(broker: BrokerState, connection: Connection, packet: ConnectPacket): void {
  connection.outlet.packetBytesMax = packet.properties.maximumPacketSize ?? Number.POSITIVE_INFINITY; // [MQTT-3.1.2-24]
  connection.outlet.explains = packet.version === 5 && packet.properties.requestProblemInformation !== false;
  if (broker.isClosing)
    return refuse(broker, connection, packet, Reason.serverUnavailable, 'The broker is shutting down.');
  if (broker.storeFailure !== undefined)
    return refuse(broker, connection, packet, Reason.serverUnavailable, 'The store failed.');
  const tooMuch = broker.overload.refusal ?? broker.visitors.refusal(connection, connection.now);
  if (tooMuch !== undefined) return refuseForLimit(broker, connection, packet, tooMuch);
  const { goal } = broker.drain;
  if (goal !== undefined) return turnAway(broker, connection, packet, goal);
  const refusal = refusalOfConnect(broker, packet);
  if (refusal !== undefined) return refuse(broker, connection, packet, refusal.reasonCode, refusal.why);
  const redirect = redirectFor(broker.redirects, packet.clientId);
  if (redirect !== undefined) return sendElsewhere(broker, connection, packet, redirect);
  if (isBanned(broker, connection, packet, packet.userName)) return;
  const clientId = packet.clientId === '' ? assignClientId(broker) : packet.clientId; // [MQTT-3.1.3-6]
  const { userName, password } = packet;
  const { remote, certificate } = connection;
  const credentials = { clientId, userName, password, remote, certificate };
  const method = packet.properties.authenticationMethod;
  if (method !== undefined) return authenticateWith(broker, connection, packet, method, credentials);
  const answer = authenticate(broker, credentials);
  if (!(answer instanceof Promise)) return authenticated(broker, connection, packet, clientId, answer);
  connection.pauseReading();
  // Never rejected: `authenticate` has made a refusal of that.
  void answer.then((late) => {
    if (connection.isConnecting)
      connection.resumeAfter(() => authenticated(broker, connection, packet, clientId, late));
  });
}

/** Lets nobody in: the broker is being drained. */
function turnAway(
  { counters, drain }: BrokerState,
  connection: Connection,
  packet: ConnectPacket,
  { to }: DrainGoal,
): void {
  counters.connectionsRefused++;
  drain.noteRefused(`client ${JSON.stringify(packet.clientId)} at ${connection.remote}`);
  if (to !== undefined) return tellElsewhere(connection, Reason.useAnotherServer, to);
  refuseConnection(connection, Reason.serverUnavailable, undefined);
  connection.leave(false, undefined); // [MQTT-3.2.2-7]
}

/** Refuses a client under a ban, and says whether there is one. One that the broker holds off for a while is told to try again. */
function isBanned(
  broker: BrokerState,
  connection: Connection,
  packet: ConnectPacket,
  userName: string | undefined,
): boolean {
  const ban = broker.bans.against(packet.clientId, userName, connection.remote);
  if (ban === undefined) return false;
  const limit = ban.by === 'operator' ? 'bans' : 'flappingConnectsMax';
  const reasonCode = ban.by === 'operator' ? Reason.banned : Reason.connectionRateExceeded;
  refuseForLimit(broker, connection, packet, { limit, reasonCode, why: sayBan(ban) });
  return true;
}

/** Asks the Authenticator. One that fails has not said yes: fail closed, and nobody else notices. */
function authenticate(broker: BrokerState, credentials: Credentials): Authentication | Promise<Authentication> {
  const failed = (error: unknown): Authentication => ({
    kind: 'refused',
    reasonCode: Reason.implementationSpecificError,
    detail: `The authenticator failed: ${error instanceof Error ? error.message : String(error)}.`,
  });
  try {
    const answer = broker.authenticator.authenticate(credentials);
    return answer instanceof Promise ? answer.catch(failed) : answer;
  } catch (error) {
    return failed(error);
  }
}

/** Enhanced authentication (section 4.12): asks the method that CONNECT names. */
function authenticateWith(
  broker: BrokerState,
  connection: Connection,
  packet: ConnectPacket,
  name: string,
  credentials: Credentials,
): void {
  const method = broker.authenticator.methods?.get(name);
  if (method === undefined) {
    const why = `The authentication method ${JSON.stringify(name)} is not known here.`;
    return refuse(broker, connection, packet, Reason.badAuthenticationMethod, why); // [MQTT-4.12.0-1]
  }
  connection.authentication = new ClientAuthentication(broker, connection, name, method);
  connection.authentication.start(credentials, packet.properties.authenticationData, (outcome) =>
    authenticated(broker, connection, packet, credentials.clientId, outcome),
  );
}

/** What ends a connection that is not open in time (section 3.1.4): the client's delay, or ours. */
export function connectTimeout(broker: BrokerState, connection: Connection): ProtocolError {
  const limit = `within ${broker.limits.connectTimeout / 1000} s (connectTimeout)`;
  if (connection.isAwaitingAuth) {
    return new ProtocolError('protocol-error', Reason.notAuthorized, '', `The client was not authenticated ${limit}.`);
  }
  return connection.isConnecting
    ? new ProtocolError('protocol-error', Reason.serverUnavailable, '', `CONNECT could not be answered ${limit}.`)
    : new ProtocolError('protocol-error', Reason.protocolError, '', `CONNECT was not complete ${limit}.`);
}

/** @param why  For the log; `undefined`: it has heard enough of that. */
function refuse(
  broker: BrokerState,
  connection: Connection,
  packet: ConnectPacket,
  reasonCode: ReasonCode,
  why: string | undefined,
  reasonString?: string,
): void {
  const { clientId } = packet;
  const { remote } = connection;
  const sentence = `Refused client ${JSON.stringify(clientId)} at ${remote}: ${reasonName(reasonCode)}. ${why}`;
  broker.counters.connectionsRefused++;
  if (why !== undefined) broker.refusalLines.tell(connection, reasonCode, sentence, { clientId, reasonCode });
  // What the authenticator knows is for the log alone; the wire gets the code. [MQTT-3.1.4-2]
  refuseConnection(connection, reasonCode, reasonString);
  connection.leave(false, undefined); // [MQTT-3.2.2-7]
}

/** Refuses a client because of a limit that is counted; the log does not hear of each. */
function refuseForLimit(
  broker: BrokerState,
  connection: Connection,
  packet: ConnectPacket,
  { limit, reasonCode, why }: LimitRefusal,
): void {
  const { busyRedirect } = broker;
  const client = `client ${JSON.stringify(packet.clientId)} at ${connection.remote}`;
  const fields = { clientId: packet.clientId, remote: connection.remote, reasonCode };
  broker.limitNews.tell(limit, `Refused ${client}: ${reasonName(reasonCode)}. ${why}`, fields);
  broker.counters.connectionsRefused++;
  if (reasonCode === Reason.serverBusy && busyRedirect !== undefined) {
    return tellElsewhere(connection, Reason.useAnotherServer, busyRedirect);
  }
  refuseConnection(connection, reasonCode, undefined);
  connection.leave(false, undefined); // [MQTT-3.2.2-7]
}

/** Refuses a client and says where else to go, as far as its version has words for it (section 4.11). */
function sendElsewhere(
  broker: BrokerState,
  connection: Connection,
  packet: ConnectPacket,
  { to, permanent }: ClientRedirect,
): void {
  const reasonCode = permanent ? Reason.serverMoved : Reason.useAnotherServer;
  broker.counters.connectionsRefused++;
  broker.log.info(
    `Told client ${JSON.stringify(packet.clientId)} at ${connection.remote} to use ${to} ${permanent ? 'from now on' : 'for now'}.`,
    { clientId: packet.clientId, remote: connection.remote, reasonCode },
  );
  tellElsewhere(connection, reasonCode, to);
}

/** Says where else to go, if the client takes a packet of that size. */
function tellElsewhere(connection: Connection, reasonCode: ReasonCode, to: string): void {
  const isFitting = refusalSize(reasonCode, to) <= connection.outlet.packetBytesMax; // [MQTT-3.1.2-24]
  refuseConnection(connection, reasonCode, undefined, isFitting ? to : undefined);
  connection.leave(false, undefined); // [MQTT-3.2.2-7]
}

function refusalSize(reasonCode: ReasonCode, serverReference: string): number {
  const properties = { ...NO_CONNACK_PROPERTIES, serverReference };
  return packetSize({ kind: 'connack', sessionPresent: false, reasonCode, properties }, 5);
}

function authenticated(
  broker: BrokerState,
  connection: Connection,
  packet: ConnectPacket,
  clientId: string,
  answer: Authentication | AuthenticationOutcome,
): void {
  if (answer.kind === 'refused') {
    if (answer.limit !== undefined) broker.limitNews.count(answer.limit);
    const why = broker.authenticatorFailures.sentence(answer.reasonCode, answer.detail, connection.now);
    return refuse(broker, connection, packet, answer.reasonCode, why);
  }
  // Under another name, perhaps, or since it was asked.
  if (isBanned(broker, connection, packet, answer.principal)) return;
  const { remote, certificate } = connection;
  const { principal, groups, rights } = answer;
  const identity: Identity = { principal, clientId, remote, certificate: certificate?.commonName, groups, rights };
  connection.authenticatedUntil(answer.expiresAt);
  if (connection.isExpired) return refuse(broker, connection, packet, Reason.notAuthorized, EXPIRED);
  const existing = broker.sessions.get(clientId);
  if (existing !== undefined && existing.identity.principal !== identity.principal) {
    return refuse(
      broker,
      connection,
      packet,
      Reason.clientIdentifierNotValid,
      "The client identifier belongs to another user's session.",
    );
  }
  if (packet.will !== undefined && !mayLeave(broker, connection, packet, packet.will, identity)) return;
  const expiry = expiryInterval(broker, packet);
  const tooMuch =
    refusalOfOneMore(broker, identity.principal, existing, expiry) ?? broker.flapping.refusal(clientId, connection.now);
  if (tooMuch !== undefined) return refuseForLimit(broker, connection, packet, tooMuch);
  const lastData = 'data' in answer ? answer.data : undefined;
  const connack = acceptance(broker, connection, packet, clientId, expiry, lastData);
  // Without CONNACK nothing else may be sent either [MQTT-3.2.0-1] [MQTT-3.1.2-24].
  if (
    connection.outlet.packetBytesMax !== Number.POSITIVE_INFINITY &&
    packetSize(connack, packet.version) > connection.outlet.packetBytesMax
  ) {
    const why = `CONNACK is larger than the client's Maximum Packet Size of ${connection.outlet.packetBytesMax} bytes.`;
    return refuse(broker, connection, packet, Reason.implementationSpecificError, why);
  }
  const attached = broker.sessions.attach(
    connection,
    { identity, clean: packet.clean, expiryInterval: expiry, will: packet.will },
    connection.now,
  );
  connection.session = attached.session;
  if (attached.after <= broker.store.durable) {
    accept(broker, connection, packet, connack, attached);
    return;
  }
  const accepted = (): void => {
    // The client may have gone, or another connection of it may have taken the session.
    if (!connection.isConnecting) return;
    connection.resumeAfter(() => accept(broker, connection, packet, connack, attached));
  };
  connection.pauseReading();
  broker.whenDurable(attached.after, accepted, () => undefined); // A failed store ends every connection.
}

/** Whether a client may have its Will published; if not, it is refused. */
function mayLeave(
  broker: BrokerState,
  connection: Connection,
  packet: ConnectPacket,
  { topic, qos, retain }: Will,
  identity: Identity,
): boolean {
  const { refusal } = broker.router.lookUp(topic);
  if (refusal !== undefined) {
    if (refusal.limit !== undefined) broker.limitNews.count(refusal.limit);
    refuse(broker, connection, packet, refusal.reasonCode, `The Will's topic is not taken. ${refusal.why}`);
    return false;
  }
  const { authorizer } = broker;
  if (authorizer.allowsAll || authorizer.allows(identity, 'will', topic, qos, retain)) return true;
  const clauses = `The client may not publish its Will to ${JSON.stringify(topic)}`;
  const denial = denialOf(broker, identity, 'will', topic, qos, retain, clauses);
  refuse(broker, connection, packet, Reason.notAuthorized, denial.forLog, denial.tell);
  return false;
}

/** Why a client may not have one connection more, or one session; `undefined`: it may. Its own old connection makes room for the new one. */
function refusalOfOneMore(
  { limits, sessions, visitors }: BrokerState,
  user: string | undefined,
  existing: ClientSession | undefined,
  expiry: Millis,
): LimitRefusal | undefined {
  const ofUser = existing?.connection === undefined ? visitors.refusalOfUser(user) : undefined;
  if (ofUser !== undefined || expiry === 0 || (existing !== undefined && existing.key !== 0)) return ofUser;
  if (sessions.persistentCount < limits.sessionsMax) return undefined;
  const why = 'The broker keeps as many sessions as it may (sessionsMax).';
  return { limit: 'sessionsMax', reasonCode: Reason.quotaExceeded, why };
}

/** CONNACK, and the session's packets behind it [MQTT-3.2.0-1] [MQTT-3.1.4-5]. */
function accept(
  broker: BrokerState,
  connection: Connection,
  packet: ConnectPacket,
  connack: ConnackPacket,
  attached: AttachedSession,
): void {
  const { session, present } = attached;
  const { limits } = broker;
  const { properties, version } = packet;
  connection.writePacket({ ...connack, sessionPresent: present }); // [MQTT-3.2.2-2] [MQTT-3.2.2-3]
  connection.open(packet.clean);
  const terms: ConnectionTerms = {
    version,
    sendMaximum: Math.min(properties.receiveMaximum ?? 65_535, limits.inFlightMax),
    receiveMaximum: limits.receiveMaximum,
    receiveMaximumEnforced: version === 5,
    sendAliasMaximum: Math.min(properties.topicAliasMaximum ?? 0, limits.topicAliasesOutMax), // [MQTT-3.1.2-26] [MQTT-3.1.2-27]
    receiveAliasMaximum: version === 5 ? limits.topicAliasMaximum : 0,
    keepAlive: millis(keepAlive(packet.keepAlive, limits.keepAliveSecondsMax) * 1000),
    keepAliveDuty: 'watch',
  };
  connection.outlet.givesAliases = terms.sendAliasMaximum > 0;
  session.prepareResume(connection.now);
  session.machine.open(terms, connection.now);
  connection.watch();
  broker.counters.connectionsAccepted++;
  broker.log.info(
    `Client ${JSON.stringify(session.clientId)} connected from ${connection.remote} with ${connection.versionName}${present ? ', session resumed' : ''}.`,
    { clientId: session.clientId, remote: connection.remote, sessionPresent: present },
  );
  broker.events.clientConnected?.(session.clientId, connection.remote);
  session.pump(connection.now);
}

/** The CONNACK that accepts a client; whether its session is present is not known yet. */
function acceptance(
  broker: BrokerState,
  connection: Connection,
  packet: ConnectPacket,
  clientId: string,
  expiry: Millis,
  authenticationData: Uint8Array | undefined,
): ConnackPacket {
  const accepted = { kind: 'connack', sessionPresent: false, reasonCode: Reason.success } as const;
  if (packet.version !== 5) return { ...accepted, properties: NO_CONNACK_PROPERTIES };
  const { limits, responseInformation: prefix } = broker;
  const asked = packet.properties.sessionExpiryInterval ?? 0;
  const granted = Math.floor(expiry / 1000);
  const keepAliveSeconds = keepAlive(packet.keepAlive, limits.keepAliveSecondsMax);
  const isAsked = packet.properties.requestResponseInformation === true; // [MQTT-3.1.2-28]
  const properties = {
    ...NO_CONNACK_PROPERTIES,
    sessionExpiryInterval: granted === asked ? undefined : granted,
    receiveMaximum: limits.receiveMaximum,
    maximumPacketSize: limits.packetBytesMax,
    topicAliasMaximum: limits.topicAliasMaximum,
    assignedClientIdentifier: packet.clientId === '' ? clientId : undefined, // [MQTT-3.2.2-16]
    serverKeepAlive: keepAliveSeconds === packet.keepAlive ? undefined : keepAliveSeconds, // [MQTT-3.2.2-22]
    responseInformation: isAsked && prefix !== undefined ? responseInformation(prefix, clientId) : undefined,
    authenticationMethod: packet.properties.authenticationMethod, // [MQTT-4.12.0-5] [MQTT-4.12.0-6]
    authenticationData,
  };
  const connack = { ...accepted, properties };
  const { packetBytesMax } = connection.outlet;
  if (properties.responseInformation === undefined || packetSize(connack, 5) <= packetBytesMax) return connack;
  return { ...accepted, properties: { ...properties, responseInformation: undefined } }; // It can do without.
}

/** A client identifier that nobody has [MQTT-3.2.2-16]. */
function assignClientId(broker: BrokerState): string {
  for (;;) {
    const bytes = broker.random.bytes(12);
    let id = 'vouch-';
    for (const byte of bytes) id += byte.toString(16).padStart(2, '0');
    if (broker.sessions.get(id) === undefined) return id;
  }
}

/** How long the session is to outlive the connection. A 3.x session without Clean Session would do so for ever: it gets the longest. */
function expiryInterval(broker: BrokerState, packet: ConnectPacket): Millis {
  const longest = broker.limits.sessionExpiryMax;
  if (packet.version < 5) return packet.clean ? millis(0) : longest;
  return millis(Math.min((packet.properties.sessionExpiryInterval ?? 0) * 1000, longest));
}

/** The Keep Alive in force, in seconds. */
function keepAlive(asked: number, longest: number): number {
  if (longest === 0) return asked;
  return asked === 0 ? longest : Math.min(asked, longest);
}
