// What the system says when a port cannot be opened or a host cannot be reached, as sentences that
// say what to do. Only what people meet has a sentence of its own; the rest keeps the system's words.

import { type ErrorCode, OperationError, UsageError } from '../../base/errors.ts';

/** Why `host:port` cannot be listened on. */
export function listenError(error: unknown, host: string, port: number): Error {
  const options = { cause: error };
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return operationError(
        'address-in-use',
        `Port ${port} on ${host} is in use by another process. Stop it, or choose another port with --port.`,
        options,
      );
    case 'EACCES':
      return operationError(
        'address-unavailable',
        `Port ${port} on ${host} may not be opened by this user: ports below 1024 need more rights. Choose another port with --port.`,
        options,
      );
    case 'EADDRNOTAVAIL':
      return operationError(
        'address-unavailable',
        `${host} is not an address of this machine. Choose another one with --host.`,
        options,
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return operationError(
        'address-unavailable',
        `There is no host named ${host}. Choose another one with --host.`,
        options,
      );
    case 'ERR_SOCKET_BAD_PORT':
      return new UsageError('invalid-argument', `A port is a whole number from 0 to 65535, not ${port}.`, options);
    default:
      return operationError('address-unavailable', `Cannot listen on ${host}, port ${port}: ${text(error)}.`, options);
  }
}

/** Why a Unix socket cannot be reached. */
export function unixConnectError(error: unknown, path: string): Error {
  const options = { cause: error };
  switch (systemCode(error)) {
    case 'ECONNREFUSED':
    case 'ENOENT':
      return operationError('connection-refused', `Nothing listens at ${path}. Is the broker running there?`, options);
    case 'EACCES':
      return operationError('connection-refused', `This user may not open ${path}.`, options);
    default:
      return operationError('connection-refused', `Cannot reach ${path}: ${text(error)}.`, options);
  }
}

/** Why `host:port` cannot be reached, from `localAddress` if there is one. */
export function connectError(error: unknown, host: string, port: number, localAddress?: string): Error {
  const options = { cause: error };
  switch (systemCode(error)) {
    case 'EADDRNOTAVAIL':
      if (localAddress === undefined) break;
      return operationError('connection-refused', `${localAddress} is not an address of this machine.`, options);
    case 'EINVAL':
    case 'ENETUNREACH':
      if (localAddress === undefined) break;
      return operationError(
        'connection-refused',
        `${host}, port ${port}, cannot be reached from ${localAddress}.`,
        options,
      );
    case 'ECONNREFUSED':
      return operationError(
        'connection-refused',
        `Nothing listens on ${host}, port ${port}. Is the broker running there?`,
        options,
      );
    case 'ETIMEDOUT':
      return operationError('timed-out', `${host}, port ${port}, did not answer in time.`, options);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return operationError('connection-refused', `There is no host named ${host}.`, options);
    case 'ERR_SOCKET_BAD_PORT':
      return new UsageError('invalid-argument', `A port is a whole number from 1 to 65535, not ${port}.`, options);
    default:
      break;
  }
  return operationError('connection-refused', `Cannot reach ${host}, port ${port}: ${text(error)}.`, options);
}

function operationError(code: ErrorCode, message: string, options: ErrorOptions): OperationError {
  return new OperationError(code, message, undefined, options);
}

/** The code that Node gives a failed system call; an error that stands for several has their first one's. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? code : undefined;
}

/** The system's words. */
export function text(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : String(error);
}
