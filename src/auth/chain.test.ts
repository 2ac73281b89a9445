// Who of several is asked about a client, and who has the last word.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ANONYMOUS_LINK, type ChainLink, chainOf, type LinkAnswer, NO_STRANGERS } from './chain.ts';
import type { Authentication, Authenticator, Credentials } from './contract.ts';

const BAD = 0x86;

function credentials(userName: string | undefined, password: string | undefined): Credentials {
  return { clientId: 'c', userName, password: password === undefined ? undefined : Buffer.from(password), remote: '' };
}

function link(name: string, ...known: readonly string[]): ChainLink & Authenticator {
  return {
    knows: ({ userName }) => userName !== undefined && known.includes(userName),
    authenticate: ({ userName }) => (userName === 'right' ? { kind: 'accepted', principal: name } : refusedBy(name)),
    methods: new Map([
      ['M', { begin: () => ({ next: () => ({ kind: 'accepted', principal: name, data: undefined }) }) }],
    ]),
  };
}

function refusedBy(detail: string): Authentication {
  return { kind: 'refused', reasonCode: BAD, detail };
}

test('the first link that knows a client decides alone, and strangers are for who is there for them', async () => {
  const chain = chainOf([ANONYMOUS_LINK, link('one', 'a'), link('two', 'a', 'right')], link('three'));
  assert.deepEqual(chain.authenticate(credentials(undefined, undefined)), { kind: 'accepted', principal: undefined });
  assert.deepEqual(chain.authenticate(credentials('a', 'x')), refusedBy('one'));
  assert.deepEqual(chain.authenticate(credentials('right', 'x')), { kind: 'accepted', principal: 'two' });
  assert.deepEqual(chain.authenticate(credentials('stranger', 'x')), refusedBy('three'));
  // Threat 28: half of the credentials is not none of them.
  assert.deepEqual(chain.authenticate(credentials(undefined, 'x')), refusedBy('three'));
  assert.deepEqual(chain.authenticate(credentials('', undefined)), refusedBy('three'));
  const step = await chain.methods
    ?.get('M')
    ?.begin({ kind: 'connecting', credentials: credentials('a', 'x') })
    .next(undefined);
  assert.deepEqual(step, { kind: 'accepted', principal: 'one', data: undefined });
});

for (const [how, wrap] of [
  ['at once', (answer: LinkAnswer) => answer],
  ['later', (answer: LinkAnswer) => Promise.resolve(answer)],
] as const) {
  test(`a link that finds ${how} that a client is not its own leaves it to the next that knows it`, async () => {
    const leaves: ChainLink = { knows: () => true, authenticate: () => wrap({ kind: 'not-mine' }) };
    const chain = chainOf([leaves, link('one', 'a'), leaves, link('two', 'right')], link('three'));
    assert.deepEqual(await chain.authenticate(credentials('a', 'x')), refusedBy('one'));
    assert.deepEqual(await chain.authenticate(credentials('right', 'x')), { kind: 'accepted', principal: 'two' });
    assert.deepEqual(await chain.authenticate(credentials('stranger', 'x')), refusedBy('three'));
  });
}

test('where nobody is there for strangers they are refused, whatever they say', () => {
  const codes = [credentials(undefined, undefined), credentials('a', undefined), credentials('a', 'x')].map((said) => {
    const answer = NO_STRANGERS.authenticate(said);
    return 'reasonCode' in answer ? answer.reasonCode : undefined;
  });
  assert.deepEqual(codes, [0x87, BAD, BAD]);
});
