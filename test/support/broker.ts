// The one place where tests get a running broker from. By default it is Vouch in this process, on a free port of
// loopback. VOUCH_TEST_URL names another one, such as `mqtt://127.0.0.1:1883`, so that the same tests can be run against
// any broker: it should be empty, and is left as it is afterwards.

import { createBroker } from '../../src/exports/broker.ts';

/** A broker to test against. */
export interface TestBroker {
  readonly host: string;
  readonly port: number;
  /** For clients that take a URL. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a broker, or finds the one that VOUCH_TEST_URL names. */
export async function startTestBroker(): Promise<TestBroker> {
  const given = process.env['VOUCH_TEST_URL'];
  if (given !== undefined && given !== '') {
    const url = new URL(given);
    return { host: url.hostname, port: Number(url.port || 1883), url: given, close: async () => {} };
  }
  const broker = createBroker();
  const { port, url } = await broker.listen({ host: '127.0.0.1', port: 0 });
  return { host: '127.0.0.1', port, url, close: () => broker.close() };
}

let count = 0;

/**
 * A name that no other test uses, for topics and client identifiers: a broker may be shared by all test files.
 * @param hint  A few letters; MQTT 3.1 allows a client identifier 23 characters.
 */
export function unique(hint: string): string {
  count++;
  return `${hint}-${process.pid.toString(36)}-${count}`;
}
