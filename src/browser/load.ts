// Loads files of this client. Bundlers make files of their own of what is imported so, and the page asks for them when they are needed.

import { OperationError } from '../base/errors.ts';

/**
 * Loads a file.
 * @param what  Of the client, for people.
 * @throws {OperationError} `file-unavailable`.
 */
export async function load<Module>(what: string, importing: () => Promise<Module>): Promise<Module> {
  try {
    return await importing();
  } catch (error) {
    const sentence = `The file of vouch/client for ${what} could not be loaded. Is the page online, and the file beside the others?`;
    throw new OperationError('file-unavailable', sentence, undefined, { cause: error });
  }
}
