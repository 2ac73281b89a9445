import assert from 'node:assert/strict';
import { test } from 'node:test';

import { clientProof, deriveBothKeys, serverSignature } from '../auth/scram-keys.ts';
import { base64 } from '../auth/scram-messages.ts';
import { pageScram } from './page-scram.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (data: Uint8Array | undefined): string => new TextDecoder().decode(data);

const SALT = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

for (const password of ['pencil', 'Ⅸ\u00ad\u2003é', '']) {
  test(`the web proves what Node.js proves, and believes what Node.js believes, with ${JSON.stringify(password)}`, async () => {
    const exchange = await pageScram('a,b', password).begin();
    const [, bare = '', nonce = ''] = /^n,,(n=a=2Cb,r=(.+))$/.exec(textOf(exchange.first)) ?? [];
    assert.notEqual(nonce, '');
    const challenge = `r=${nonce}more,s=${base64(SALT)},i=4096`;
    const withoutProof = `c=biws,r=${nonce}more`;
    const exchanged = `${bare},${challenge},${withoutProof}`;
    const { clientKey, serverKey } = await deriveBothKeys(bytes(password), SALT, 4096);
    const answer = await exchange.respond(bytes(challenge));
    assert.equal(textOf(answer), `${withoutProof},p=${base64(clientProof(clientKey, exchanged))}`);
    const signature = base64(serverSignature(serverKey, exchanged));
    exchange.finish?.(bytes(`v=${signature}`));
    assert.throws(() => exchange.finish?.(bytes(`v=${base64(SALT)}`)), { code: 'connection-refused' });
  });
}
