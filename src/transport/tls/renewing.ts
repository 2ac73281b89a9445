// New keys and certificates for a door that is open: handshakes that begin from now on are made with them, connections that are
// open live on. With what they are made, session tickets are encrypted with a new key, so that no session from before is resumed:
// a resumed session is not asked whether its certificate was revoked since.

import { createSecureContext, type Server, type TLSSocket } from 'node:tls';
import type { Listener, NetworkConnection } from '../contract.ts';
import type { WaitingRoom } from '../tcp/waiting-room.ts';
import { ClientTrust } from './client-trust.ts';
import { pemText, type TlsMaterial, tlsServerOptions } from './tls-material.ts';

/** What can be done about the keys and certificates of an open door. */
export interface Renewal {
  /**
   * Handshakes are made with these from now on. Where the CAs or the revoked certificates change, those who are in the middle of one
   * have to begin anew: it was begun under what held before.
   * @throws What OpenSSL finds wrong with them; everything is as it was then.
   */
  renew(material: TlsMaterial): void;
  /**
   * Why the certificate, with which a connection was opened through this door, would not be taken any more; a sentence.
   * `undefined`: it would, it showed none, or the connection came another way.
   */
  objectionTo(connection: NetworkConnection): string | undefined;
}

/** A listener with TLS. */
export interface SecureListener extends Listener, Renewal {}

/** The keys and certificates of one door. */
export class DoorKeys implements Renewal {
  private readonly server: Server;
  private readonly room: WaitingRoom;
  private readonly protocols: readonly string[];
  private readonly sockets: WeakMap<NetworkConnection, TLSSocket>;
  private material: TlsMaterial;
  /** Made when it is asked for. */
  private trust: ClientTrust | undefined;

  /** @param server  Was made with the material and the protocols. */
  constructor(server: Server, room: WaitingRoom, material: TlsMaterial, protocols: readonly string[]) {
    this.server = server;
    this.room = room;
    this.protocols = protocols;
    this.sockets = new WeakMap();
    this.material = material;
    this.trust = undefined;
  }

  /** A connection was opened with a certificate. */
  remember(connection: NetworkConnection, socket: TLSSocket): void {
    this.sockets.set(connection, socket);
  }

  renew(material: TlsMaterial): void {
    const options = tlsServerOptions(material, this.protocols);
    createSecureContext(options); // Throws before anything is changed.
    this.server.setSecureContext(options);
    const before = this.material;
    this.material = material;
    if (textOf(before.ca) === textOf(material.ca) && textOf(before.crl) === textOf(material.crl)) return;
    this.trust = undefined;
    this.room.empty();
  }

  objectionTo(connection: NetworkConnection): string | undefined {
    const socket = this.sockets.get(connection);
    if (socket === undefined || socket.destroyed) return undefined;
    this.trust ??= new ClientTrust(textOf(this.material.ca), textOf(this.material.crl));
    return this.trust.objectionTo(socket);
  }
}

/** Empty where there is none. */
function textOf(pem: string | Uint8Array | undefined): string {
  return pem === undefined ? '' : pemText(pem);
}
