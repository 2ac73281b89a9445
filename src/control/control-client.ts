// The control socket, the other side: asks a broker that runs on this machine. Every way in which it may not answer is a sentence.

import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';

import { type ErrorCode, OperationError, UsageError } from '../base/errors.ts';
import { OPERATIONS, type OperationName, pathOf, type Questions, type RowsOf, writeQuestion } from './operations.ts';

/**
 * Asks, and yields the answer a row at a time, as it comes.
 * @param socket  The path of the control socket.
 * @throws {OperationError} `broker-unreachable`: nobody answers there, or the answer breaks off; `not-found`, and whatever else the broker says.
 * @throws {UsageError} `invalid-argument`: the broker does not take the question.
 */
export async function* askBroker<Name extends OperationName>(
  socket: string,
  name: Name,
  question: Questions[Name],
): AsyncGenerator<RowsOf[Name], void> {
  const response = await open(socket, name, writeQuestion(question));
  if (response.statusCode !== 200) throw await problemOf(response);
  const lines = createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY });
  try {
    for await (const line of lines) {
      // The broker has made it from this very type; a field that an older one does not know is not there.
      if (line !== '') yield JSON.parse(line) as RowsOf[Name];
    }
  } catch (error) {
    throw brokenOff(socket, error);
  } finally {
    response.destroy();
  }
  if (!response.complete) throw brokenOff(socket, undefined);
}

/**
 * Asks what has one row for an answer, or none.
 * @throws as `askBroker`.
 */
export async function askOne<Name extends OperationName>(
  socket: string,
  name: Name,
  question: Questions[Name],
): Promise<RowsOf[Name] | undefined> {
  for await (const row of askBroker(socket, name, question)) return row;
  return undefined;
}

async function open(socket: string, name: OperationName, query: URLSearchParams): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const path = `${pathOf(name)}?${query.toString()}`;
  const asking = request({ socketPath: socket, method: OPERATIONS[name].method, path, headers: { host: 'vouch' } });
  asking.on('response', resolve).on('error', reject);
  asking.end();
  try {
    return await promise;
  } catch (error) {
    throw unreachableError(socket, error);
  }
}

async function problemOf(response: IncomingMessage): Promise<Error> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) text += String(chunk);
  const { error, code } = readProblem(text);
  if (response.statusCode === 400) return new UsageError('invalid-argument', error);
  return new OperationError(code, error);
}

function readProblem(text: string): { readonly error: string; readonly code: ErrorCode } {
  try {
    const problem: unknown = JSON.parse(text);
    if (typeof problem === 'object' && problem !== null && 'error' in problem && 'code' in problem) {
      return { error: String(problem.error), code: problem.code === 'not-found' ? 'not-found' : 'broker-unreachable' };
    }
  } catch {
    // Whoever answers speaks something else, which the sentence below says.
  }
  return {
    error: `What answers at the control socket is no Vouch: ${JSON.stringify(text.slice(0, 200))}.`,
    code: 'broker-unreachable',
  };
}

function unreachableError(socket: string, error: unknown): OperationError {
  return new OperationError('broker-unreachable', sentenceOf(socket, error), undefined, { cause: error });
}

function sentenceOf(socket: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `No broker listens at ${socket}: there is no such socket. Is it running, with this data directory?`;
    case 'ECONNREFUSED':
      return `No broker listens at ${socket}: the one that made it has ended.`;
    case 'EACCES':
    case 'EPERM':
      return `${socket} is for the user alone who runs the broker: become that user, or root.`;
    case 'ENOTSOCK':
      return `${socket} is no socket.`;
    default:
      return `The broker at ${socket} cannot be asked: ${error instanceof Error ? error.message : String(error)}.`;
  }
}

function brokenOff(socket: string, cause: unknown): OperationError {
  const sentence = `The answer of the broker at ${socket} breaks off: it has ended, or something went wrong there, which its log says.`;
  return new OperationError('broker-unreachable', sentence, undefined, { cause });
}
