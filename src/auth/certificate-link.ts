// Who a client is, by the certificate with which it has opened the connection: the operator's CA has signed a name, and TLS has
// shown that the client has the key. No password is asked for. A client that says another user name than its certificate does is
// refused, so that what it says of itself is never less true than what the log says of it.

import type { PeerCertificate } from '../base/peer-certificate.ts';
import type { ChainLink } from './chain.ts';
import type { Authentication, Credentials } from './contract.ts';
import { BAD_USER_NAME_OR_PASSWORD, NOT_AUTHORIZED, refused, shown } from './refusals.ts';

/** Which name of a certificate is the user name. */
export type CertificateUser = 'cn' | 'san-dns' | 'san-email' | 'san-uri';

/** As alternative names begin. */
const KINDS: { readonly [User in Exclude<CertificateUser, 'cn'>]: string } = {
  'san-dns': 'DNS:',
  'san-email': 'email:',
  'san-uri': 'URI:',
};

/** For people. */
const TITLES: { readonly [User in CertificateUser]: string } = {
  cn: 'Common Name',
  'san-dns': 'DNS name',
  'san-email': 'e-mail address',
  'san-uri': 'URI',
};

/** Knows the clients that have shown a certificate. */
export function certificateLink(user: CertificateUser): ChainLink {
  return {
    knows: ({ certificate }) => certificate !== undefined,
    authenticate: (credentials) => authenticate(user, credentials),
  };
}

function authenticate(user: CertificateUser, { certificate, userName }: Credentials): Authentication {
  const names = certificate === undefined ? [] : namesOf(user, certificate);
  const [name] = names;
  const title = TITLES[user];
  if (name === undefined)
    return refused(NOT_AUTHORIZED, `Its certificate has no ${title} that could be its user name.`);
  if (names.length > 1) {
    return refused(NOT_AUTHORIZED, `Its certificate has ${names.length} names that could be its user name (${title}).`);
  }
  // Nothing at all and an empty name say nothing.
  if (userName === undefined || userName === '' || userName === name) return { kind: 'accepted', principal: name };
  const [said, signed] = [shown(userName), shown(name)];
  return refused(
    BAD_USER_NAME_OR_PASSWORD,
    `It says that its user name is ${said}, and its certificate says ${signed}.`,
  );
}

function namesOf(user: CertificateUser, { commonName, alternativeNames }: PeerCertificate): readonly string[] {
  if (user === 'cn') return commonName === undefined ? [] : [commonName];
  const kind = KINDS[user];
  const names = alternativeNames.filter((name) => name.startsWith(kind)).map((name) => name.slice(kind.length));
  return [...new Set(names)].filter((name) => name !== '');
}
