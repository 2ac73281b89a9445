// The client and Vouch over TCP, in what they settle between them before and beside messages: who the client is in an exchange
// of proofs, which server it uses, and where its responses go. Both through the doors of the package.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { type Authenticator, type BrokerOptions, createBroker, type Identity } from '../../src/exports/broker.ts';
import { type Client, type ClientOptions, connect } from '../../src/exports/client.ts';
import { PROOF, proofMethod, proofOfClient } from '../support/proof.ts';

const ANYBODY: Authenticator = { authenticate: () => ({ kind: 'accepted', principal: undefined }) };

async function brokerFor(context: TestContext, options: BrokerOptions = {}): Promise<string> {
  const broker = createBroker(options);
  context.after(() => broker.close());
  const { url } = await broker.listen({ port: 0 });
  return url;
}

async function clientFor(context: TestContext, url: string, options: ClientOptions = {}): Promise<Client> {
  const client = await connect(url, options);
  context.after(() => client.disconnect());
  return client;
}

function hostAndPort(url: string): string {
  return url.replace('mqtt://', '');
}

test('client and broker prove to each other that they know the secret, again and again, and who does not is out', async (context) => {
  const secrets = new Map([['alice', 'sesame']]);
  const heard: (string | undefined)[] = [];
  const url = await brokerFor(context, {
    authenticator: { ...ANYBODY, methods: new Map([[PROOF, proofMethod(secrets)]]) },
    authorizer: {
      allowsAll: false,
      allows: ({ principal }: Identity) => {
        heard.push(principal);
        return true;
      },
    },
  });
  let secret = 'sesame';
  const authentication = proofOfClient('alice', () => secret);
  const client = await clientFor(context, url, { clientId: 'c', authentication });
  const publishing = Array.from({ length: 50 }, (_, n) => client.publish('a', String(n), { qos: 2 }));
  await client.reauthenticate();
  await Promise.all(publishing);
  assert.deepEqual(new Set(heard), new Set(['alice']));

  secret = 'guess';
  const ended = Promise.withResolvers<string>();
  client.on('disconnected', (end) => ended.resolve(end.kind));
  await assert.rejects(client.reauthenticate(), { code: 'connection-lost', reasonCode: 0x87 });
  assert.equal(await ended.promise, 'disconnected-by-broker');
  secret = 'sesame';
  const back = Promise.withResolvers<void>();
  client.on('connected', () => back.resolve());
  await back.promise;
  await client.publish('a', 'back', { qos: 1 });

  const stranger = proofOfClient('alice', () => 'guess');
  await assert.rejects(connect(url, { authentication: stranger }), { code: 'connection-refused', reasonCode: 0x87 });
  const other = { ...authentication, method: 'OTHER' };
  await assert.rejects(connect(url, { authentication: other }), { code: 'connection-refused', reasonCode: 0x8c });
});

test('a client leaves a broker that cannot prove that it knows the secret', async (context) => {
  const impostor = {
    begin: () => ({
      next: (data: Uint8Array | undefined) =>
        String(data).includes('alice') || data?.length !== 16
          ? ({ kind: 'continue', data: Buffer.from('nonce') } as const)
          : ({ kind: 'accepted', principal: 'alice', data: Buffer.from('trust me') } as const),
    }),
  };
  const url = await brokerFor(context, { authenticator: { ...ANYBODY, methods: new Map([[PROOF, impostor]]) } });
  const authentication = proofOfClient('alice', () => 'sesame');
  await assert.rejects(connect(url, { authentication }), { message: /The broker does not know the secret/ });
});

test('a client is sent to another broker, and from there, when its connection ends, it asks the first one again', async (context) => {
  const other = createBroker();
  const { url: elsewhere } = await other.listen({ port: 0 });
  const rules = [{ clients: 'roaming-*', to: hostAndPort(elsewhere), permanent: false }];
  const url = await brokerFor(context, { redirects: rules });
  const witness = await clientFor(context, elsewhere);
  const hello = await witness.subscribe('hello');
  const client = await clientFor(context, url, { clientId: 'roaming-1', redirects: 'follow' });
  await client.publish('hello', 'from afar', { qos: 1 });
  for await (const { payload } of hello) {
    assert.equal(Buffer.from(payload).toString(), 'from afar');
    break;
  }
  const hops: string[] = [];
  client.on('redirected', ({ to, permanent }) => void hops.push(`${to.port} ${permanent}`));
  await witness.disconnect();
  const redirected = Promise.withResolvers<void>();
  client.on('redirected', () => redirected.resolve());
  await other.close();
  await redirected.promise;
  assert.match(elsewhere, new RegExp(`:${hops[0]?.replace(' false', '')}$`));

  await assert.rejects(connect(url, { clientId: 'roaming-2' }), { code: 'connection-refused', reasonCode: 0x9c });
  await clientFor(context, url, { clientId: 'settled' });
});

test('responses go where the broker says that they may', async (context) => {
  const url = await brokerFor(context, { responseInformation: 'replies' });
  const responder = await clientFor(context, url);
  const topics: (string | undefined)[] = [];
  await responder.respond('question', ({ properties }) => {
    topics.push(properties.responseTopic);
    return 'answer';
  });
  const asking = await clientFor(context, url, { clientId: 'me', requestResponseInformation: true });
  assert.equal(asking.connection?.serverProperties.responseInformation, 'replies/me');
  const { payload } = await asking.request('question', '?');
  assert.equal(Buffer.from(payload).toString(), 'answer');
  const silent = await clientFor(context, url, { clientId: 'quiet' });
  assert.equal(silent.connection?.serverProperties.responseInformation, undefined);
  await silent.request('question', '?');
  assert.deepEqual(topics, ['replies/me', 'vouch/response/quiet']);
});
