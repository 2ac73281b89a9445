// Wills for the tests of Wills, and a broker in which somebody sees them all.

import type { Will } from '../../src/packet/packet.ts';
import { type MessageProperties, NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import { TestBroker, type TestClient } from './harness.ts';

/** What a test may choose about a Will. */
export function will(
  choice: Partial<Omit<Will, 'properties'>> & { readonly properties?: Partial<MessageProperties> } = {},
): Will {
  const properties = { ...NO_MESSAGE_PROPERTIES, ...choice.properties };
  return { topic: 'will', payload: Buffer.from('w'), qos: 1, retain: false, delayInterval: 0, ...choice, properties };
}

/** A broker with somebody who sees every Will. */
export async function watched(): Promise<{ readonly broker: TestBroker; readonly observer: TestClient }> {
  const broker = await TestBroker.open();
  const observer = broker.connect({ clientId: 'observer' });
  observer.subscribe('will/#');
  return { broker, observer };
}
