// Each packet of an open connection goes to what handles it: the QoS machine (session/), or a file of this room.
// It is kept short: V8 inlines no function of more than 460 bytes of bytecode, and this one is called for each packet.

import type { Millis } from '../base/millis.ts';
import type { AuthPacket, Packet } from '../packet/packet.ts';
import { violation } from '../packet/protocol-error.ts';
import type { BrokerState } from './broker-state.ts';
import type { ClientSession } from './client-session.ts';
import type { Connection } from './connection.ts';
import { disconnect } from './disconnecting.ts';
import { subscribe, unsubscribe } from './subscribing.ts';

/**
 * Handles one packet. hot:
 * @throws {ProtocolError} when the client broke a rule.
 */
export function dispatch(broker: BrokerState, session: ClientSession, connection: Connection, packet: Packet): void {
  const { now } = connection;
  switch (packet.kind) {
    case 'publish':
      if (connection.isPublisherHeld && packet.qos > 0) return ignore(broker, session, now);
      return session.machine.receive(packet, now);
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
    case 'pingreq':
      return session.machine.receive(packet, now);
    case 'subscribe':
      session.machine.noteReceived(now);
      return subscribe(broker, session, connection, packet);
    case 'unsubscribe':
      session.machine.noteReceived(now);
      return unsubscribe(broker, session, connection, packet);
    case 'disconnect':
      return disconnect(broker, session, connection, packet);
    case 'connect':
      throw violation('MQTT-3.1.0-2', 'A second CONNECT came on one connection.');
    case 'auth':
      session.machine.noteReceived(now);
      return authenticateAgain(connection, packet);
    case 'connack':
    case 'suback':
    case 'unsuback':
    case 'pingresp':
      throw violation('', `A client does not send ${packet.kind.toUpperCase()}.`);
    default:
      return packet satisfies never;
  }
}

/** AUTH on an open connection (section 4.12.1). */
function authenticateAgain({ authentication }: Connection, packet: AuthPacket): void {
  if (authentication === undefined) {
    throw violation('MQTT-4.12.0-7', 'AUTH came, but CONNECT had no Authentication Method.');
  }
  authentication.receive(packet);
}

/** A message of a 3.x client that was refused one before: not taken, and no word of it (publishing.ts). */
function ignore(broker: BrokerState, session: ClientSession, now: Millis): void {
  session.machine.noteReceived(now);
  broker.counters.messagesReceived++;
  if (session.connection !== undefined) session.connection.outlet.traffic.messagesReceived++;
  broker.counters.messagesRefused++;
}
