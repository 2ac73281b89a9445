// New keys and certificates for a door that is open: handshakes that begin from now on are made with them, connections that are
// open live on. With what they are made, session tickets are encrypted with a new key, so that no session from before is resumed:
// a resumed session is not asked whether its certificate was revoked since.

import { createSecureContext, type Server, type TLSSocket } from 'node:tls';
import type { Listener, NetworkConnection } from '../contract.ts';
import type { WaitingRoom } from '../tcp/waiting-room.ts';
import { ClientTrust } from './client-trust.ts';
import { type CertificateChoice, contextsOf } from './named-contexts.ts';
import { pemText, type TlsMaterial, tlsServerOptions } from './tls-material.ts';

/** Why a connection, by the certificate with which it was opened, would not be let in any more; a sentence. `undefined`: it would. */
export type CertificateObjection = (connection: NetworkConnection) => string | undefined;

/** What can be done about the keys and certificates of an open door. */
export interface Renewal {
  /**
   * Handshakes are made with these from now on. Where the CAs or the revoked certificates change, those who are in the middle of one
   * have to begin anew: it was begun under what held before.
   * @returns What is to be said of connections of this door that are open; `undefined`: nothing has changed for them.
   * @throws What OpenSSL finds wrong with them; everything is as it was then.
   */
  renew(material: TlsMaterial): CertificateObjection | undefined;
}

/** A listener with TLS. */
export interface SecureListener extends Listener, Renewal {}

/** The keys and certificates of one door. */
export class DoorKeys implements Renewal {
  private readonly server: Server;
  private readonly room: WaitingRoom;
  private readonly protocols: readonly string[];
  private readonly choice: CertificateChoice;
  private readonly sockets: WeakMap<NetworkConnection, TLSSocket>;
  private material: TlsMaterial;

  /** @param server  Was made with the material, the protocols and the choice. */
  constructor(
    server: Server,
    room: WaitingRoom,
    material: TlsMaterial,
    protocols: readonly string[],
    choice: CertificateChoice,
  ) {
    this.server = server;
    this.room = room;
    this.protocols = protocols;
    this.choice = choice;
    this.sockets = new WeakMap();
    this.material = material;
  }

  /** A connection was opened with a certificate. */
  remember(connection: NetworkConnection, socket: TLSSocket): void {
    this.sockets.set(connection, socket);
  }

  renew(material: TlsMaterial): CertificateObjection | undefined {
    const options = tlsServerOptions(material, this.protocols);
    createSecureContext(options); // Throws before anything is changed.
    const contexts = contextsOf(material, this.protocols);
    this.choice.contexts = contexts;
    this.server.setSecureContext(options);
    const before = this.material;
    this.material = material;
    const [ca, crl] = [textOf(material.ca), textOf(material.crl)];
    const isCaSame = ca === textOf(before.ca);
    if (isCaSame && crl === textOf(before.crl)) return undefined;
    this.room.empty();
    // With the same CAs, whom nothing is known about was let in by them.
    const trust = new ClientTrust(ca, crl, isCaSame ? 'let' : 'object');
    return (connection) => {
      const socket = this.sockets.get(connection);
      const certificate = socket?.destroyed === false ? socket.getPeerX509Certificate() : undefined;
      return certificate === undefined ? undefined : trust.objectionTo(certificate);
    };
  }
}

/** Empty where there is none. */
function textOf(pem: string | Uint8Array | undefined): string {
  return pem === undefined ? '' : pemText(pem);
}
