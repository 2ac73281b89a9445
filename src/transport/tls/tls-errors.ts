// What OpenSSL and Node say when no encrypted connection comes about, as sentences that say what to do. Only what people meet
// has a sentence of its own; the rest keeps OpenSSL's words.

import type { TLSSocket } from 'node:tls';
import { OperationError } from '../../base/errors.ts';

/** What is wrong with a certificate, to be put behind "the certificate". */
const CERTIFICATE_FAULTS: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'has expired'],
  ['CERT_NOT_YET_VALID', 'is not valid yet; is the clock of this machine right?'],
  ['CERT_REVOKED', 'was revoked'],
  ['CRL_HAS_EXPIRED', 'cannot be checked: the list of revoked certificates (CRL) has expired'],
  ['UNABLE_TO_GET_CRL', 'cannot be checked: there is no list of revoked certificates (CRL) of its CA'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'is self-signed, and is not among those trusted'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'is signed by a CA that is not among those trusted'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'is signed by a CA that is not among those trusted'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'is signed by a CA that is not among those trusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'is signed by a CA that is not among those trusted'],
  ['INVALID_PURPOSE', 'was not made for this purpose'],
  ['CERT_SIGNATURE_FAILURE', 'does not carry the signature of its CA'],
]);

/** Faults that are mended by trusting another CA. */
const UNTRUSTED = /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_)/;
/** What comes when the other side does not begin with TLS. */
const NO_TLS =
  /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE|UNEXPECTED_MESSAGE|BAD_RECORD_TYPE/;

/** Why a client did not get in, for the log: to be put behind "because". */
export function whyRefused(error: Error, socket: TLSSocket): string {
  // With the client's certificate Node ends the connection without a word; the reason is here.
  const fault = codeText(socket.authorizationError);
  if (fault !== undefined) return `its certificate ${CERTIFICATE_FAULTS.get(fault) ?? `is not good: ${fault}`}`;
  const code = codeOf(error) ?? '';
  if (code.includes('HTTP_REQUEST')) return 'it spoke HTTP, and this listener speaks TLS';
  if (/UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW/.test(code))
    return 'it speaks no version of TLS that is allowed here (minVersion)';
  if (NO_TLS.test(code))
    return 'it does not speak TLS, and this listener does: is the client to use mqtts:// or wss://?';
  if (code.includes('PEER_DID_NOT_RETURN_A_CERTIFICATE'))
    return 'it showed no certificate, and this listener requires one';
  if (/NO_SHARED_CIPHER|NO_SUITABLE/.test(code)) return 'it has no cipher in common with this broker';
  if (code.includes('NO_APPLICATION_PROTOCOL')) return 'it wants to speak something else than MQTT (ALPN)';
  if (/ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE|UNSUPPORTED_CERTIFICATE)/.test(code)) {
    return `it does not accept the certificate of this broker: ${opensslReason(error)}`;
  }
  if (code === 'ECONNRESET') return 'it closed the connection before it was open';
  return opensslReason(error);
}

/** Why no connection to `host:port` came about; `undefined` where it is not TLS that failed. */
export function tlsConnectError(error: unknown, host: string, port: number): OperationError | undefined {
  const code = codeOf(error) ?? '';
  const sentence = (text: string): OperationError =>
    new OperationError('tls-failed', text, undefined, { cause: error });
  const certificate = `The certificate of ${host}, port ${port},`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return sentence(
      `${certificate} is for another name${namesOf(error)}. Connect to a name that it has, or say which one to expect: tls.servername.`,
    );
  }
  const fault = CERTIFICATE_FAULTS.get(code);
  if (fault !== undefined) {
    const advice = UNTRUSTED.test(code) ? ' If it is the right one, name its CA: tls.ca (--cafile).' : '';
    return sentence(`${certificate} ${fault}${fault.endsWith('?') ? '' : '.'}${advice}`);
  }
  if (/ALERT_CERTIFICATE_REQUIRED|ALERT_BAD_CERTIFICATE|ALERT_HANDSHAKE_FAILURE/.test(code)) {
    return sentence(
      `${host}, port ${port}, refuses the connection (${opensslReason(error)}). Perhaps it requires a certificate: tls.cert and tls.key.`,
    );
  }
  if (code === 'ECONNRESET') {
    return sentence(
      `${host}, port ${port}, closed the connection in the middle of the TLS handshake. Does it speak TLS there?`,
    );
  }
  if (NO_TLS.test(code)) {
    return sentence(`${host}, port ${port}, does not speak TLS. Is it another port, or mqtt:// (ws://) that is meant?`);
  }
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_OSSL_') || code.startsWith('ERR_TLS_')) {
    return sentence(`No encrypted connection to ${host}, port ${port}, came about: ${opensslReason(error)}.`);
  }
  return undefined;
}

/** The names in the certificate that Node's error comes with. */
function namesOf(error: unknown): string {
  const certificate: unknown = error instanceof Error ? Reflect.get(error, 'cert') : undefined;
  if (typeof certificate !== 'object' || certificate === null) return '';
  const names: unknown = Reflect.get(certificate, 'subjectaltname');
  return typeof names === 'string' ? ` (${names})` : '';
}

/** The reason in OpenSSL's words, without the numbers and file names around it. */
function opensslReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const reason: unknown = Reflect.get(error, 'reason');
  return typeof reason === 'string' ? reason : error.message;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? codeText(Reflect.get(error, 'code')) : undefined;
}

/** Typed as an Error in places, it is the code of one. */
function codeText(code: unknown): string | undefined {
  return typeof code === 'string' ? code : undefined;
}
