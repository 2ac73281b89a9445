// What a peer's certificate says of it, as far as somebody decides by it. Only of certificates that were found good: whoever
// is handed one of these need not ask whether the peer has the key, nor who signed.

/** The facts of a peer's certificate. */
export interface PeerCertificate {
  /** The Common Name of its subject; `undefined` where there is none, or more than one. */
  readonly commonName: string | undefined;
  /** The Subject Alternative Names with their kinds, such as `DNS:device-7.example` or `URI:urn:example:7`. */
  readonly alternativeNames: readonly string[];
  /** Its SHA-256 fingerprint: pairs of hexadecimal digits with colons between, in capitals. */
  readonly fingerprint: string;
}
