// SCRAM-SHA-256 in a page, as a method for the option `authentication`. What does it is loaded with the first exchange.

import { checkScramName, SCRAM_SHA_256 } from '../auth/scram-terms.ts';
import { UsageError } from '../base/errors.ts';
import type { AuthenticationExchange, EnhancedAuthentication } from '../client/authentication.ts';
import { bytesOf, checkBinary, checkText } from '../client/checks.ts';
import { load } from './load.ts';

/**
 * The method for one user; the password is kept as long as the client.
 * @throws {UsageError} `invalid-argument`: what MQTT or SCRAM has no place for; `invalid-option`: the page has no cryptography.
 */
export function pageScram(userName: string, password: string | Uint8Array): EnhancedAuthentication {
  const name = checkScramName(checkText('userName', userName));
  const bytes = checkBinary('password', typeof password === 'string' ? bytesOf(password) : password).slice();
  // There on pages that nobody on the way can have changed.
  const { subtle }: { readonly subtle?: unknown } = crypto;
  if (subtle === undefined) {
    const sentence = 'scramSha256 is for pages of https and of localhost: elsewhere browsers have no cryptography.';
    throw new UsageError('invalid-option', sentence);
  }
  let client: Promise<EnhancedAuthentication> | undefined;
  const begin = async (): Promise<AuthenticationExchange> => {
    client ??= load('scramSha256', () => import('./web-scram.ts')).then(({ webScramClient }) =>
      webScramClient(name, bytes),
    );
    try {
      return await (await client).begin();
    } catch (error) {
      // The next attempt loads it again.
      client = undefined;
      throw error;
    }
  };
  return { method: SCRAM_SHA_256, begin };
}
