// Enhanced authentication with a method of one's own: the broker sends a number, and who knows the key can answer. Both
// sides are here; the broker's would be another program.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type AuthenticationMethod, createBroker } from 'vouch';
import { connect, type EnhancedAuthentication, OperationError } from 'vouch/client';

const sign = (key: string, number: Uint8Array): Buffer => createHmac('sha256', key).update(number).digest();
const keys = new Map([['meter-1', 'a key that only the two know']]);

const challenge: AuthenticationMethod = {
  begin: () => {
    const number = randomBytes(16);
    let name: string | undefined;
    return {
      next: (data) => {
        if (name === undefined) {
          name = String(Buffer.from(data ?? []));
          return { kind: 'continue', data: number };
        }
        const expected = sign(keys.get(name) ?? '', number);
        const isRight = keys.has(name) && data?.length === expected.length && timingSafeEqual(data, expected);
        if (!isRight) return { kind: 'refused', reasonCode: 0x87, detail: `${name} has another key` };
        return { kind: 'accepted', principal: name, data: undefined };
      },
    };
  },
};
const broker = createBroker({
  authenticator: {
    authenticate: () => ({ kind: 'refused', reasonCode: 0x87, detail: 'no method' }),
    methods: new Map([['EXAMPLE-HMAC', challenge]]),
  },
});
const { url } = await broker.listen({ port: 0 });

const authentication = (key: string): EnhancedAuthentication => ({
  method: 'EXAMPLE-HMAC',
  begin: () => ({
    first: Buffer.from('meter-1'),
    respond: (number) => sign(key, number ?? new Uint8Array()),
  }),
});
const meter = await connect(url, { authentication: authentication('a key that only the two know') });
console.log(meter.state);
await meter.reauthenticate();
console.log('again');
await meter.disconnect();

try {
  await connect(url, { authentication: authentication('a guess') });
} catch (error) {
  if (error instanceof OperationError) console.log(error.code, error.reasonCode);
}
await broker.close();

// Output:
// connected
// again
// connection-refused 135
